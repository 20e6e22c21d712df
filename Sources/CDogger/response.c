/* Reads what a handler returned, in place: pointers into Lua's strings, no copies. Tables are read raw: a metamethod could
   raise, loop, or change its mind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dogger_json.h"
#include "vm.h"

static const char plain_text[] = "text/plain; charset=utf-8";
#define MOST_HEADER_BYTES ((size_t)1 << 20)
#define ALLOWED "a handler returns nil, a string, or a table with status, headers and one of body, json or upgrade"

/* Raises what is wrong with the answer; dg_failure_of_answer puts the place of the function that gave it in front. */
static void refuse(lua_State *L, const char *format, const char *a, const char *b) {
    lua_pushfstring(L, format, a, b);
    lua_pushfstring(L, "; %s", ALLOWED);
    lua_concat(L, 2);
    lua_error(L);
}

static dg_bytes bytes_of(lua_State *L, int index) {
    size_t length;
    const char *start = lua_tolstring(L, index, &length);
    return (dg_bytes){ start, length };
}

dg_header *dg_add_header(lua_State *L, dg_vm *vm, size_t *count) {
    if (*count == vm->header_capacity) {
        size_t capacity = vm->header_capacity == 0 ? 16 : vm->header_capacity * 2;
        if (capacity > 1024) luaL_error(L, "more than 1024 headers in a response");
        dg_header *grown = realloc(vm->headers, capacity * sizeof *grown);
        if (grown == NULL) luaL_error(L, "not enough memory");
        vm->headers = grown;
        vm->header_capacity = capacity;
    }
    return &vm->headers[(*count)++];
}

void dg_check_header_bytes(lua_State *L, const dg_header *headers, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) total += headers[i].name.length + headers[i].value.length;
    if (total > MOST_HEADER_BYTES) luaL_error(L, "the headers have more than 1 MiB together");
}

/* The value on the top, as bytes that live as long as the coroutine's stack; pops it. */
static dg_bytes header_value(lua_State *L, lua_State *co) {
    if (lua_type(L, -1) == LUA_TSTRING) {       /* in the response's own table, which is kept */
        dg_bytes b = bytes_of(L, -1);
        lua_pop(L, 1);
        return b;
    }
    dg_bytes b = bytes_of(L, -1);               /* a number becomes a string of its own */
    if (!lua_checkstack(co, 2)) luaL_error(L, "not enough memory");    /* not luaL_checkstack: it would raise on a coroutine that does not run */
    lua_xmove(L, co, 1);
    lua_insert(co, -2);                         /* below the response: dg_task_stream finds that on the top */
    return b;
}

static bool is_content_type(dg_bytes name) {
    return name.length == 12 && strncasecmp(name.start, "content-type", 12) == 0;
}

static void read_headers(lua_State *L, int table, lua_State *co, dg_response *r) {
    dg_vm *vm = dg_vm_of(L);
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (lua_type(L, -2) != LUA_TSTRING) refuse(L, "the response's headers has a key that is %s, not a name", luaL_typename(L, -2), "");
        dg_bytes name = bytes_of(L, -2);
        if (is_content_type(name)) r->has_content_type = true;
        if (lua_istable(L, -1)) {
            lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
            for (lua_Integer i = 1; i <= n; i++) {
                int type = lua_rawgeti(L, -1, i);
                if (type != LUA_TSTRING && type != LUA_TNUMBER) refuse(L, "the response's header %s has a list with %s in it", name.start, luaL_typename(L, -1));
                dg_header *h = dg_add_header(L, vm, &count);
                h->name = name;
                h->value = header_value(L, co);
            }
            lua_pop(L, 1);
        } else {
            if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER)
                refuse(L, "the response's header %s is %s, not a string, a number, or a list of them", name.start, luaL_typename(L, -1));
            dg_header *h = dg_add_header(L, vm, &count);
            h->name = name;
            h->value = header_value(L, co);
        }
    }
    dg_check_header_bytes(L, vm->headers, count);
    r->headers = vm->headers;
    r->header_count = count;
}

/* The headers of a request or a response, passed on. The object is kept by the response, and keeps the strings. */
static void read_message_headers(lua_State *L, int index, dg_response *r) {
    dg_read_header_list(L, index, &r->headers, &r->header_count);
    r->is_message = true;
    for (size_t i = 0; i < r->header_count; i++) r->has_content_type |= is_content_type(r->headers[i].name);
}

static void read_json(lua_State *L, int index, dg_response *r) {
    dg_vm *vm = dg_vm_of(L);
    dg_buffer_reset(&vm->json, 1 << 20);
    dg_json_encode(L, index, &vm->json);
    r->body_kind = DG_BODY_BYTES;
    r->body = (dg_bytes){ vm->json.bytes, vm->json.length };
    r->default_content_type = "application/json";
}

