/*
 * The object that a script knows as `req`. Its fields are lazy: nothing of a request becomes a Lua value before somebody
 * reads it. What was made once, and what the script set itself, lies in a table that is made when the first such thing is.
 */
#include <string.h>

#include "dogger_json.h"
#include "vm.h"

typedef enum field { F_NONE, F_METHOD, F_TARGET, F_PATH, F_QUERY, F_HEADERS, F_PARAMS, F_PEER, F_ID, F_BODY } field;

dg_object *dg_check_request(lua_State *L, int index) {
    dg_object *object = luaL_checkudata(L, index, DG_REQUEST_TYPE);
    if (dg_is_over(object)) luaL_error(L, "this request is over: keep what you need of it in a local variable while it runs");
    return object;
}

dg_object *dg_check_own_request(lua_State *L, int index) {
    dg_object *object = dg_check_request(L, index);
    const dg_task *running = dg_vm_of(L)->task;
    if (running == NULL) luaL_error(L, "the request has failed, or its client is gone: nothing more can be read or written");
    if (object->task != running)
        luaL_error(L, "this belongs to another request: a body or a stream can be read and written only by the function that answers its own request");
    return object;
}

/* Pushes the object's own fields; nil where there are none yet. */
static int push_own_fields(lua_State *L, int request) { return lua_getiuservalue(L, request, DG_OWN_FIELDS); }

void dg_overlay_set(lua_State *L, int request, const char *name) {
    request = lua_absindex(L, request);
    if (push_own_fields(L, request) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 4);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, request, DG_OWN_FIELDS);
    }
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

/* Keeps the value on the top for the next read, and leaves it there. */
static int remember(lua_State *L, const char *name) {
    lua_pushvalue(L, -1);
    dg_overlay_set(L, 1, name);
    return 1;
}

static void push_slice(lua_State *L, const dg_request *r, dg_slice s) { lua_pushlstring(L, r->head + s.offset, s.length); }

bool dg_own_string(lua_State *L, const char *name, dg_bytes *bytes) {
    int top = lua_gettop(L);
    bool found = push_own_fields(L, 1) == LUA_TTABLE && lua_getfield(L, -1, name) == LUA_TSTRING;
    if (found) bytes->start = lua_tolstring(L, -1, &bytes->length);
    lua_settop(L, top);
    return found;
}

void dg_target_parts(lua_State *L, dg_bytes *path, dg_bytes *query) {
    const dg_request *r = &dg_check_request(L, 1)->task->request;
    dg_bytes own;
    *path = (dg_bytes){ r->head + r->path.offset, r->path.length };
    *query = (dg_bytes){ r->head + r->query.offset, r->has_query ? r->query.length : 0 };
    if (!dg_own_string(L, "target", &own)) return;
    const char *mark = memchr(own.start, '?', own.length), *end = own.start + own.length;
    *path = (dg_bytes){ own.start, (size_t)((mark == NULL ? end : mark) - own.start) };
    *query = mark == NULL ? (dg_bytes){ end, 0 } : (dg_bytes){ mark + 1, (size_t)(end - mark - 1) };
}

/* Calls `each` with the raw name and value of every pair of the query; it returns false to stop. */
typedef bool (*query_visitor)(lua_State *L, const char *name, size_t name_length, const char *value, size_t value_length);

static void visit_query(lua_State *L, query_visitor each) {
    dg_bytes path, query;
    dg_target_parts(L, &path, &query);
    const char *p = query.start, *end = p + query.length;
    while (p < end) {
        const char *amp = memchr(p, '&', (size_t)(end - p));
        if (amp == NULL) amp = end;
        const char *equals = memchr(p, '=', (size_t)(amp - p));
        if (equals == NULL) equals = amp;
        if (amp > p && !each(L, p, (size_t)(equals - p), equals < amp ? equals + 1 : amp, equals < amp ? (size_t)(amp - equals - 1) : 0)) return;
        p = amp + 1;
    }
}

