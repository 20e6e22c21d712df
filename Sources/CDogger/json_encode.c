/* Lua values to JSON text. Reads tables raw, so that no script code runs meanwhile; one C call a level of nesting
   (DG_JSON_MAX_DEPTH of them, about 150 bytes each), whose frames are also the path that an error names. */
#include "json_encode.h"

#include <lua5.4/lauxlib.h>
#include <math.h>

/* Stack slots for a level's key and value, for a metatable, and for an error. */
enum { SPARE = 16 };

void dg_json_grow(encoder *e, size_t more) {
    if (dg_buffer_reserve(e->out, more)) return;
    /* The allocator counts the script's garbage too. Lua collects it before it gives up, and so do we. */
    lua_gc(e->L, LUA_GCCOLLECT);
    if (dg_buffer_reserve(e->out, more)) return;
    dg_json_drop_output(e);
    lua_newuserdatauv(e->L, SIZE_MAX / 4, 0);   /* nobody has as much: Lua raises its own memory error, which is not the script's */
    luaL_error(e->L, "not enough memory to encode a value as JSON");
}

static inline void put(encoder *e, char byte) {
    *dg_json_reserve(e, 1) = byte;
    e->out->length++;
}

static inline void put_bytes(encoder *e, const char *bytes, size_t count) {
    memcpy(dg_json_reserve(e, count), bytes, count);
    e->out->length += count;
}

static void put_line(encoder *e, int depth) {
    size_t spaces = (size_t)depth * (size_t)e->indent;
    char *p = dg_json_reserve(e, spaces + 1);
    p[0] = '\n';
    memset(p + 1, ' ', spaces);
    e->out->length += spaces + 1;
}

/* Most values have no metatable, so the one to compare with is looked up when it is first needed. */
static bool has_metatable(lua_State *L, const void **wanted, void (*push_wanted)(lua_State *)) {
    if (!lua_getmetatable(L, -1)) return false;
    if (*wanted == NULL) {
        push_wanted(L);
        *wanted = lua_topointer(L, -1);
        lua_pop(L, 1);
    }
    bool same = lua_topointer(L, -1) == *wanted;
    lua_pop(L, 1);
    return same;
}

static bool is_marked_array(encoder *e) {
    return has_metatable(e->L, &e->array_metatable, dg_json_push_array_metatable);
}

static bool is_json_number(encoder *e) {
    return has_metatable(e->L, &e->number_metatable, dg_json_push_number_metatable);
}

static void write_value(encoder *e, const place *at);

/* At the first key and value of the table. */
static void write_object(encoder *e, const place *at, int depth) {
    lua_State *L = e->L;
    place here = {.up = at, .depth = depth};
    put(e, '{');
    bool first = true;
    do {
        if (lua_type(L, -2) != LUA_TSTRING) dg_json_refuse_key(e, at, lua_gettop(L) - 2, false);
        here.key = lua_tolstring(L, -2, &here.key_length);
        if (!first) put(e, ',');
        first = false;
        if (e->indent > 0) put_line(e, depth);
        dg_json_write_string(e, here.key, here.key_length, at, true);
        put(e, ':');
        if (e->indent > 0) put(e, ' ');
        write_value(e, &here);
        lua_pop(L, 1);
    } while (lua_next(L, -2));
    if (e->indent > 0) put_line(e, depth - 1);
    put(e, '}');
}

static inline void put_item(encoder *e, place *here, lua_Integer index) {
    if (index > 1) put(e, ',');
    if (e->indent > 0) put_line(e, here->depth);
    here->index = index;
    write_value(e, here);
    lua_pop(e->L, 1);
}

/* The key at hand isn't `next`: either the items lie in the table's hash part, in any order, or this is no array. What was
   written already stays right in the first case. */
