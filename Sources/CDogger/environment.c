/*
 * The globals of every script: an allow-list, and read-only. Requests share one VM, so what one of them could write here
 * the next one would read; and a stranger's script must find no way to files, processes or native code.
 */
#include <string.h>

#include "vm.h"

static const char lock_mark = 0;    /* the key in a metatable that tells a read-only view */

bool dg_is_locked(lua_State *L, int index) {
    if (!lua_getmetatable(L, index)) return false;
    bool locked = lua_istable(L, -1) && lua_rawgetp(L, -1, &lock_mark) != LUA_TNIL;
    lua_settop(L, lua_gettop(L) - (lua_istable(L, -2) ? 2 : 1));
    return locked;
}

static int refuse_write(lua_State *L) {
    const char *name = lua_tostring(L, lua_upvalueindex(1));
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
    return luaL_error(L, "%s.%s can't be set: %s is read-only, since all requests share it", name, key, name);
}

/* The table itself stays an upvalue: as the loop's state it would be in the script's hands, to be written to. */
static int next_pair(lua_State *L) {
    lua_settop(L, 2);
    if (lua_next(L, lua_upvalueindex(1))) return 2;
    lua_pushnil(L);
    return 1;
}

static int pairs_of_view(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, next_pair, 1);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

void dg_lock(lua_State *L, const char *name) {
    int table = lua_gettop(L);
    lua_newtable(L);
    lua_createtable(L, 0, 6);
    lua_pushvalue(L, table);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_pushcclosure(L, refuse_write, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushvalue(L, table);
    lua_pushcclosure(L, pairs_of_view, 1);
    lua_setfield(L, -2, "__pairs");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushboolean(L, 1);
    lua_rawsetp(L, -2, &lock_mark);
    lua_setmetatable(L, -2);
    lua_replace(L, table);
}

static int print(lua_State *L) {
    luaL_Buffer b;
    int n = lua_gettop(L);
    luaL_checkstack(L, n + 4, NULL);
    lua_newtable(L);                /* the pieces: a buffer may not be open while __tostring runs */
    for (int i = 1; i <= n; i++) {
        luaL_tolstring(L, i, NULL);
        lua_rawseti(L, n + 1, i);
    }
    luaL_buffinit(L, &b);
    for (int i = 1; i <= n; i++) {
        if (i > 1) luaL_addchar(&b, '\t');
        lua_rawgeti(L, n + 1, i);
        luaL_addvalue(&b);
    }
    luaL_pushresult(&b);
    dg_call call = { .op = DG_OP_LOG };
    size_t length;
    call.text.start = lua_tolstring(L, -1, &length);
    call.text.length = length;
    dg_push_caller(L, 1);
    call.source.start = lua_tolstring(L, -1, &length);
    call.source.length = length;
    dg_host_call(L, &call, 0, dg_host_returns);
    return 0;
}

static int collectgarbage(lua_State *L) {
    const char *what = luaL_optstring(L, 1, "collect");
    if (strcmp(what, "count") != 0) return luaL_error(L, "collectgarbage(\"%s\") is not available; only \"count\" is", what);
    lua_pushnumber(L, (lua_Number)dg_vm_of(L)->memory / 1024);
    return 1;
}

/* The upvalue of a function here that wraps a library's is the original.

   A finalizer would run outside of every request and its time limit. */
static int setmetatable(lua_State *L) {
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "__gc is not available; use a `local x <close>` variable");
        lua_pop(L, 1);
    }
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int rawset(lua_State *L) {
    if (lua_istable(L, 1) && dg_is_locked(L, 1)) return luaL_error(L, "rawset can't change a read-only table");
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int refuse_global(lua_State *L) {
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return luaL_error(L, "'%s' belongs to the standard library and can't be changed; give your own a name with `local`", name);
    return luaL_error(L, "'%s' is a global variable: write `local %s = ...` (a global would leak from one request into the next)", name, name);
}

static int undefined_global(lua_State *L) {
    return luaL_error(L, "'%s' is not defined: no local variable and nothing in the standard library has that name",
                      lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2));
}

