#include <lua5.4/lua.h>
int dg_lua_release(void) { return LUA_VERSION_RELEASE_NUM; }
