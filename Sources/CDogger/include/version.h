int dg_lua_release(void);
