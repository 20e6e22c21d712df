/* req.headers: looks a name up without regard to case, gives every pair in order, makes no string that nobody reads. */
#include <string.h>
#include <strings.h>

#include "vm.h"

#define HEADERS_TYPE "dogger.headers"

/* The object's user value is its request, which knows whether it is still there. */
static const dg_request *request_of(lua_State *L, int index) {
    lua_getiuservalue(L, index, 1);
    const dg_request *r = &dg_check_request(L, -1)->task->request;
    lua_pop(L, 1);
    return r;
}

static const dg_field *find(const dg_request *r, const char *name, size_t length, size_t from) {
    for (size_t i = from; i < r->field_count; i++)
        if (r->fields[i].name.length == length && strncasecmp(r->head + r->fields[i].name.offset, name, length) == 0) return &r->fields[i];
    return NULL;
}

/* A field that came more than once is joined by ", ", as RFC 9110 5.3 allows (Cookie by "; ", RFC 9113 8.2.3). */
static int get_field(lua_State *L) {
    const dg_request *r = request_of(L, 1);
    size_t length;
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    const char *name = lua_tolstring(L, 2, &length);
    const dg_field *f = find(r, name, length, 0);
    if (f == NULL) return 0;
    lua_pushlstring(L, r->head + f->value.offset, f->value.length);
    while ((f = find(r, name, length, (size_t)(f - r->fields) + 1)) != NULL) {
        lua_pushstring(L, length == 6 && strncasecmp(name, "cookie", 6) == 0 ? "; " : ", ");
        lua_pushlstring(L, r->head + f->value.offset, f->value.length);
        lua_concat(L, 3);
    }
    return 1;
}

static int set_field(lua_State *L) {
    return luaL_error(L, "req.headers.%s can't be set: the request's headers are read-only",
                      lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2));
}

/* Upvalues: the headers, the number of the next pair. */
static int next_pair(lua_State *L) {
    const dg_request *r = request_of(L, lua_upvalueindex(1));
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
    if ((size_t)i >= r->field_count) return 0;
    lua_pushinteger(L, i + 1);
    lua_replace(L, lua_upvalueindex(2));
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

void dg_push_headers(lua_State *L, int request) {
    request = lua_absindex(L, request);
    lua_newuserdatauv(L, 0, 1);
    lua_pushvalue(L, request);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, HEADERS_TYPE);
}

void dg_headers_type(lua_State *L) {
    static const luaL_Reg metamethods[] = { { "__index", get_field }, { "__newindex", set_field }, { "__pairs", pairs }, { NULL, NULL } };
    luaL_newmetatable(L, HEADERS_TYPE);
    luaL_setfuncs(L, metamethods, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
