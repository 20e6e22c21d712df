/*
 * The headers of a request, and of a response that came from an upstream: a name is looked up without regard to case, every
 * pair is given in order, and no string is made that nobody reads. What a script changes goes into a list of its own.
 */
#include <string.h>
#include <strings.h>

#include "vm.h"

#define HEADERS_TYPE "dogger.headers"

/* User values. */
enum {
    OWNER = 1,          /* the request, whose head the pairs are in while LIST is nil */
    LIST,               /* { name, value, name, value, ... } */
};

bool dg_is_headers(lua_State *L, int index) { return luaL_testudata(L, index, HEADERS_TYPE) != NULL; }

bool dg_headers_changed(lua_State *L, int index) {
    bool changed = lua_getiuservalue(L, index, LIST) == LUA_TTABLE;
    lua_pop(L, 1);
    return changed;
}

/* The owner knows whether its head is still there. */
static const dg_request *request_of(lua_State *L, int index) {
    lua_getiuservalue(L, index, OWNER);
    const dg_request *r = &dg_check_request(L, -1)->task->request;
    lua_pop(L, 1);
    return r;
}

static bool same_name(const char *a, size_t a_length, const char *b, size_t b_length) {
    return a_length == b_length && strncasecmp(a, b, a_length) == 0;
}

static void append(lua_State *L, int list, dg_bytes name, dg_bytes value) {
    lua_Integer n = (lua_Integer)lua_rawlen(L, list);
    lua_pushlstring(L, name.start, name.length);
    lua_rawseti(L, list, n + 1);
    lua_pushlstring(L, value.start, value.length);
    lua_rawseti(L, list, n + 2);
}

static void append_fields(lua_State *L, int list, const char *head, const dg_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++)
        append(L, list, (dg_bytes){ head + fields[i].name.offset, fields[i].name.length },
               (dg_bytes){ head + fields[i].value.offset, fields[i].value.length });
}

/* Pushes the list, which is made of the head where there is none yet. */
static int push_list(lua_State *L, int index) {
    index = lua_absindex(L, index);
    if (lua_getiuservalue(L, index, LIST) != LUA_TTABLE) {
        lua_pop(L, 1);
        const dg_request *r = request_of(L, index);
        lua_createtable(L, (int)r->field_count * 2, 0);
        append_fields(L, lua_gettop(L), r->head, r->fields, r->field_count);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, index, LIST);
    }
    return lua_gettop(L);
}

/* The values of one name. Nothing of them waits on the stack but the buffer's own: there may be any number. */
typedef struct joined {
    luaL_Buffer buffer;     /* from the second value on */
    dg_bytes first;
    int count;
    bool is_cookie;
} joined;

/* Adds a value, which must stay alive: joined by ", " as RFC 9110 5.3 allows (Cookie by "; ", RFC 9113 8.2.3). */
static void join(lua_State *L, joined *j, const char *value, size_t length) {
    if (++j->count == 1) {
        j->first = (dg_bytes){ value, length };
        return;
    }
    if (j->count == 2) {
        luaL_buffinit(L, &j->buffer);
        luaL_addlstring(&j->buffer, j->first.start, j->first.length);
    }
    luaL_addlstring(&j->buffer, j->is_cookie ? "; " : ", ", 2);
    luaL_addlstring(&j->buffer, value, length);
}

static int get_field(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    size_t length;
    const char *name = lua_tolstring(L, 2, &length);
    joined j;
    j.count = 0;
    j.is_cookie = same_name(name, length, "cookie", 6);
    if (lua_getiuservalue(L, 1, LIST) == LUA_TTABLE) {
        lua_Integer n = (lua_Integer)lua_rawlen(L, 3);
        for (lua_Integer i = 1; i < n; i += 2) {
            size_t l, v;
            lua_rawgeti(L, 3, i);
            const char *other = lua_tolstring(L, -1, &l);
            lua_pop(L, 1);              /* the list keeps it alive */
            if (!same_name(other, l, name, length)) continue;
            lua_rawgeti(L, 3, i + 1);
            const char *value = lua_tolstring(L, -1, &v);
            lua_pop(L, 1);
            join(L, &j, value, v);
        }
    } else {
        const dg_request *r = request_of(L, 1);
        for (size_t i = 0; i < r->field_count; i++) {
            const dg_field *f = &r->fields[i];
            if (same_name(r->head + f->name.offset, f->name.length, name, length)) join(L, &j, r->head + f->value.offset, f->value.length);
        }
    }
    if (j.count == 0) return 0;
    if (j.count == 1) lua_pushlstring(L, j.first.start, j.first.length);
    else luaL_pushresult(&j.buffer);
    return 1;
}

static void check_value(lua_State *L, int index, const char *name) {
    if (lua_type(L, index) != LUA_TSTRING && lua_type(L, index) != LUA_TNUMBER)
        luaL_error(L, "the header %s can't be set to %s: a string, a number, a list of them, or nil to remove it", name, luaL_typename(L, index));
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Pushes the list at `index`, a Connection field's value, without `name`. */
static void push_without_option(lua_State *L, int index, const char *name, size_t length) {
    size_t list_length;
    const char *at = lua_tolstring(L, index, &list_length), *end = at + list_length;
    luaL_Buffer rest;
    luaL_buffinit(L, &rest);
    bool is_first = true;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at)), *last = comma != NULL ? comma : end;
        const char *next = comma != NULL ? comma + 1 : end;
        while (at < last && is_blank(*at)) at++;
        while (at < last && is_blank(last[-1])) last--;
        if (at < last && !same_name(at, (size_t)(last - at), name, length)) {
            if (!is_first) luaL_addlstring(&rest, ", ", 2);
            luaL_addlstring(&rest, at, (size_t)(last - at));
            is_first = false;
        }
        at = next;
    }
    luaL_pushresult(&rest);
}

