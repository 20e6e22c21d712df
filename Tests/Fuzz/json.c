/* Fuzzes JSON <-> Lua: what is decoded and encoded again is an equal document, in one line and over several; and memory that runs
   out at any moment leaves nothing behind. The first byte says how, the rest is the text. */
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dogger_json.h"

#define MOST_BYTES (64u << 20)

typedef struct meter {
    size_t bytes;
    int left;       /* allocations until they are refused; below 0: none is */
} meter;

static void *allocate(void *context, void *block, size_t old_size, size_t new_size) {
    meter *m = context;
    if (block == NULL) old_size = 0;
    if (new_size == 0) {
        free(block);
        m->bytes -= old_size;
        return NULL;
    }
    if (new_size > old_size && (m->left == 0 || m->bytes + new_size > MOST_BYTES)) return NULL;
    if (new_size > old_size && m->left > 0) m->left--;
    void *moved = realloc(block, new_size);
    if (moved != NULL) m->bytes += new_size - old_size;
    return moved;
}

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    abort();
}

/* The values at both indices of the stack are the same in all that JSON holds; -0.0 is not 0.0, nor an array an object. */
static bool is_equal(lua_State *L, int a, int b) {
    luaL_checkstack(L, 8, NULL);
    if (lua_type(L, a) != lua_type(L, b)) return false;
    if (lua_type(L, a) == LUA_TNUMBER) {
        lua_Number x = lua_tonumber(L, a), y = lua_tonumber(L, b);
        return lua_isinteger(L, a) == lua_isinteger(L, b) && memcmp(&x, &y, sizeof x) == 0 && lua_rawequal(L, a, b);
    }
    if (lua_type(L, a) == LUA_TUSERDATA) return lua_compare(L, a, b, LUA_OPEQ);
    if (lua_type(L, a) != LUA_TTABLE) return lua_rawequal(L, a, b);
    bool marked_a = lua_getmetatable(L, a), marked_b = lua_getmetatable(L, b);
    lua_pop(L, marked_a + marked_b);
    if (marked_a != marked_b) return false;
    int count = 0;
    for (lua_pushnil(L); lua_next(L, a); count++) {
        int value = lua_gettop(L);
        lua_pushvalue(L, value - 1);
        lua_rawget(L, b);
        if (!is_equal(L, value, value + 1)) return false;
        lua_settop(L, value - 1);
    }
    for (lua_pushnil(L); lua_next(L, b); count--) lua_pop(L, 1);
    return count == 0;
}

typedef struct input {
    const char *text;
    size_t length;
    int indent;
    dg_buffer out;
} input;

static int round_trip(lua_State *L) {
    input *in = lua_touserdata(L, 1);
    dg_json_decode(L, in->text, in->length);
    dg_json_encode_indented(L, 2, &in->out, in->indent);
    dg_json_decode(L, in->out.bytes, in->out.length);
    if (lua_gettop(L) != 3) fail("the stack is not as it was");
    if (!is_equal(L, 2, 3)) fail("what was encoded is not what was decoded");
    return 0;
}

static int open_module(lua_State *L) {
    dg_open_json(L);
    lua_setglobal(L, "json");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 1) return -1;
    meter m = { 0, -1 };
    lua_State *L = lua_newstate(allocate, &m);
    lua_pushcfunction(L, open_module);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) abort();

    /* In memory of just its size, so that a read past its end is seen. */
    char *text = malloc(count - 1 + (count == 1));
    memcpy(text, bytes + 1, count - 1);
    input in = { .text = text, .length = count - 1, .indent = bytes[0] & 3 };
    dg_buffer_init(&in.out, L);
    m.left = bytes[0] & 4 ? bytes[0] >> 3 : -1;
    lua_pushcfunction(L, round_trip);
    lua_pushlightuserdata(L, &in);
    int status = lua_pcall(L, 1, 0, 0);
    /* What was decoded can be encoded; the error names JSON's own place otherwise. */
    if (status == LUA_ERRRUN && m.left < 0 && strstr(lua_tostring(L, -1), "not JSON at byte") == NULL) fail(lua_tostring(L, -1));
    m.left = -1;
    dg_buffer_free(&in.out);
    free(text);
    lua_close(L);
    if (m.bytes != 0) fail("memory is left");
    return 0;
}
