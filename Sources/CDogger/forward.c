/* req:forward(): the C half of lua/forward.lua, which holds what a response object is. */
#include <string.h>

#include "vm.h"

/* Pushes a field that the script set on its request; nil where it set none. */
static int own_field(lua_State *L, int request, const char *name) {
    if (lua_getiuservalue(L, request, DG_OWN_FIELDS) != LUA_TTABLE) return LUA_TNIL;
    int type = lua_getfield(L, -1, name);
    lua_remove(L, -2);
    return type;
}

static dg_bytes string_at(lua_State *L, int index) {
    dg_bytes b;
    b.start = lua_tolstring(L, index, &b.length);
    return b;
}

/* send(req, method, target): the strings may be nil, which leaves them as they came. Gives number, status, headers, upgraded. */
static int send(lua_State *L) {
    dg_check_own_request(L, 1);
    lua_settop(L, 3);
    dg_forward f = { 0 };
    if (!lua_isnil(L, 2)) f.method = string_at(L, 2);
    if (!lua_isnil(L, 3)) f.target = string_at(L, 3);
    if (own_field(L, 1, "headers") == LUA_TUSERDATA && dg_is_headers(L, -1) && dg_headers_changed(L, -1)) {
        dg_read_header_list(L, -1, &f.headers, &f.header_count);
        f.headers_changed = true;
    }
    if (lua_getiuservalue(L, 1, DG_BODY_STRING) == LUA_TSTRING) {
        f.body = string_at(L, -1);
        f.has_body = true;
    } else if (dg_check_request(L, 1)->task->body_is_gone) {
        dg_push_place(L);
        lua_pushliteral(L, "the request's body was read with req:chunks() and is gone: set req.body to what is to be forwarded");
        lua_concat(L, 2);
        return lua_error(L);
    }
    dg_call call = { .op = DG_OP_FORWARD, .forward = &f };
    return dg_host_call(L, &call, 0, dg_host_returns);
}

static int ask(lua_State *L, dg_op op) {
    dg_check_own_request(L, 1);
    dg_call call = { .op = op, .number = luaL_checknumber(L, 2) };
    if (!lua_isnoneornil(L, 3)) call.to_client = strcmp(luaL_checkstring(L, 3), "down") == 0;
    if (!lua_isnoneornil(L, 4)) call.text.start = luaL_checklstring(L, 4, &call.text.length);
    return dg_host_call(L, &call, 0, dg_host_returns);
}

/* Each takes the request and the number of the upstream's answer; the last two the direction, "up" or "down", as well. */
static int body(lua_State *L) { return ask(L, DG_OP_UPSTREAM_BODY); }
static int chunk(lua_State *L) { return ask(L, DG_OP_UPSTREAM_CHUNK); }
static int tap_next(lua_State *L) { return ask(L, DG_OP_TAP_NEXT); }
static int tap_write(lua_State *L) { return ask(L, DG_OP_TAP_WRITE); }
static int tap_close(lua_State *L) { return ask(L, DG_OP_TAP_CLOSE); }

/* own(req, name): what the script set, or was given and may have changed in place; nil otherwise. Of the body, what goes up. */
static int own(lua_State *L) {
    dg_check_request(L, 1);
    const char *name = luaL_checkstring(L, 2);
    if (strcmp(name, "body") == 0) lua_getiuservalue(L, 1, DG_BODY_STRING);
    else own_field(L, 1, name);
    return 1;
}

/* Which handler of the chain is running. */
static int position(lua_State *L) {
    lua_pushinteger(L, dg_check_request(L, 1)->task->position);
    return 1;
}

/* go_back(req, position): the request may be over, where its client is gone. */
static int go_back(lua_State *L) {
    dg_object *object = luaL_checkudata(L, 1, DG_REQUEST_TYPE);
    if (!dg_is_over(object)) object->task->position = (int)luaL_checkinteger(L, 2);
    return 0;
}

static int new_headers(lua_State *L) {
    dg_upstream none = { 0 };
    dg_push_message_headers(L, &none);
    return 1;
}

/* Tells dg_read_response how a response object is known. */
static int register_response(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &dg_key_response);
    return 0;
}

void dg_push_natives(lua_State *L) {
    static const luaL_Reg functions[] = { { "versioned_routes", dg_versioned_routes }, { "next_handler", dg_next_handler },
        { "position", position }, { "go_back", go_back }, { "send", send },
        { "body", body }, { "chunk", chunk }, { "tap_next", tap_next }, { "tap_write", tap_write }, { "tap_close", tap_close }, { "own", own },
        { "new_headers", new_headers }, { "register_response", register_response }, { NULL, NULL } };
    luaL_newlib(L, functions);
    lua_pushboolean(L, dg_vm_of(L)->handler_count > 1);
    lua_setfield(L, -2, "has_chain");
    lua_pushboolean(L, dg_vm_of(L)->has_upstream);
    lua_setfield(L, -2, "has_upstream");
    if (!dg_vm_of(L)->runs_tests) return;
    dg_push_test_natives(L);
    lua_setfield(L, -2, "test");
}

static int forwarded(lua_State *L, int status, lua_KContext context) {
    (void)L;
    (void)status;
    (void)context;
    return 1;
}

/* The Lua half is loaded when a script forwards for the first time. */
int dg_forward_request(lua_State *L) {
    dg_check_request(L, 1);
    lua_settop(L, 2);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &dg_key_forward) != LUA_TFUNCTION) {
        lua_pop(L, 1);
        const dg_vm *vm = dg_vm_of(L);
        const dg_module *module = vm->modules, *end = module + vm->module_count;
        while (module < end && strcmp(module->name, DG_FORWARD_MODULE) != 0) module++;
        if (module == end) return luaL_error(L, "req:forward() is not part of this VM");
        dg_load_text(L, module->text, "=[dogger.forward]");
        lua_pushstring(L, module->name);
        dg_push_natives(L);
        lua_call(L, 2, 1);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &dg_key_forward);
    }
    lua_insert(L, 1);
    lua_callk(L, 2, 1, 0, forwarded);
    return 1;
}
