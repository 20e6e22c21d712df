/* What a body's function and an upgrade's function get: `out` with write, `stream` with read, write and close. */
#include "vm.h"

#define OUT_TYPE "dogger.out"
#define STREAM_TYPE "dogger.stream"

static void check(lua_State *L, const char *type) {
    luaL_checkudata(L, 1, type);
    lua_getiuservalue(L, 1, 1);
    dg_object *request = luaL_testudata(L, -1, DG_REQUEST_TYPE);
    if (request == NULL || dg_is_over(request)) luaL_error(L, "this response is over: nothing more can be read from it or written to it");
    dg_check_own_request(L, -1);
    lua_pop(L, 1);
}

/* Gives the stream itself, so that writes can be chained. */
static int written(lua_State *L, int status, lua_KContext context) {
    (void)context;
    if (status == LUA_YIELD) dg_push_answer(L, dg_vm_of(L)->answer);    /* raises what went wrong meanwhile */
    lua_settop(L, 1);
    return 1;
}

static int write(lua_State *L, dg_op op) {
    int n = lua_gettop(L);
    for (int i = 2; i <= n; i++)
        if (lua_type(L, i) != LUA_TSTRING && lua_type(L, i) != LUA_TNUMBER)
            return luaL_error(L, "write takes strings and numbers, not %s", luaL_typename(L, i));
    if (n != 2) lua_concat(L, n - 1);
    dg_call call = { .op = op };
    call.text.start = lua_tolstring(L, 2, &call.text.length);
    dg_host_call(L, &call, 0, written);
    return written(L, LUA_OK, 0);
}

static int out_write(lua_State *L) {
    check(L, OUT_TYPE);
    return write(L, DG_OP_WRITE);
}

static int stream_write(lua_State *L) {
    check(L, STREAM_TYPE);
    return write(L, DG_OP_STREAM_WRITE);
}

static int stream_read(lua_State *L) {
    check(L, STREAM_TYPE);
    dg_call call = { .op = DG_OP_STREAM_READ };
    return dg_host_call(L, &call, 0, dg_host_returns);
}

static int stream_close(lua_State *L) {
    check(L, STREAM_TYPE);
    dg_call call = { .op = DG_OP_STREAM_CLOSE };
    return dg_host_call(L, &call, 0, dg_host_returns);
}

void dg_push_stream(lua_State *L, int request, bool upgraded) {
    request = lua_absindex(L, request);
    lua_newuserdatauv(L, 0, 1);
    lua_pushvalue(L, request);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, upgraded ? STREAM_TYPE : OUT_TYPE);
}

static void make_type(lua_State *L, const char *name, const luaL_Reg *methods) {
    luaL_newmetatable(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    dg_lock(L, name);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void dg_stream_types(lua_State *L) {
    static const luaL_Reg out[] = { { "write", out_write }, { NULL, NULL } };
    static const luaL_Reg stream[] = { { "read", stream_read }, { "write", stream_write }, { "close", stream_close }, { NULL, NULL } };
    make_type(L, OUT_TYPE, out);
    make_type(L, STREAM_TYPE, stream);
}
