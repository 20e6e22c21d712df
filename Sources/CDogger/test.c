/* The C half of lua/test.lua: what a test asks of the host, as functions that only dogger's own modules get. */
#include <stdio.h>
#include <string.h>

#include "vm.h"

static dg_bytes string_at(lua_State *L, int index) {
    dg_bytes b;
    b.start = luaL_checklstring(L, index, &b.length);
    return b;
}

/* The innermost chunk that is a file: dogger's own Lua is not where paths start from. */
static dg_bytes script(lua_State *L) {
    lua_Debug ar;
    for (int level = 1; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "S", &ar);
        if (ar.source[0] == '@') return (dg_bytes){ ar.source + 1, ar.srclen - 1 };
    }
    return (dg_bytes){ "", 0 };
}

/* Pushes "file:line" of the innermost script function; "" where there is none. */
static void push_place(lua_State *L) {
    lua_Debug ar;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0 || ar.source[0] != '@') continue;
        lua_pushfstring(L, "%s:%d", ar.short_src, ar.currentline);
        return;
    }
    lua_pushliteral(L, "");
}

/* load(paths, upstream) */
static int load(lua_State *L) {
    dg_call call = { .op = DG_OP_TEST_LOAD, .text = string_at(L, 1), .source = script(L), .number = luaL_checknumber(L, 2) };
    return dg_host_call(L, &call, 0, dg_host_returns);
}

static int peer_field(lua_State *L, const char *name) {
    lua_getfield(L, 6, name);
    int value = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return value;
}

/* send(chain, method, target, headers, body, peer): no body: one that follows in pieces. No peer: the kernel's word. */
static int send(lua_State *L) {
    lua_settop(L, 6);
    dg_forward f = { .method = string_at(L, 2), .target = string_at(L, 3), .headers_changed = true };
    if (lua_isnil(L, 5)) {
        f.chunked = true;
    } else {
        f.body = string_at(L, 5);
        f.has_body = true;
    }
    dg_peer peer = { 0 };
    dg_call call = { .op = DG_OP_TEST_SEND, .number = luaL_checknumber(L, 1), .forward = &f };
    if (lua_istable(L, 6)) {
        peer.pid = peer_field(L, "pid");
        peer.uid = peer_field(L, "uid");
        peer.gid = peer_field(L, "gid");
        lua_getfield(L, 6, "address");
        if (lua_isstring(L, -1)) snprintf(peer.address, sizeof peer.address, "%s", lua_tostring(L, -1));
        lua_pop(L, 1);
        call.peer = &peer;
    }
    dg_read_header_list(L, 4, &f.headers, &f.header_count);
    return dg_host_call(L, &call, 0, dg_host_returns);
}

/* `source`: where the script stands, to tell of a wait without end. */
static int ask(lua_State *L, dg_op op) {
    dg_call call = { .op = op };
    lua_settop(L, 2);
    push_place(L);
    call.source = string_at(L, 3);
    if (!lua_isnoneornil(L, 1)) call.number = luaL_checknumber(L, 1);
    if (!lua_isnoneornil(L, 2)) call.text = string_at(L, 2);
    return dg_host_call(L, &call, 0, dg_host_returns);
}

/* Each takes a request's number, write the bytes as well. */
static int answer(lua_State *L) { return ask(L, DG_OP_TEST_ANSWER); }
static int chunk(lua_State *L) { return ask(L, DG_OP_TEST_CHUNK); }
static int arrived(lua_State *L) { return ask(L, DG_OP_TEST_ARRIVED); }
static int write(lua_State *L) { return ask(L, DG_OP_TEST_WRITE); }
static int finish(lua_State *L) { return ask(L, DG_OP_TEST_END); }
static int close(lua_State *L) { return ask(L, DG_OP_TEST_CLOSE); }

static int logs(lua_State *L) { return ask(L, DG_OP_TEST_LOGS); }
static int set_clock(lua_State *L) { return ask(L, DG_OP_TEST_SET_CLOCK); }

/* Which fake upstream a request is for; 0: none. */
static int service(lua_State *L) {
    lua_pushinteger(L, dg_check_request(L, 1)->task->request.service);
    return 1;
}

/* "file:line" of each script function that runs, the innermost first. */
static int places(lua_State *L) {
    lua_newtable(L);
    lua_Debug ar;
    lua_Integer count = 0;
    for (int level = 0; lua_getstack(L, level, &ar) && count < 20; level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0 || ar.source[0] != '@') continue;
        lua_pushfstring(L, "%s:%d", ar.short_src, ar.currentline);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/* define(name, value): a global of the tests. */
static int define(lua_State *L) {
    lua_settop(L, 2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_getmetatable(L, -1);
    lua_getfield(L, -1, "__index");     /* the table that scripts see through a view */
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, -3);
    return 0;
}

static void copy_table(lua_State *L, int from) {
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, from) != 0;) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
}

/* modules() gives what is loaded: path -> module; modules(list) has that loaded, and nothing else. */
static int modules(lua_State *L) {
    lua_settop(L, 1);
    bool isGiven = lua_istable(L, 1);
    if (!isGiven) lua_rawgetp(L, LUA_REGISTRYINDEX, &dg_key_loaded);
    copy_table(L, isGiven ? 1 : 2);
    if (!isGiven) return 1;
    lua_rawsetp(L, LUA_REGISTRYINDEX, &dg_key_loaded);
    return 0;
}

void dg_push_test_natives(lua_State *L) {
    static const luaL_Reg functions[] = { { "load", load }, { "send", send }, { "answer", answer }, { "chunk", chunk }, { "arrived", arrived },
        { "write", write }, { "finish", finish }, { "close", close }, { "logs", logs }, { "set_clock", set_clock }, { "service", service },
        { "places", places }, { "define", define }, { "modules", modules }, { NULL, NULL } };
    luaL_newlib(L, functions);
}