static bool add_to_table(lua_State *L, const char *name, size_t n, const char *value, size_t v) {
    dg_push_decoded(L, name, n, true);
    dg_push_decoded(L, value, v, true);
    lua_rawset(L, -3);
    return true;
}

/* The list is on the top, the wanted name below it. */
static bool add_to_list(lua_State *L, const char *name, size_t n, const char *value, size_t v) {
    dg_push_decoded(L, name, n, true);
    bool wanted = lua_rawequal(L, -1, -3);
    lua_pop(L, 1);
    if (wanted) {
        dg_push_decoded(L, value, v, true);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
    return true;
}

static int queries(lua_State *L) {
    dg_check_request(L, 1);
    luaL_checkstring(L, 2);
    lua_settop(L, 2);
    lua_newtable(L);
    visit_query(L, add_to_list);
    return 1;
}

/* Leaves the body on the top, and keeps it for the next read. */
static void keep_body(lua_State *L) {
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, DG_BODY_STRING);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, DG_CLIENT_BODY);
}

/* Pushes the body, or does not return: then `then` goes on once it is there. */
static void push_body(lua_State *L, dg_object *object, lua_KFunction then) {
    if (lua_getiuservalue(L, 1, DG_BODY_STRING) == LUA_TSTRING) return;
    lua_pop(L, 1);
    dg_request *r = &object->task->request;
    if (r->body_is_here) {
        lua_pushlstring(L, r->body.start, r->body.length);
    } else {
        dg_check_own_request(L, 1);
        if (object->task->body_is_gone) luaL_error(L, "the request's body was read with req:chunks() and is gone: put the chunks together, or read req.body in their place");
        dg_call call = { .op = DG_OP_BODY };
        dg_host_call(L, &call, 0, then);
    }
    keep_body(L);
}

static int body_arrived(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    dg_push_answer(L, dg_vm_of(L)->answer);
    keep_body(L);
    return 1;
}

static int decode_body(lua_State *L) {
    size_t length;
    const char *text = lua_tolstring(L, 1, &length);
    dg_json_decode(L, text, length);
    return 1;
}

/* The client's fault and not the script's: 400, unless the script catches it. */
static int json_of_body(lua_State *L) {
    lua_pushcfunction(L, decode_body);
    lua_insert(L, -2);
    int status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_OK) return 1;
    if (status == LUA_ERRMEM) {
        lua_pushliteral(L, "there is not enough memory to decode the request's body: raise --memory-limit");
        return dg_raise(L, 503);
    }
    lua_pushliteral(L, "the request's body is not JSON: ");
    lua_insert(L, -2);
    lua_concat(L, 2);
    return dg_raise(L, 400);
}

static int json_arrived(lua_State *L, int status, lua_KContext context) {
    body_arrived(L, status, context);
    return json_of_body(L);
}

static int json(lua_State *L) {
    dg_object *object = dg_check_request(L, 1);
    lua_settop(L, 1);
    push_body(L, object, json_arrived);
    return json_of_body(L);
}

/* Upvalues: the request, and true once a body that was read whole has been given in one piece. */
static int next_chunk(lua_State *L) {
    lua_settop(L, 0);
    lua_pushvalue(L, lua_upvalueindex(1));
    if (lua_getiuservalue(L, 1, DG_BODY_STRING) == LUA_TSTRING) {
        if (lua_toboolean(L, lua_upvalueindex(2)) || lua_rawlen(L, -1) == 0) return 0;
        lua_pushboolean(L, 1);
        lua_replace(L, lua_upvalueindex(2));
        return 1;
    }
    dg_object *object = dg_check_own_request(L, 1);
    object->task->request.body_is_here = false;     /* what is read here, req.body no longer has */
    object->task->body_is_gone = true;
    dg_call call = { .op = DG_OP_CHUNK };
    return dg_host_call(L, &call, 0, dg_host_returns);
}

static int chunks(lua_State *L) {
    dg_check_request(L, 1);
    lua_settop(L, 1);
    lua_pushboolean(L, 0);
    lua_pushcclosure(L, next_chunk, 2);
    return 1;
}

