/* The trampoline between Lua and the host: Swift answers with a value, and only C raises or yields. */
#include <string.h>

#include "dogger_json.h"
#include "vm.h"

#define ERROR_TYPE "dogger.error"

dg_bytes dg_caller(lua_State *L, int level) {
    lua_Debug ar;
    if (lua_getstack(L, level, &ar) && lua_getinfo(L, "S", &ar) && ar.source[0] == '@') return (dg_bytes){ ar.source + 1, ar.srclen - 1 };
    return (dg_bytes){ "", 0 };
}

static int error_text(lua_State *L) {
    lua_pushliteral(L, "message");
    lua_rawget(L, 1);
    return 1;
}

void dg_error_type(lua_State *L) {
    luaL_newmetatable(L, ERROR_TYPE);
    lua_pushcfunction(L, error_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

/* The whole name, where Lua's own would be cut. */
static void push_place_of(lua_State *L, const lua_Debug *ar) {
    lua_pushfstring(L, "%s:%d: ", ar->source[0] == '@' ? ar->source + 1 : ar->short_src, ar->currentline);
}

void dg_push_caller(lua_State *L, int level) {
    lua_Debug ar;
    if (lua_getstack(L, level, &ar) && lua_getinfo(L, "Sl", &ar) && ar.currentline > 0) push_place_of(L, &ar);
    else lua_pushliteral(L, "");
}

/* Lua counts a level by walking to it from the innermost one, so to look at all of a deep recursion would take minutes. */
#define MOST_LEVELS 1000

/* Pushes "file:line: " of the script's innermost function: dogger's own Lua is not where the user looks. */
void dg_push_place(lua_State *L) {
    lua_Debug ar;
    for (int level = 0; level < MOST_LEVELS && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0 || ar.source[0] == '=') continue;
        push_place_of(L, &ar);
        return;
    }
    lua_pushliteral(L, "");
}

/* A status other than 500 travels as { status =, message = }; a script that catches it can read both, or print it. */
int dg_raise(lua_State *L, int status) {
    if (status != 0 && status != 500) {
        lua_createtable(L, 0, 2);
        lua_insert(L, -2);
        lua_setfield(L, -2, "message");
        lua_pushinteger(L, status);
        lua_setfield(L, -2, "status");
        luaL_setmetatable(L, ERROR_TYPE);
    }
    return lua_error(L);
}

static void push_list(lua_State *L, dg_bytes bytes) {
    dg_json_push_array(L, 0);
    const char *p = bytes.start, *end = p + bytes.length;
    for (lua_Integer i = 1; p < end; i++) {
        uint32_t length;
        memcpy(&length, p, sizeof length);
        lua_pushlstring(L, p + sizeof length, length);
        lua_rawseti(L, -2, i);
        p += sizeof length + length;
    }
}

int dg_push_answer(lua_State *L, const dg_answer *answer) {
    switch (answer->kind) {
    case DG_NIL: lua_pushnil(L); return 1;
    case DG_TRUE: lua_pushboolean(L, 1); return 1;
    case DG_NUMBER: lua_pushnumber(L, answer->number); return 1;
    case DG_BYTES: lua_pushlstring(L, answer->bytes.start, answer->bytes.length); return 1;
    case DG_UPSTREAM:
        lua_pushinteger(L, answer->upstream.number);
        lua_pushinteger(L, answer->upstream.status);
        dg_push_message_headers(L, &answer->upstream);
        lua_pushboolean(L, answer->upstream.upgraded);
        return 4;
    case DG_FROM_CLIENT:
    case DG_FROM_UPSTREAM:
        lua_pushstring(L, answer->kind == DG_FROM_CLIENT ? "up" : "down");
        if (answer->bytes.start == NULL) return 1;
        lua_pushlstring(L, answer->bytes.start, answer->bytes.length);
        return 2;
    case DG_JSON: dg_json_decode(L, answer->bytes.start, answer->bytes.length); return 1;
    case DG_LIST: push_list(L, answer->bytes); return 1;
    case DG_ERROR: break;
    }
    if (answer->status == 0 || answer->status == 500) {
        dg_push_place(L);
        lua_pushlstring(L, answer->bytes.start, answer->bytes.length);
        lua_concat(L, 2);
    } else {
        lua_pushlstring(L, answer->bytes.start, answer->bytes.length);
    }
    return dg_raise(L, answer->status);
}

/* Does not return when it has to wait: `then` goes on with the answer, in its place. */
int dg_host_call(lua_State *L, dg_call *call, lua_KContext context, lua_KFunction then) {
    dg_vm *vm = dg_vm_of(L);
    memset(&call->answer, 0, sizeof call->answer);
    call->task = vm->task;
    call->may_wait = vm->task != NULL && vm->no_wait == 0 && lua_isyieldable(L);
    if (vm->host.call(vm->host.context, call) == DG_WAIT) {
        vm->awaiting = true;
        return lua_yieldk(L, 0, context, then);
    }
    return dg_push_answer(L, &call->answer);
}

void dg_host_ask(lua_State *L, dg_call *call) {
    dg_deadline_check_waited(L);
    dg_vm *vm = dg_vm_of(L);
    memset(&call->answer, 0, sizeof call->answer);
    call->task = vm->task;
    call->may_wait = false;
    vm->host.call(vm->host.context, call);
    if (call->answer.kind == DG_ERROR) dg_push_answer(L, &call->answer);
}

/* The continuation of a call that gives its answer to the script as it is. */
int dg_host_returns(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    return dg_push_answer(L, dg_vm_of(L)->answer);
}