/* Copies names of the library on the top into a fresh table, which takes its place. */
static void allow(lua_State *L, const char *const *names) {
    lua_newtable(L);
    for (; *names != NULL; names++) {
        lua_getfield(L, -2, *names);
        lua_setfield(L, -2, *names);
    }
    lua_remove(L, -2);
}

static void open_library(lua_State *L, lua_CFunction open) {
    lua_pushcfunction(L, open);
    lua_call(L, 0, 1);
}

/* Wraps the field of the table on the top: the original is the wrapper's upvalue. */
static void wrap(lua_State *L, const char *name, lua_CFunction function) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -2, name);
}

static const char *const base_names[] = { "assert", "error", "getmetatable", "ipairs", "next", "pairs", "rawequal", "rawget",
    "rawlen", "rawset", "select", "setmetatable", "tonumber", "tostring", "type", "_VERSION", NULL };
static const char *const string_names[] = { "byte", "char", "format", "len", "lower", "pack", "packsize",
    "rep", "reverse", "sub", "unpack", "upper", NULL };
static const char *const math_names[] = { "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log", "max",
    "maxinteger", "min", "mininteger", "modf", "pi", "rad", "random", "sin", "sqrt", "tan", "tointeger", "type", "ult", NULL };
static const char *const utf8_names[] = { "char", "charpattern", "codepoint", "codes", "len", "offset", NULL };
static const char *const os_names[] = { "clock", "date", "difftime", "time", NULL };

int dg_open_environment(lua_State *L) {
    open_library(L, luaopen_base);      /* fills the registry's table of globals, which scripts never see */
    allow(L, base_names);
    int environment = lua_gettop(L);
    lua_pushcfunction(L, dg_load);
    lua_setfield(L, environment, "load");
    wrap(L, "setmetatable", setmetatable);
    wrap(L, "rawset", rawset);
    lua_pushcfunction(L, dg_pcall);
    lua_setfield(L, environment, "pcall");
    lua_pushcfunction(L, dg_xpcall);
    lua_setfield(L, environment, "xpcall");
    lua_pushcfunction(L, print);
    lua_setfield(L, environment, "print");
    lua_pushcfunction(L, collectgarbage);
    lua_setfield(L, environment, "collectgarbage");
    lua_pushcfunction(L, dg_require);
    lua_setfield(L, environment, "require");

    open_library(L, luaopen_string);
    allow(L, string_names);
    dg_bound_string_functions(L);
    dg_pattern_functions(L);
    lua_pushliteral(L, "");             /* the metatable that all strings share: their methods, and closed */
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
    dg_lock(L, "string");
    lua_setfield(L, environment, "string");

    open_library(L, dg_open_table);
    dg_lock(L, "table");
    lua_setfield(L, environment, "table");

    static const struct { const char *name; lua_CFunction open; const char *const *names; } libraries[] = {
        { "math", luaopen_math, math_names }, { "utf8", luaopen_utf8, utf8_names }, { "os", luaopen_os, os_names } };
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        open_library(L, libraries[i].open);
        allow(L, libraries[i].names);
        if (libraries[i].open == luaopen_os) dg_bound_os_functions(L);
        dg_lock(L, libraries[i].name);
        lua_setfield(L, environment, libraries[i].name);
    }
    open_library(L, dg_open_coroutine);
    dg_lock(L, "coroutine");
    lua_setfield(L, environment, "coroutine");

    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, undefined_global);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, environment);

    /* The view that scripts hold as _ENV and _G. */
    lua_pushvalue(L, environment);
    dg_lock(L, "_G");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, environment);
    lua_pushcclosure(L, refuse_global, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, environment, "_G");
    return 1;
}