static void read_table(lua_State *L, int table, lua_State *co, dg_response *r) {
    r->status = 200;
    const char *body = NULL;
    int json = 0;
    bool has_status = false;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (lua_type(L, -2) != LUA_TSTRING) refuse(L, "the handler returned a table with a key that is %s (a list? { json = list } sends it)", luaL_typename(L, -2), "");
        const char *key = lua_tostring(L, -2);
        int type = lua_type(L, -1);
        if (strcmp(key, "json") == 0) {
            if (body != NULL) refuse(L, "the handler returned both %s and %s", body, key);
            body = "json";
            json = 1;
        } else if (strcmp(key, "status") == 0) {
            int exact = 0;
            lua_Integer status = lua_tointegerx(L, -1, &exact);
            if (type != LUA_TNUMBER || !exact || status < 200 || status > 599) {
                /* Not with luaL_tolstring for the other types: it would run their __tostring here, past the time limit. */
                const char *given = type == LUA_TNUMBER || type == LUA_TSTRING ? luaL_tolstring(L, -1, NULL) : luaL_typename(L, -1);
                const char *quote = type == LUA_TSTRING ? "'" : "";
                lua_pushfstring(L, "%s%s%s", quote, given, quote);
                refuse(L, "the response's status is %s, not a number from 200 to 599%s", lua_tostring(L, -1), "");
            }
            r->status = (int)status;
            has_status = true;
        } else if (strcmp(key, "headers") == 0) {
            if (dg_is_headers(L, -1)) {
                read_message_headers(L, lua_gettop(L), r);
            } else {
                if (type != LUA_TTABLE) refuse(L, "the response's headers is %s, not a table", luaL_typename(L, -1), "");
                read_headers(L, lua_gettop(L), co, r);
            }
        } else if (strcmp(key, "body") == 0) {
            if (body != NULL) refuse(L, "the handler returned both %s and %s", body, key);
            body = "body";
            if (type == LUA_TSTRING) {
                r->body_kind = DG_BODY_BYTES;
                r->body = bytes_of(L, -1);
            } else if (type == LUA_TFUNCTION) {
                r->body_kind = DG_BODY_FUNCTION;
            } else {
                refuse(L, "the response's body is %s, not a string or a function(out)", luaL_typename(L, -1), "");
            }
            r->default_content_type = plain_text;
        } else if (strcmp(key, "upgrade") == 0) {
            if (body != NULL) refuse(L, "the handler returned both %s and %s", body, key);
            body = "upgrade";
            if (type != LUA_TFUNCTION) refuse(L, "the response's upgrade is %s, not a function(stream)", luaL_typename(L, -1), "");
            r->body_kind = DG_BODY_UPGRADE;
        } else {
            refuse(L, "the handler returned a table with the unknown field '%s'%s", key, "");
        }
        lua_pop(L, 1);
    }
    if (has_status && r->body_kind == DG_BODY_UPGRADE) refuse(L, "the handler returned both status and upgrade, which sends its own%s%s", "", "");
    if (json) {
        lua_pushliteral(L, "json");
        lua_rawget(L, table);
        read_json(L, lua_gettop(L), r);
    }
}

/* What req:forward() gave: a table with the metatable that forward.lua made, read raw. */
static bool is_forwarded(lua_State *L, int index) {
    if (!lua_getmetatable(L, index)) return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &dg_key_response);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static int raw_field(lua_State *L, int table, const char *name) {
    lua_pushstring(L, name);
    return lua_rawget(L, table);
}

static void read_forwarded(lua_State *L, int table, dg_response *r) {
    raw_field(L, table, "status");
    int exact = 0;
    lua_Integer status = lua_tointegerx(L, -1, &exact);
    if (!exact || status < 101 || status > 599) refuse(L, "the response's status is not a number from 200 to 599%s%s", "", "");
    r->status = (int)status;
    raw_field(L, table, "headers");
    if (!dg_is_headers(L, -1)) refuse(L, "the response's headers were replaced by %s: set single ones, like res.headers[\"X-Name\"] = value%s", luaL_typename(L, -1), "");
    read_message_headers(L, lua_gettop(L), r);
    if (raw_field(L, table, "content") == LUA_TSTRING) {
        r->body_kind = DG_BODY_BYTES;
        r->body = bytes_of(L, -1);
    } else if (lua_isfunction(L, -1)) {
        r->body_kind = DG_BODY_FUNCTION;
    } else if (raw_field(L, table, "switch") == LUA_TFUNCTION) {
        r->body_kind = DG_BODY_UPGRADE;
    } else if (raw_field(L, table, "number") == LUA_TNUMBER) {
        r->body_kind = DG_BODY_UPSTREAM;
        r->upstream = (int)lua_tointeger(L, -1);
        r->tapped = raw_field(L, table, "look") == LUA_TFUNCTION;
    }
}

void dg_read_response(lua_State *L, int index, lua_State *co, dg_outcome *outcome) {
    dg_response *r = &outcome->response;
    memset(r, 0, sizeof *r);
    outcome->state = DG_RESPONDED;
    switch (lua_type(L, index)) {
    case LUA_TNIL: outcome->state = DG_NOT_MINE; return;
    case LUA_TSTRING:
        r->status = 200;
        r->body_kind = DG_BODY_BYTES;
        r->body = bytes_of(L, index);
        r->default_content_type = plain_text;
        return;
    case LUA_TTABLE:
        if (is_forwarded(L, index)) read_forwarded(L, index, r);
        else read_table(L, index, co, r);
        return;
    default: refuse(L, "the handler returned %s%s", luaL_typename(L, index), "");
    }
}
