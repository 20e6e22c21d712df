/* require "dogger.store": values that outlive a request, a version, and the process. Where they are, the host knows. */
#include <string.h>

#include "dogger_json.h"
#include "vm.h"

enum {
    MOST_KEY_BYTES = 1024,
    MOST_ATTEMPTS = 100 /* of an update; each but the first because somebody else was quicker */
};

/* The string at `index`, for it stays there. */
static dg_bytes string_at(lua_State *L, int index) {
    dg_bytes b;
    b.start = lua_tolstring(L, index, &b.length);
    return b;
}

static dg_bytes check_key(lua_State *L, const char *function) {
    if (lua_type(L, 1) != LUA_TSTRING) luaL_error(L, "store.%s: the key is %s, not a string", function, luaL_typename(L, 1));
    dg_bytes key = string_at(L, 1);
    if (key.length == 0 || key.length > MOST_KEY_BYTES)
        luaL_error(L, "store.%s: the key has %d bytes; it may have 1 to %d", function, (int)key.length, MOST_KEY_BYTES);
    return key;
}

/* As it is stored. A string may have any bytes; what the answer points to is the value itself, or lies on the top. */
static dg_value value_at(lua_State *L, int index) {
    if (lua_type(L, index) == LUA_TSTRING) return (dg_value){ string_at(L, index), false };
    dg_json_push_text(L, index);
    return (dg_value){ string_at(L, -1), true };
}

static int get(lua_State *L) {
    dg_call call = { .op = DG_OP_STORE_GET, .text = check_key(L, "get") };
    dg_host_ask(L, &call);
    return dg_push_answer(L, &call.answer);
}

/* The options' table at 3: its ttl. Checks each name, since a misspelt option would do nothing and say nothing. */
static lua_Number read_ttl(lua_State *L) {
    if (lua_isnoneornil(L, 3)) return 0;
    if (!lua_istable(L, 3)) return luaL_error(L, "store.set: the options are %s, not a table such as { ttl = 60 }", luaL_typename(L, 3));
    lua_Number ttl = 0;
    lua_pushnil(L);
    while (lua_next(L, 3)) {
        bool is_ttl = lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "ttl") == 0;
        if (!is_ttl) return luaL_error(L, "store.set: unknown option %s; there is ttl", luaL_tolstring(L, -2, NULL));
        ttl = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
        if (!(ttl > 0 && ttl <= 1e10)) return luaL_error(L, "store.set: ttl is a number of seconds, more than 0");
        lua_pop(L, 1);
    }
    return ttl;
}

static int set(lua_State *L) {
    dg_store store = { 0 };
    dg_call call = { .op = DG_OP_STORE_SET, .text = check_key(L, "set"), .number = read_ttl(L), .store = &store };
    if (lua_isnoneornil(L, 2)) return luaL_error(L, "store.set: the value is nil: store.delete(key) takes a key away, and JSON's null is json.null");
    store.value = value_at(L, 2);
    dg_host_ask(L, &call);
    return 0;
}

static int delete(lua_State *L) {
    dg_call call = { .op = DG_OP_STORE_DELETE, .text = check_key(L, "delete") };
    dg_host_ask(L, &call);
    lua_pushboolean(L, call.answer.kind == DG_TRUE);
    return 1;
}

/* Nothing is locked while the function runs: what it gives is stored if the value is still the one that it was given. So an
   error in it, a time limit, or another process's crash leaves nothing behind. Called without a continuation, so that a wait
   in it is refused. */
static int update(lua_State *L) {
    dg_bytes key = check_key(L, "update");
    if (!lua_isfunction(L, 2)) return luaL_error(L, "store.update: the second argument is %s, not a function of the value", luaL_typename(L, 2));
    for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        lua_settop(L, 2);
        dg_store store = { 0 };
        dg_call call = { .op = DG_OP_STORE_GET, .text = key };
        dg_host_ask(L, &call);
        if (call.answer.kind == DG_NIL) {
            lua_pushnil(L);
        } else {
            lua_pushlstring(L, call.answer.bytes.start, call.answer.bytes.length);
            store.expected = (dg_value){ string_at(L, 3), call.answer.kind == DG_JSON };
        }
        lua_pushvalue(L, 2);
        if (store.expected.is_json) dg_json_decode(L, store.expected.bytes.start, store.expected.bytes.length);
        else lua_pushvalue(L, 3);
        lua_call(L, 1, 1);
        if (!lua_isnil(L, 4)) store.value = value_at(L, 4);
        call = (dg_call){ .op = DG_OP_STORE_REPLACE, .text = key, .store = &store };
        dg_host_ask(L, &call);
        if (call.answer.kind != DG_TRUE) continue;
        lua_settop(L, 4);
        return 1;
    }
    return luaL_error(L, "store.update: the value changed %d times while the function ran: does the function write to the same key?", MOST_ATTEMPTS);
}

static int incr(lua_State *L) {
    dg_store store = { .number = luaL_optinteger(L, 2, 1) };
    dg_call call = { .op = DG_OP_STORE_ADD, .text = check_key(L, "incr"), .store = &store };
    dg_host_ask(L, &call);
    return dg_push_answer(L, &call.answer);
}

static int keys(lua_State *L) {
    dg_call call = { .op = DG_OP_STORE_KEYS, .text = { "", 0 } };
    if (!lua_isnoneornil(L, 1)) call.text.start = luaL_checklstring(L, 1, &call.text.length);
    dg_host_ask(L, &call);
    return dg_push_answer(L, &call.answer);
}

int dg_open_store(lua_State *L) {
    static const luaL_Reg functions[] = { { "get", get }, { "set", set }, { "delete", delete }, { "update", update }, { "incr", incr },
        { "keys", keys }, { NULL, NULL } };
    luaL_newlib(L, functions);
    dg_lock(L, "dogger.store");
    return 1;
}
