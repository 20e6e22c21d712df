/* The module table that scripts see: dogger.json. */
#include "json_private.h"

#include <lua5.4/lauxlib.h>

/* Most documents fit; larger memory goes back to the VM after each use. */
enum { KEPT_BYTES = 64 * 1024 };

/* encode's buffer, in a userdata so that no error can leak it; kept from call to call, since a new userdata with a finalizer
   costs as much as to encode a small document. */
typedef struct scratch {
    dg_buffer buffer;
    bool busy; /* means something while the buffer has memory: a failed encode gives it back */
} scratch;

static int scratch_gc(lua_State *L) {
    scratch *s = lua_touserdata(L, 1);
    dg_buffer_free(&s->buffer);
    return 0;
}

static scratch *push_scratch(lua_State *L) {
    scratch *s = lua_newuserdatauv(L, sizeof *s, 0);
    dg_buffer_init(&s->buffer, L);
    s->busy = false;
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, scratch_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, scratch_gc);
    lua_setfield(L, -2, "__close");
    lua_setmetatable(L, -2);
    return s;
}

void dg_json_push_text(lua_State *L, int index) {
    index = lua_absindex(L, index);
    scratch *s = push_scratch(L);
    int slot = lua_gettop(L);
    lua_toclose(L, slot);
    dg_json_encode(L, index, &s->buffer);
    lua_pushlstring(L, s->buffer.bytes, s->buffer.length);
    lua_closeslot(L, slot);
    lua_remove(L, slot);
}

/* The options' table at `index`: its indent. Checks each name, since a misspelt option would do nothing and say nothing. */
static int read_indent(lua_State *L, int index) {
    if (lua_isnoneornil(L, index)) return 0;
    luaL_checktype(L, index, LUA_TTABLE);
    int indent = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        bool is_indent = lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "indent") == 0;
        if (!is_indent) return luaL_error(L, "json.encode: unknown option %s; there is indent", luaL_tolstring(L, -2, NULL));
        if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 0 || lua_tointeger(L, -1) > DG_JSON_MAX_INDENT) {
            return luaL_error(L, "json.encode: indent is a number of spaces from 0 to %d", DG_JSON_MAX_INDENT);
        }
        indent = (int)lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    return indent;
}

static int json_encode(lua_State *L) {
    int indent = read_indent(L, 2);
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    scratch *s = lua_touserdata(L, 2);
    /* In use: this is a finalizer that ran where an outer encode had to collect garbage. */
    if (s->busy && s->buffer.capacity > 0) s = push_scratch(L);
    dg_buffer_reset(&s->buffer, KEPT_BYTES);
    s->busy = true;
    dg_json_encode_indented(L, 1, &s->buffer, indent);
    s->busy = false;
    if (s->buffer.capacity > KEPT_BYTES) lua_toclose(L, -1); /* gives the memory back, also where the next line fails */
    lua_pushlstring(L, s->buffer.bytes, s->buffer.length);
    return 1;
}

static int json_decode(lua_State *L) {
    luaL_checktype(L, 1, LUA_TSTRING);
    size_t length;
    const char *bytes = lua_tolstring(L, 1, &length);
    dg_json_decode(L, bytes, length);
    return 1;
}

/* Marks only tables without a metatable: to replace another would silently take its behaviour away. */
static int json_array(lua_State *L) {
    if (lua_isnone(L, 1)) {
        dg_json_push_array(L, 0);
        return 1;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    dg_json_push_array_metatable(L);
    if (!lua_getmetatable(L, 1)) {
        lua_setmetatable(L, 1);
    } else if (!lua_rawequal(L, -1, -2)) {
        return luaL_error(L, "json.array: the table has another metatable");
    }
    lua_settop(L, 1);
    return 1;
}

static int json_is_array(lua_State *L) {
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    lua_pushboolean(L, dg_json_is_array(L, 1));
    return 1;
}

int dg_open_json(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"decode", json_decode}, {"array", json_array}, {"is_array", json_is_array}, {NULL, NULL}};
    /* Made now, so that encode never has to: an error of Lua's own in its midst would leave the scratch buffer busy. */
    dg_json_push_array_metatable(L);
    dg_json_push_number_metatable(L);
    lua_pop(L, 2);
    luaL_newlib(L, functions);
    push_scratch(L);
    lua_pushcclosure(L, json_encode, 1);
    lua_setfield(L, -2, "encode");
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    return 1;
}
