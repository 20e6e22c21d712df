/* The C half of lua/http.lua: what it asks of the host. An answer is known by its number, whichever request it belongs to. */
#include "dogger_json.h"
#include "vm.h"

/* ask(url, method, headers, body, timeout): the body may be nil. Gives number, status, headers. */
int dg_http_ask(lua_State *L) {
    dg_forward f = { 0 };
    dg_call call = { .op = DG_OP_ASK, .number = luaL_checknumber(L, 5), .forward = &f };
    call.text.start = luaL_checklstring(L, 1, &call.text.length);
    f.method.start = luaL_checklstring(L, 2, &f.method.length);
    if (!dg_is_headers(L, 3)) return luaL_argerror(L, 3, "headers");
    dg_read_header_list(L, 3, &f.headers, &f.header_count);
    if (!lua_isnil(L, 4)) {
        f.body.start = luaL_checklstring(L, 4, &f.body.length);
        f.has_body = true;
    }
    return dg_host_call(L, &call, 0, dg_host_returns);
}

static int read(lua_State *L, dg_op op) {
    dg_call call = { .op = op, .number = luaL_checknumber(L, 1) };
    return dg_host_call(L, &call, 0, dg_host_returns);
}

/* Each takes the answer's number. */
int dg_http_chunk(lua_State *L) { return read(L, DG_OP_ASKED_CHUNK); }
int dg_http_body(lua_State *L) { return read(L, DG_OP_ASKED_BODY); }

static int called(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    return lua_gettop(L);
}

static int call_upvalue(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, called);
    return lua_gettop(L);
}

/* with_frame(function): the same as a C function. `return http.get(url)` is a tail call, and a Lua function would take the place of
   the script's own on the stack: then no error could tell the script's line. */
int dg_with_frame(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushcclosure(L, call_upvalue, 1);
    return 1;
}

/* fail(message): an error where the script called, however deep in dogger's own Lua this is. */
int dg_fail_in_script(lua_State *L) {
    luaL_checkstring(L, 1);
    dg_push_place(L);
    lua_pushvalue(L, 1);
    lua_concat(L, 2);
    return lua_error(L);
}
