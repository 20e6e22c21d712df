/* json.array: the metatable that tells an array from an object where a table alone can't, shared by all arrays of a VM. */
#include "json_private.h"

#include <lua5.4/lauxlib.h>

static const char metatable_key;

void dg_json_push_array_metatable(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key) == LUA_TTABLE) return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushliteral(L, "json.array");
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, "json.array");
    lua_setfield(L, -2, "__metatable"); /* a script can't change it */
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
}

void dg_json_push_array(lua_State *L, int count) {
    lua_createtable(L, count, 0);
    dg_json_push_array_metatable(L);
    lua_setmetatable(L, -2);
}

bool dg_json_is_array(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TTABLE) return false;
    luaL_checkstack(L, 4, "json.is_array");
    if (lua_getmetatable(L, index)) {
        dg_json_push_array_metatable(L);
        bool marked = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
        if (marked) return true;
    }
    lua_Integer length = (lua_Integer)lua_rawlen(L, index), count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1 || lua_tointeger(L, -2) > length) {
            lua_pop(L, 2);
            return false;
        }
        count++;
        lua_pop(L, 1);
    }
    return count > 0 && count == length;
}
