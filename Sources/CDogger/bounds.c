/* Library functions whose C loops no hook can stop, bounded by their arguments. */
#define _GNU_SOURCE
#include <string.h>

#include "vm.h"

#define MOST_DATE 1024
#define MOST_FORMATTED ((size_t)1 << 30)
#define MOST_QUOTED ((size_t)8 << 20)

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

/* Pushes the time of a controlled clock, in whole seconds. */
static void push_now(lua_State *L) {
    dg_call call = { .op = DG_OP_NOW };
    dg_host_call(L, &call, 0, dg_host_returns);
    lua_pushinteger(L, (lua_Integer)lua_tonumber(L, -1));
    lua_remove(L, -2);
}

/* Each conversion is a call into the C library. */
static int date(lua_State *L) {
    size_t length;
    luaL_optlstring(L, 1, "", &length);
    luaL_argcheck(L, length <= MOST_DATE, 1, "a format of at most 1024 bytes");
    if (dg_vm_of(L)->has_clock && lua_isnoneornil(L, 2)) {
        if (lua_isnoneornil(L, 1)) {
            lua_settop(L, 0);
            lua_pushliteral(L, "%c");
        }
        lua_settop(L, 1);
        push_now(L);
    }
    return original(L)(L);
}

static int time(lua_State *L) {
    if (!dg_vm_of(L)->has_clock || !lua_isnoneornil(L, 1)) return original(L)(L);
    push_now(L);
    return 1;
}

/* The precision in "%.1s" has each argument looked through for a zero, whatever it shows of it. "%q" takes 80 ns for a control character:
   a client's body of these, quoted for the log, would be seconds. */
static int format(lua_State *L) {
    size_t total = 0;
    for (int i = lua_gettop(L); i > 1; i--)
        if (lua_type(L, i) == LUA_TSTRING) total += lua_rawlen(L, i);
    if (total > MOST_FORMATTED) return luaL_error(L, "string.format: the arguments have more than 1 GiB together");
    if (total > MOST_QUOTED) {
        size_t length;
        const char *text = luaL_checklstring(L, 1, &length);
        if (memmem(text, length, "%q", 2) != NULL) return luaL_error(L, "string.format: with %%q, the arguments may have 8 MiB together");
    }
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

void dg_bound_os_functions(lua_State *L) {
    wrap(L, "date", date);
    wrap(L, "time", time);
}
