/* JSON text to Lua values. One pass, one C call a level of nesting (DG_JSON_MAX_DEPTH of them, about 100 bytes each).

   A table's items wait on the Lua stack until their number is known, so that the table is made at its size at once: to grow a
   hash part item by item costs more than all the rest. A table with more than PENDING items grows from there on. */
#include "json_decode.h"

#include <lua5.4/lauxlib.h>

enum {
    PENDING = 32,
    SPARE = 16, /* stack slots for the table, a scalar that is being made, and an error */
};

_Noreturn void dg_json_refuse(decoder *d, const char *at, const char *what, ...) {
    lua_State *L = d->L;
    size_t line = 1, column = 1;
    for (const char *p = d->start; p < at; p++) {
        if (*p == '\n') line++, column = 1;
        else if ((*p & 0xC0) != 0x80) column++;
    }
    luaL_where(L, 1);
    lua_pushfstring(L, "not JSON at byte %I (counted from 0; line %I, column %I): ", (LUAI_UACINT)(at - d->start),
                    (LUAI_UACINT)line, (LUAI_UACINT)column);
    va_list arguments;
    va_start(arguments, what);
    lua_pushvfstring(L, what, arguments);
    va_end(arguments);
    lua_concat(L, 3);
    lua_error(L);
    __builtin_unreachable();
}

_Noreturn void dg_json_refuse_found(decoder *d, const char *expected) {
    if (d->at == d->end) dg_json_refuse(d, d->at, "expected %s, found the end of the text", expected);
    const unsigned char *found = (const unsigned char *)d->at;
    size_t length = dg_json_utf8_sequence(found, (const unsigned char *)d->end);
    if (*found <= 0x20 || *found == 0x7F || length == 0) {
        char hex[3] = {"0123456789ABCDEF"[*found >> 4], "0123456789ABCDEF"[*found & 15], '\0'};
        dg_json_refuse(d, d->at, "expected %s, found the byte 0x%s", expected, hex);
    }
    char character[5] = {0};
    memcpy(character, found, length);
    dg_json_refuse(d, d->at, "expected %s, found '%s'", expected, character);
}

static inline void skip_space(decoder *d) {
    const char *p = d->at, *end = d->end;
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
    d->at = p;
}

static inline bool next_is(decoder *d, char byte) {
    return d->at < d->end && *d->at == byte;
}

static bool starts_with(decoder *d, const char *word) {
    size_t length = strlen(word);
    return (size_t)(d->end - d->at) >= length && memcmp(d->at, word, length) == 0;
}

static void read_word(decoder *d, const char *word) {
    if (!starts_with(d, word)) dg_json_refuse(d, d->at, "expected a value; does this mean %s?", word);
    d->at += strlen(word);
}

static _Noreturn void refuse_value(decoder *d) {
    if (starts_with(d, "\xEF\xBB\xBF")) dg_json_refuse(d, d->at, "a byte order mark; JSON has none, take it away");
    if (starts_with(d, "NaN") || starts_with(d, "Infinity")) dg_json_refuse(d, d->at, "JSON has no NaN and no Infinity");
    if (next_is(d, '\'')) dg_json_refuse(d, d->at, "a string stands in double quotes");
    if (next_is(d, '/')) dg_json_refuse(d, d->at, "JSON has no comments");
    if (next_is(d, '+')) dg_json_refuse(d, d->at, "a number can't start with '+'");
    if (next_is(d, '.')) dg_json_refuse(d, d->at, "a number can't start with '.'");
    dg_json_refuse_found(d, "a value");
}

static void read_value(decoder *d);

static void enter(decoder *d, int slots) {
    if (d->depth == DG_JSON_MAX_DEPTH) {
        dg_json_refuse(d, d->at, "nested deeper than %d levels", DG_JSON_MAX_DEPTH);
    }
    if (dg_deadline_passed()) dg_json_refuse(d, d->at, "the time limit is over");
    d->depth++;
    luaL_checkstack(d->L, slots, "nested JSON");
}

