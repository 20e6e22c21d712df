/* The sentences for what JSON can't hold, with the path to it. */
#include "json_encode.h"

#include <lua5.4/lauxlib.h>

enum {
    SHOWN_STEPS = 12, /* of a path; a cycle's has 1000 */
    SHOWN_BYTES = 40, /* of a key */
};

void dg_json_drop_output(encoder *e) {
    e->out->length = e->start;
    if (e->start == 0) dg_buffer_free(e->out);
}

static bool is_name(const char *key, size_t length) {
    for (size_t i = 0; i < length; i++) {
        char c = key[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9')) return false;
    }
    return length > 0 && length <= SHOWN_BYTES;
}

/* Adds a step as it is written in Lua: .name, ["a b"], [3]. A long key is cut, and what isn't printable text shows as '?', so
   that the message is short and UTF-8 whatever the key is. */
static void add_step(luaL_Buffer *text, const char *key, size_t length, lua_Integer index) {
    if (key == NULL) {
        char digits[24];
        luaL_addchar(text, '[');
        luaL_addlstring(text, digits, dg_json_format_integer(index, digits));
        luaL_addchar(text, ']');
        return;
    }
    if (is_name(key, length)) {
        luaL_addchar(text, '.');
        luaL_addlstring(text, key, length);
        return;
    }
    luaL_addstring(text, "[\"");
    const unsigned char *p = (const unsigned char *)key, *end = p + length;
    while (p < end && p - (const unsigned char *)key < SHOWN_BYTES) {
        size_t sequence = *p < 0x20 || *p == 0x7F ? 0 : dg_json_utf8_sequence(p, end);
        if (sequence == 0) luaL_addchar(text, '?');
        else luaL_addlstring(text, (const char *)p, sequence);
        p += sequence == 0 ? 1 : sequence;
    }
    if (p < end) luaL_addstring(text, "...");
    luaL_addstring(text, "\"]");
}

/* Pushes the step for the key at the top. */
static void push_step(lua_State *L, bool index) {
    size_t length = 0;
    const char *key = index ? NULL : lua_tolstring(L, -1, &length);
    lua_Integer number = index ? lua_tointeger(L, -1) : 0;
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    add_step(&text, key, length, number);
    luaL_pushresult(&text);
}

static void push_path(lua_State *L, const place *at) {
    if (at == NULL) {
        lua_pushliteral(L, "the value");
        return;
    }
    const place *shown[SHOWN_STEPS];
    for (const place *step = at; step != NULL; step = step->up) {
        if (step->depth <= SHOWN_STEPS) shown[step->depth - 1] = step;
    }
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    int count = at->depth < SHOWN_STEPS ? at->depth : SHOWN_STEPS;
    for (int i = 0; i < count; i++) add_step(&text, shown[i]->key, shown[i]->key_length, shown[i]->index);
    if (at->depth > SHOWN_STEPS) luaL_addstring(&text, "...");
    luaL_pushresult(&text);
}

_Noreturn void dg_json_cannot_encode(encoder *e, const place *at, const char *what, ...) {
    lua_State *L = e->L;
    dg_json_drop_output(e);
    luaL_where(L, 1);
    lua_pushliteral(L, "can't encode ");
    push_path(L, at);
    lua_pushliteral(L, ": ");
    va_list arguments;
    va_start(arguments, what);
    lua_pushvfstring(L, what, arguments);
    va_end(arguments);
    lua_concat(L, 5);
    lua_error(L);
    __builtin_unreachable();
}

_Noreturn void dg_json_refuse_type(encoder *e, const place *at) {
    lua_State *L = e->L;
    int type = lua_type(L, -1);
    if (type == LUA_TNIL) dg_json_cannot_encode(e, at, "it is nil; JSON's null is json.null");
    if (luaL_getmetafield(L, -1, "__name") == LUA_TSTRING) {
        dg_json_cannot_encode(e, at, "a %s (%s)", lua_typename(L, type), lua_tostring(L, -1));
    }
    dg_json_cannot_encode(e, at, "a %s", lua_typename(L, type));
}

_Noreturn void dg_json_refuse_key(encoder *e, const place *at, int table, bool array) {
    lua_State *L = e->L;
    lua_pop(L, 1);
    bool index = lua_isinteger(L, -1);
    if (!index && lua_type(L, -1) != LUA_TSTRING) {
        dg_json_cannot_encode(e, at, "a table with a %s as a key; an object's keys are strings, an array's are 1, 2, 3...",
                              luaL_typename(L, -1));
    }
    if (array && index && lua_tointeger(L, -1) > 0) dg_json_refuse_hole(e, at, table);

    push_step(L, index);
    const char *step = lua_tostring(L, -1);
    if (array && index) dg_json_cannot_encode(e, at, "an array with the index %s; an array's begin with 1", step);
    if (lua_getmetatable(L, table) && lua_topointer(L, -1) == e->array_metatable) {
        dg_json_cannot_encode(e, at, "a json.array with the name %s; an array has indices only", step);
    }
    dg_json_cannot_encode(e, at, "a table with names and indices (such as %s); it must be an object or an array", step);
}

_Noreturn void dg_json_refuse_hole(encoder *e, const place *at, int table) {
    lua_State *L = e->L;
    lua_Integer index = 1;
    while (lua_rawgeti(L, table, index) != LUA_TNIL) {
        lua_pop(L, 1);
        index++;
    }
    dg_json_cannot_encode(e, at, "an array with a hole at [%I]; use json.null for a hole", (LUAI_UACINT)index);
}
