/* Library functions whose C loops no hook can stop, bounded by their arguments. */
#include "vm.h"

#define MOST_DATE 1024
#define MOST_FORMATTED ((size_t)1 << 30)

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

/* Each conversion is a call into the C library. */
static int date(lua_State *L) {
    size_t length;
    luaL_optlstring(L, 1, "", &length);
    luaL_argcheck(L, length <= MOST_DATE, 1, "a format of at most 1024 bytes");
    return original(L)(L);
}

/* The precision in "%.1s" has each argument looked through for a zero, whatever it shows of it. */
static int format(lua_State *L) {
    size_t total = 0;
    for (int i = lua_gettop(L); i > 1; i--)
        if (lua_type(L, i) == LUA_TSTRING) total += lua_rawlen(L, i);
    if (total > MOST_FORMATTED) return luaL_error(L, "string.format: the arguments have more than 1 GiB together");
    return original(L)(L);
}

static void wrap(lua_State *L, const char *name, lua_CFunction function) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

void dg_bound_string_functions(lua_State *L) {
    wrap(L, "rep", rep);
    wrap(L, "format", format);
}

void dg_bound_os_functions(lua_State *L) { wrap(L, "date", date); }