/* Puts a new array with the `count` items at the top into `slot`, below them. */
static void collect_array(lua_State *L, int slot, int count) {
    lua_createtable(L, count, 0);
    lua_replace(L, slot);
    for (int i = count; i > 0; i--) lua_rawseti(L, slot, i);
}

static void read_array(decoder *d) {
    lua_State *L = d->L;
    enter(d, PENDING + SPARE);
    d->at++;
    lua_pushnil(L);
    int slot = lua_gettop(L);
    lua_Integer count = 0;
    skip_space(d);
    if (next_is(d, ']')) {
        collect_array(L, slot, 0);
    } else {
        for (;;) {
            read_value(d);
            count++;
            if (count > PENDING) lua_rawseti(L, slot, count);
            else if (count == PENDING) collect_array(L, slot, PENDING);
            skip_space(d);
            if (next_is(d, ']')) break;
            if (!next_is(d, ',')) dg_json_refuse_found(d, "',' or ']'");
            const char *comma = d->at++;
            skip_space(d);
            if (next_is(d, ']')) dg_json_refuse(d, comma, "a comma with no value after it");
        }
        if (count < PENDING) collect_array(L, slot, (int)count);
    }
    d->at++;
    d->depth--;
    lua_pushvalue(L, d->array_metatable);
    lua_setmetatable(L, slot);
}

/* As collect_array, with pairs; in their order, so that the last of equal names wins. */
static void collect_object(lua_State *L, int slot, int count) {
    lua_createtable(L, 0, count);
    lua_replace(L, slot);
    for (int i = 1; i <= 2 * count; i += 2) {
        lua_pushvalue(L, slot + i);
        lua_pushvalue(L, slot + i + 1);
        lua_rawset(L, slot);
    }
    lua_settop(L, slot);
}

static void read_object(decoder *d) {
    lua_State *L = d->L;
    enter(d, 2 * PENDING + SPARE);
    d->at++;
    lua_pushnil(L);
    int slot = lua_gettop(L);
    size_t count = 0;
    skip_space(d);
    if (next_is(d, '}')) {
        collect_object(L, slot, 0);
    } else {
        for (;;) {
            if (!next_is(d, '"')) dg_json_refuse_found(d, "a name in double quotes");
            dg_json_read_string(d);
            skip_space(d);
            if (!next_is(d, ':')) dg_json_refuse_found(d, "':'");
            d->at++;
            skip_space(d);
            read_value(d);
            count++;
            if (count > PENDING) lua_rawset(L, slot);
            else if (count == PENDING) collect_object(L, slot, PENDING);
            skip_space(d);
            if (next_is(d, '}')) break;
            if (!next_is(d, ',')) dg_json_refuse_found(d, "',' or '}'");
            const char *comma = d->at++;
            skip_space(d);
            if (next_is(d, '}')) dg_json_refuse(d, comma, "a comma with no name after it");
        }
        if (count < PENDING) collect_object(L, slot, (int)count);
    }
    d->at++;
    d->depth--;
}

/* At a value's first byte; leaves `at` behind it, and the value on the stack. */
static void read_value(decoder *d) {
    if (d->at == d->end) dg_json_refuse_found(d, "a value");
    switch (*d->at) {
    case '"': dg_json_read_string(d); break;
    case '{': read_object(d); break;
    case '[': read_array(d); break;
    case 't': read_word(d, "true"); lua_pushboolean(d->L, 1); break;
    case 'f': read_word(d, "false"); lua_pushboolean(d->L, 0); break;
    case 'n': read_word(d, "null"); lua_pushlightuserdata(d->L, NULL); break;
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        dg_json_read_number(d);
        break;
    default: refuse_value(d);
    }
}

void dg_json_decode(lua_State *L, const char *bytes, size_t length) {
    luaL_checkstack(L, SPARE, "JSON");
    dg_json_push_array_metatable(L);
    decoder d = {.L = L, .start = bytes, .at = bytes, .end = bytes + length, .depth = 0, .array_metatable = lua_gettop(L)};
    skip_space(&d);
    read_value(&d);
    skip_space(&d);
    if (d.at != d.end) dg_json_refuse_found(&d, "the end of the text");
    lua_replace(L, d.array_metatable);
}
