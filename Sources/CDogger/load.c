/* Where text becomes code: always as text, since crafted bytecode crashes Lua; and bit by bit, so that the deadline ends the
   compilation of a text without end. */
#include <string.h>

#include "vm.h"

#define PIECE 4096

typedef struct text_reader {
    dg_bytes rest;
} text_reader;

static const char *read_text(lua_State *L, void *context, size_t *length) {
    text_reader *reader = context;
    dg_deadline_check(L);
    const char *piece = reader->rest.start;
    *length = reader->rest.length < PIECE ? reader->rest.length : PIECE;
    reader->rest.start += *length;
    reader->rest.length -= *length;
    return piece;
}

/* The text behind what luaL_loadfilex skips as well: a byte order mark, and a first line that begins with #, which tells a kernel
   what runs the file. That line's end stays, for lines are counted by it. */
static dg_bytes code_of(dg_bytes text) {
    const char *code = text.start, *end = text.start + text.length;
    if (text.length >= 3 && memcmp(code, "\xEF\xBB\xBF", 3) == 0) code += 3;
    if (code < end && *code == '#') {
        const char *line_end = memchr(code, '\n', (size_t)(end - code));
        code = line_end == NULL ? end : line_end;
    }
    return (dg_bytes){ code, (size_t)(end - code) };
}

void dg_load_text(lua_State *L, dg_bytes text, const char *name) {
    text_reader reader = { code_of(text) };
    dg_chunk_names_add(dg_vm_of(L), name);
    if (lua_load(L, read_text, &reader, name, "t") != LUA_OK) lua_error(L);
    dg_coverage_note(L, text, name);
}

#define PIECE_SLOT 5    /* what the function gave last, which must stay alive */

/* What the function gives may be long as well. */
static const char *read_from_function(lua_State *L, void *context, size_t *length) {
    text_reader *reader = context;
    if (reader->rest.length > 0) return read_text(L, context, length);
    luaL_checkstack(L, 2, "too many nested functions");
    dg_deadline_check(L);
    lua_pushvalue(L, 1);
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        *length = 0;
        return NULL;
    }
    if (!lua_isstring(L, -1)) luaL_error(L, "reader function must return a string");
    lua_replace(L, PIECE_SLOT);
    reader->rest.start = lua_tolstring(L, PIECE_SLOT, &reader->rest.length);
    return read_text(L, context, length);
}

/* load(chunk [, name [, mode [, env]]]), as in the manual (6.1); the mode is always "t". */
int dg_load(lua_State *L) {
    bool has_environment = !lua_isnone(L, 4);
    lua_settop(L, PIECE_SLOT);
    int status;
    text_reader reader = { { NULL, 0 } };
    if (lua_isstring(L, 1)) {
        reader.rest.start = lua_tolstring(L, 1, &reader.rest.length);
        status = lua_load(L, read_text, &reader, luaL_optstring(L, 2, reader.rest.start), "t");
    } else {
        luaL_checktype(L, 1, LUA_TFUNCTION);
        status = lua_load(L, read_from_function, &reader, luaL_optstring(L, 2, "=(load)"), "t");
    }
    if (status != LUA_OK) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    if (has_environment) {
        lua_pushvalue(L, 4);
        if (lua_setupvalue(L, -2, 1) == NULL) lua_pop(L, 1);    /* the chunk uses no globals */
    }
    return 1;
}