/* headers[name] = value: in the place of the first of that name, or at the end. What a script sets, the next one gets: a client can't
   keep it back by naming it in Connection, which has whoever forwards a request drop the client's own (RFC 9110 7.6.1). */
static int set_field(lua_State *L) {
    size_t length;
    const char *name = luaL_checklstring(L, 2, &length);
    lua_settop(L, 3);
    if (lua_istable(L, 3)) {
        lua_Integer n = (lua_Integer)lua_rawlen(L, 3);
        for (lua_Integer i = 1; i <= n; i++) {
            lua_rawgeti(L, 3, i);
            check_value(L, -1, name);
            lua_pop(L, 1);
        }
    } else if (!lua_isnil(L, 3)) {
        check_value(L, 3, name);
    }
    int old = push_list(L, 1);
    lua_newtable(L);
    int list = lua_gettop(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, old), out = 0;
    const bool is_removed = lua_isnil(L, 3);
    bool done = is_removed;
    for (lua_Integer i = 1; i <= count + 1; i += 2) {
        size_t l = 0;
        lua_rawgeti(L, old, i);
        const char *other = lua_tolstring(L, -1, &l);
        bool same = other != NULL && same_name(other, l, name, length);
        if ((same || i > count) && !done) {
            done = true;
            lua_Integer values = lua_istable(L, 3) ? (lua_Integer)lua_rawlen(L, 3) : 1;
            for (lua_Integer k = 1; k <= values; k++) {
                lua_pushvalue(L, 2);
                lua_rawseti(L, list, ++out);
                if (lua_istable(L, 3)) lua_rawgeti(L, 3, k);
                else lua_pushvalue(L, 3);
                lua_tostring(L, -1);
                lua_rawseti(L, list, ++out);
            }
        }
        if (!same && i <= count) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, list, ++out);
            lua_rawgeti(L, old, i + 1);
            if (!is_removed && same_name(other, l, "connection", 10)) push_without_option(L, -1, name, length);
            else lua_pushvalue(L, -1);
            lua_rawseti(L, list, ++out);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_setiuservalue(L, 1, LIST);
    return 0;
}

/* Upvalues: the headers, the number of the next pair. */
static int next_pair(lua_State *L) {
    lua_settop(L, 0);
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
    lua_pushinteger(L, i + 1);
    lua_replace(L, lua_upvalueindex(2));
    if (lua_getiuservalue(L, lua_upvalueindex(1), LIST) == LUA_TTABLE) {
        if (lua_rawgeti(L, 1, 2 * i + 1) == LUA_TNIL) return 0;
        lua_rawgeti(L, 1, 2 * i + 2);
        return 2;
    }
    const dg_request *r = request_of(L, lua_upvalueindex(1));
    if ((size_t)i >= r->field_count) return 0;
    const dg_field *f = &r->fields[i];
    lua_pushlstring(L, r->head + f->name.offset, f->name.length);
    lua_pushlstring(L, r->head + f->value.offset, f->value.length);
    return 2;
}

static int pairs(lua_State *L) {
    lua_settop(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_pair, 2);
    return 1;
}

/* The strings stay alive as long as the object, which the caller keeps. */
void dg_read_header_list(lua_State *L, int index, const dg_header **list, size_t *count) {
    dg_vm *vm = dg_vm_of(L);
    int pairs = push_list(L, index);
    lua_Integer n = (lua_Integer)lua_rawlen(L, pairs);
    *count = 0;
    for (lua_Integer i = 1; i < n; i += 2) {
        dg_header *h = dg_add_header(L, vm, count);
        lua_rawgeti(L, pairs, i);
        h->name.start = lua_tolstring(L, -1, &h->name.length);
        lua_rawgeti(L, pairs, i + 1);
        h->value.start = lua_tolstring(L, -1, &h->value.length);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
    dg_check_header_bytes(L, vm->headers, *count);
    *list = vm->headers;
}

static void push_object(lua_State *L) {
    lua_newuserdatauv(L, 0, 2);
    luaL_setmetatable(L, HEADERS_TYPE);
}

void dg_push_headers(lua_State *L, int request) {
    request = lua_absindex(L, request);
    push_object(L);
    lua_pushvalue(L, request);
    lua_setiuservalue(L, -2, OWNER);
}

void dg_push_message_headers(lua_State *L, const dg_upstream *message) {
    push_object(L);
    lua_createtable(L, (int)message->field_count * 2, 0);
    append_fields(L, lua_gettop(L), message->head, message->fields, message->field_count);
    lua_setiuservalue(L, -2, LIST);
}

void dg_headers_type(lua_State *L) {
    static const luaL_Reg metamethods[] = { { "__index", get_field }, { "__newindex", set_field }, { "__pairs", pairs }, { NULL, NULL } };
    luaL_newmetatable(L, HEADERS_TYPE);
    luaL_setfuncs(L, metamethods, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