/* Upvalues: the table of methods and fields (name -> function, or field number). */
static int get_field(lua_State *L) {
    dg_object *object = lua_touserdata(L, 1);
    lua_pushvalue(L, 2);
    int type = lua_rawget(L, lua_upvalueindex(1));
    if (type == LUA_TFUNCTION) return 1;
    dg_check_request(L, 1);
    if (push_own_fields(L, 1) == LUA_TTABLE) {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, -2) != LUA_TNIL) return 1;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    field wanted = type == LUA_TNUMBER ? (field)lua_tointeger(L, -1) : F_NONE;
    dg_request *r = &object->task->request;
    switch (wanted) {
    case F_METHOD: push_slice(L, r, r->method); return 1;
    case F_TARGET: push_slice(L, r, r->target); return 1;
    case F_PATH: {
        dg_bytes path, query;
        dg_target_parts(L, &path, &query);
        dg_push_decoded(L, path.start, path.length, false);
        return remember(L, "path");
    }
    case F_QUERY:
        lua_newtable(L);
        visit_query(L, add_to_table);
        return remember(L, "query");
    case F_HEADERS: dg_push_headers(L, 1); return remember(L, "headers");
    case F_PARAMS: lua_newtable(L); return remember(L, "params");
    case F_PEER: dg_push_peer(L, r); return remember(L, "peer");
    case F_ID: lua_pushinteger(L, (lua_Integer)r->id); return 1;
    case F_BODY:
        lua_settop(L, 1);
        push_body(L, object, body_arrived);
        return 1;
    case F_NONE: break;
    }
    lua_pushnil(L);
    return 1;
}

static int set_field(lua_State *L) {
    dg_check_request(L, 1);
    const char *name = luaL_checkstring(L, 2);
    lua_settop(L, 3);
    if (strcmp(name, "body") == 0) {
        if (lua_isnil(L, 3)) lua_getiuservalue(L, 1, DG_CLIENT_BODY);
        else luaL_checktype(L, 3, LUA_TSTRING);
        lua_setiuservalue(L, 1, DG_BODY_STRING);
        return 0;
    }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TFUNCTION) return luaL_error(L, "req:%s() is a method: give a field of your own another name", name);
    lua_settop(L, 3);
    dg_overlay_set(L, 1, name);
    if (strcmp(name, "target") == 0) {      /* they are parts of it */
        lua_pushnil(L);
        dg_overlay_set(L, 1, "path");
        lua_pushnil(L);
        dg_overlay_set(L, 1, "query");
    }
    return 0;
}

static int to_string(lua_State *L) {
    dg_object *object = luaL_checkudata(L, 1, DG_REQUEST_TYPE);
    if (dg_is_over(object)) {
        lua_pushliteral(L, "a request that is over");
        return 1;
    }
    dg_request *r = &object->task->request;
    push_slice(L, r, r->method);
    lua_pushliteral(L, " ");
    push_slice(L, r, r->target);
    lua_concat(L, 3);
    return 1;
}

void dg_request_types(lua_State *L) {
    static const struct { const char *name; field field; } fields[] = { { "method", F_METHOD }, { "target", F_TARGET }, { "path", F_PATH },
        { "query", F_QUERY }, { "headers", F_HEADERS }, { "params", F_PARAMS }, { "peer", F_PEER }, { "id", F_ID }, { "body", F_BODY } };
    static const luaL_Reg methods[] = { { "json", json }, { "queries", queries }, { "chunks", chunks }, { "forward", dg_forward_request }, { NULL, NULL } };
    luaL_newmetatable(L, DG_REQUEST_TYPE);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        lua_pushinteger(L, fields[i].field);
        lua_setfield(L, -2, fields[i].name);
    }
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, get_field, 1);
    lua_setfield(L, -3, "__index");
    lua_pushcclosure(L, set_field, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, to_string);
    lua_setfield(L, -2, "__tostring");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