static void write_rest_of_array(encoder *e, place *here, lua_Integer next) {
    lua_State *L = e->L;
    int table = lua_gettop(L) - 2;
    lua_Integer length = (lua_Integer)lua_rawlen(L, table), count = next - 1;
    do {
        if (!lua_isinteger(L, -2)) dg_json_refuse_key(e, here->up, table, true);
        lua_Integer key = lua_tointeger(L, -2);
        if (key < 1 || key > length) dg_json_refuse_key(e, here->up, table, true);
        count++;
        lua_pop(L, 1);
    } while (lua_next(L, table));
    /* Different keys from 1 to length, and as many: none is missing. */
    if (count != length) dg_json_refuse_hole(e, here->up, table);
    for (; next <= length; next++) {
        lua_rawgeti(L, table, next);
        put_item(e, here, next);
    }
}

/* At the first key and value of the table. */
static void write_array(encoder *e, const place *at, int depth) {
    lua_State *L = e->L;
    place here = {.up = at, .key = NULL, .depth = depth};
    put(e, '[');
    lua_Integer next = 1;
    do {
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != next) {
            write_rest_of_array(e, &here, next);
            break;
        }
        put_item(e, &here, next++);
    } while (lua_next(L, -2));
    if (e->indent > 0) put_line(e, depth - 1);
    put(e, ']');
}

static void write_table(encoder *e, const place *at) {
    lua_State *L = e->L;
    int depth = at == NULL ? 1 : at->depth + 1;
    if (depth > DG_JSON_MAX_DEPTH) {
        dg_json_cannot_encode(e, at, "nested deeper than %d levels; does a table contain itself?", DG_JSON_MAX_DEPTH);
    }
    /* A table that shows empty may be large to look through, and stand in the document many times. */
    if (dg_deadline_passed()) dg_json_cannot_encode(e, at, "the time limit is over");
    if (!lua_checkstack(L, SPARE)) dg_json_cannot_encode(e, at, "no room on the Lua stack");
    bool array = is_marked_array(e);
    lua_pushnil(L);
    if (!lua_next(L, -2)) put_bytes(e, array ? "[]" : "{}", 2);
    else if (array || lua_type(L, -2) != LUA_TSTRING) write_array(e, at, depth);
    else write_object(e, at, depth);
}

static void write_float(encoder *e, const place *at, double value) {
    if (!isfinite(value)) {
        dg_json_cannot_encode(e, at, "%s; JSON has finite numbers only, json.null may stand for it",
                              isnan(value) ? "not a number (nan)" : value < 0 ? "minus infinity" : "infinity");
    }
    e->out->length += dg_json_format_double(value, dg_json_reserve(e, 32));
}

/* The value at the top of the stack, which stays. */
static void write_value(encoder *e, const place *at) {
    lua_State *L = e->L;
    switch (lua_type(L, -1)) {
    case LUA_TSTRING: {
        size_t length;
        const char *bytes = lua_tolstring(L, -1, &length);
        dg_json_write_string(e, bytes, length, at, false);
        break;
    }
    case LUA_TNUMBER:
        if (!lua_isinteger(L, -1)) write_float(e, at, lua_tonumber(L, -1));
        else e->out->length += dg_json_format_integer(lua_tointeger(L, -1), dg_json_reserve(e, 24));
        break;
    case LUA_TBOOLEAN:
        if (lua_toboolean(L, -1)) put_bytes(e, "true", 4);
        else put_bytes(e, "false", 5);
        break;
    case LUA_TTABLE:
        write_table(e, at);
        break;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, -1) != NULL) dg_json_refuse_type(e, at);
        put_bytes(e, "null", 4);
        break;
    case LUA_TUSERDATA:
        if (!is_json_number(e)) dg_json_refuse_type(e, at);
        put_bytes(e, lua_touserdata(L, -1), lua_rawlen(L, -1));
        break;
    default:
        dg_json_refuse_type(e, at);
    }
}

void dg_json_encode_indented(lua_State *L, int index, dg_buffer *out, int indent) {
    luaL_checkstack(L, SPARE, "JSON");
    encoder e = {
        .L = L,
        .out = out,
        .start = out->length,
        .indent = indent < 0 ? 0 : indent > DG_JSON_MAX_INDENT ? DG_JSON_MAX_INDENT : indent,
    };
    lua_pushvalue(L, index);
    write_value(&e, NULL);
    lua_pop(L, 1);
}

void dg_json_encode(lua_State *L, int index, dg_buffer *out) {
    dg_json_encode_indented(L, index, out, 0);
}
