/* Library functions whose C loops no hook can stop, bounded by their arguments: lengths and ranges that no real table
   has, but that a __len metamethod or a caller can claim. */
#include "vm.h"

#define MOST_ELEMENTS 16777216      /* more than fit into the largest VM memory that makes sense */

static lua_CFunction original(lua_State *L) { return lua_tocfunction(L, lua_upvalueindex(1)); }

static int rep(lua_State *L) {
    size_t length, separator = 0;
    luaL_checklstring(L, 1, &length);
    luaL_optlstring(L, 3, "", &separator);
    if (length + separator == 0) {          /* would loop for each repetition, and add nothing */
        lua_pushliteral(L, "");
        return 1;
    }
    return original(L)(L);
}

static void check_range(lua_State *L, lua_Integer from, lua_Integer to, const char *name) {
    if (to >= from && (lua_Unsigned)to - (lua_Unsigned)from >= MOST_ELEMENTS)
        luaL_error(L, "%s over %I elements: at most %d", name, (LUAI_UACINT)((lua_Unsigned)to - (lua_Unsigned)from), MOST_ELEMENTS);
}

static int concat(lua_State *L) {
    luaL_checkany(L, 1);
    lua_Integer from = luaL_optinteger(L, 3, 1);
    lua_Integer to = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
    check_range(L, from, to, "table.concat");
    lua_settop(L, 3);
    lua_pushinteger(L, to);                 /* the length that was checked: __len may not say another one */
    return original(L)(L);
}

static int move(lua_State *L) {
    check_range(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3), "table.move");
    return original(L)(L);
}

/* insert, remove and sort ask for the length themselves. */
static int refuse_claimed_length(lua_State *L) {
    if (lua_istable(L, 1) && luaL_getmetafield(L, 1, "__len") != LUA_TNIL)
        return luaL_error(L, "table.insert, remove and sort don't work on a table with a __len metamethod");
    return original(L)(L);
}

static void wrap(lua_State *L, const char *name, lua_CFunction function) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

void dg_bound_string_functions(lua_State *L) { wrap(L, "rep", rep); }

void dg_bound_table_functions(lua_State *L) {
    wrap(L, "concat", concat);
    wrap(L, "move", move);
    wrap(L, "insert", refuse_claimed_length);
    wrap(L, "remove", refuse_claimed_length);
    wrap(L, "sort", refuse_claimed_length);
}
