/*
 * Route tables: ["GET /containers/{id}/json"] = function. The patterns are compiled once and sorted, the most specific
 * first, so the first that matches is the one to call, whatever order the table came in. A pattern is compared with the
 * segments of the raw target, and only then is anything decoded: %2F can't move a boundary.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"

typedef enum segment_kind { LITERAL, PARAMETER, REST } segment_kind;

typedef struct segment {
    segment_kind kind;
    const char *text;           /* the literal, or the parameter's name; in the pattern's own bytes */
    size_t length;
} segment;

typedef struct route {
    const char *pattern;
    const char *method;
    size_t method_length;
    segment *segments;
    int count;
    int rest;                   /* the index of the segment that takes several; -1 */
    int parameters;
    int handler;                /* its number in the closure's table of functions */
} route;

typedef struct router {
    bool versioned;             /* takes /v1.50 off, and sets req.version */
    int count;
    route routes[];
} router;

#define MOST_SEGMENTS 64

/* The place is the script's: the table may have come through docker.engine. */
static void refuse(lua_State *L, const char *format, ...) {
    va_list arguments;
    dg_push_place(L);
    va_start(arguments, format);
    lua_pushvfstring(L, format, arguments);
    va_end(arguments);
    lua_concat(L, 2);
    lua_error(L);
}

static size_t count_segments(const char *path) {
    size_t n = 0;
    for (; *path; path++) n += *path == '/';
    return n;
}

static void compile_segment(lua_State *L, const char *pattern, segment *s, bool last) {
    const char *brace = memchr(s->text, '{', s->length);
    if (brace == NULL && memchr(s->text, '}', s->length) == NULL) {
        s->kind = LITERAL;
        if (s->length == 0 && !last) refuse(L, "the route \"%s\" has an empty segment (//)", pattern);
        return;
    }
    if (brace != s->text || s->length < 3 || s->text[s->length - 1] != '}') refuse(L, "the route \"%s\": a {parameter} takes a whole segment", pattern);
    s->kind = PARAMETER;
    s->text++;
    s->length -= 2;
    if (s->length > 3 && memcmp(s->text + s->length - 3, "...", 3) == 0) {
        s->kind = REST;
        s->length -= 3;
    }
    for (size_t i = 0; i < s->length; i++) {
        char c = s->text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9')) refuse(L, "the route \"%s\": a parameter's name is letters, digits and _", pattern);
    }
}

static void compile(lua_State *L, const char *pattern, route *r, segment *segments) {
    const char *space = strchr(pattern, ' ');
    if (space == NULL || space == pattern || space[1] != '/')
        refuse(L, "the route \"%s\" is not of the form \"METHOD /path\" (\"GET /containers/{id}/json\"; * is any method, {name...} several segments)", pattern);
    if (strpbrk(space, "?#%") != NULL) refuse(L, "the route \"%s\": write the path decoded, and without a query", pattern);
    r->pattern = pattern;
    r->method = pattern;
    r->method_length = (size_t)(space - pattern);
    r->segments = segments;
    r->rest = -1;
    const char *p = space + 1;
    while (*p == '/') {
        p++;
        if (r->count == MOST_SEGMENTS) refuse(L, "the route \"%s\" has more than %d segments", pattern, MOST_SEGMENTS);
        const char *end = p + strcspn(p, "/");
        segment *s = &segments[r->count];
        s->text = p;
        s->length = (size_t)(end - p);
        compile_segment(L, pattern, s, *end == 0);
        if (s->kind == REST) {
            if (r->rest >= 0) refuse(L, "the route \"%s\" has two {...}: only one can take the rest", pattern);
            r->rest = r->count;
        }
        r->parameters += s->kind != LITERAL;
        for (int i = 0; i < r->count; i++)
            if (s->kind != LITERAL && segments[i].kind != LITERAL && segments[i].length == s->length && memcmp(segments[i].text, s->text, s->length) == 0)
                refuse(L, "the route \"%s\" names a parameter twice", pattern);
        r->count++;
        p = end;
    }
}

static int method_rank(const route *r) {
    if (r->method_length == 1 && r->method[0] == '*') return 2;
    return r->method_length == 4 && memcmp(r->method, "HEAD", 4) == 0 ? 0 : 1;      /* before GET, which answers HEAD too */
}

/* A literal before a parameter before the rest, from the left; the longer pattern first; then by method. 0: both match the
   same requests. */
static int compare(const void *x, const void *y) {
    const route *a = x, *b = y;
    for (int i = 0; i < a->count && i < b->count; i++) {
        const segment *s = &a->segments[i], *t = &b->segments[i];
        if (s->kind != t->kind) return (int)s->kind - (int)t->kind;
        if (s->kind != LITERAL) continue;
        size_t n = s->length < t->length ? s->length : t->length;
        int order = memcmp(s->text, t->text, n);
        if (order != 0) return order;
        if (s->length != t->length) return s->length < t->length ? -1 : 1;
    }
    if (a->count != b->count) return b->count - a->count;
    int rank = method_rank(a) - method_rank(b);
    if (rank != 0) return rank;
    size_t n = a->method_length < b->method_length ? a->method_length : b->method_length;
    int order = memcmp(a->method, b->method, n);
    return order != 0 ? order : (int)a->method_length - (int)b->method_length;
}

typedef struct raw_segment {
    const char *text;
    size_t length;
} raw_segment;

/* So many have a place on the stack. */
#define FEW_SEGMENTS 64

static size_t count_slashes(dg_bytes path) {
    size_t n = 0;
    for (size_t i = 0; i < path.length; i++) n += path.start[i] == '/';
    return n;
}

/* The byte that stands at *i, decoded; *i goes on to the next. */
static char next_byte(raw_segment raw, size_t *i) {
    char c = raw.text[(*i)++];
    if (c != '%' || *i + 1 >= raw.length) return c;
    int value = dg_hex(raw.text[*i]) * 16 + dg_hex(raw.text[*i + 1]);
    if (value < 0) return c;
    *i += 2;
    return (char)value;
}

/* Compares a raw segment with a literal, decoding as it goes. */
static bool equals(raw_segment raw, const segment *literal, bool escaped) {
    if (!escaped) return raw.length == literal->length && memcmp(raw.text, literal->text, raw.length) == 0;
    size_t j = 0;
    for (size_t i = 0; i < raw.length; j++)
        if (j >= literal->length || literal->text[j] != next_byte(raw, &i)) return false;
    return j == literal->length;
}

static bool path_matches(const route *r, const raw_segment *raw, int count, bool escaped) {
    int more = count - r->count;
    if (r->rest < 0 ? more != 0 : more < 0) return false;
    for (int i = 0; i < r->count; i++) {
        const segment *s = &r->segments[i];
        raw_segment given = raw[r->rest >= 0 && i > r->rest ? i + more : i];
        if (s->kind == LITERAL && !equals(given, s, escaped)) return false;
        if (s->kind == PARAMETER && given.length == 0) return false;
    }
    return true;
}

static bool method_matches(const route *r, const char *method, size_t length) {
    if (r->method_length == 1 && r->method[0] == '*') return true;
    if (r->method_length == length && memcmp(r->method, method, length) == 0) return true;
    return length == 4 && memcmp(method, "HEAD", 4) == 0 && r->method_length == 3 && memcmp(r->method, "GET", 3) == 0;
}

static void set_parameters(lua_State *L, const route *r, const raw_segment *raw, int count) {
    lua_createtable(L, 0, r->parameters);
    for (int i = 0; i < r->count; i++) {
        const segment *s = &r->segments[i];
        if (s->kind == LITERAL) continue;
        int more = count - r->count;
        int from = r->rest >= 0 && i > r->rest ? i + more : i, to = s->kind == REST ? i + more : from;
        lua_pushlstring(L, s->text, s->length);
        dg_push_decoded(L, raw[from].text, (size_t)(raw[to].text + raw[to].length - raw[from].text), false);
        lua_rawset(L, -3);
    }
    dg_overlay_set(L, 1, "params");
}

/* "v1.50" -> 1: the length of the v where digits and dots follow it; 0 where they don't. The engine's own router decodes the
   path before it looks, so /%761%2E50 has to be a version here too: else it would go by the routes that it belongs to. */
static size_t version_mark(raw_segment s) {
    size_t i = 0;
    if (s.length < 2 || next_byte(s, &i) != 'v' || i == s.length) return 0;
    size_t mark = i;
    while (i < s.length) {
        char c = next_byte(s, &i);
        if (c != '.' && (c < '0' || c > '9')) return 0;
    }
    return mark;
}

static int finish(lua_State *L, int status, lua_KContext context) {
    (void)L;
    (void)status;
    (void)context;
    return 1;
}

/* What routes are matched with. */
typedef struct subject {
    dg_bytes method, path;
} subject;

/* Pushes a decoded path as a raw one, as far as matching goes. */
static void push_escaped(lua_State *L, dg_bytes path) {
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < path.length; i++) {
        if (path.start[i] == '%') luaL_addstring(&b, "%25");
        else luaL_addchar(&b, path.start[i]);
    }
    luaL_pushresult(&b);
}

/* The method and path that req:forward() would send: what an earlier handler has changed counts for the later ones. May leave
   the path's string on the stack. */
static subject subject_of(lua_State *L, const dg_request *q) {
    subject s = { .method = { q->head + q->method.offset, q->method.length } };
    dg_bytes own, query;
    dg_own_string(L, "method", &s.method);
    dg_target_parts(L, &s.path, &query);
    if (dg_own_string(L, "path", &own)) {
        size_t length;
        dg_push_decoded(L, s.path.start, s.path.length, false);
        const char *read = lua_tolstring(L, -1, &length);
        if (length != own.length || memcmp(read, own.start, length) != 0) {
            push_escaped(L, own);
            s.path.start = lua_tolstring(L, -1, &s.path.length);
        }
    }
    return s;
}

/* The handler function that a route table becomes. Upvalues: the router, the functions. */
static int answer(lua_State *L) {
    dg_object *object = dg_check_request(L, 1);
    const router *all = lua_touserdata(L, lua_upvalueindex(1));
    lua_settop(L, 1);
    const subject q = subject_of(L, &object->task->request);
    const char *path = q.path.start, *end = path + q.path.length;
    bool escaped = memchr(path, '%', q.path.length) != NULL;
    raw_segment few[FEW_SEGMENTS];
    int count = 0;
    if (path == end || *path != '/') return 0;          /* OPTIONS * */
    size_t given = count_slashes(q.path);
    raw_segment *raw = given <= FEW_SEGMENTS ? few : lua_newuserdatauv(L, given * sizeof *raw, 0);
    while (path < end) {
        const char *start = path + 1, *slash = memchr(start, '/', (size_t)(end - start));
        if (slash == NULL) slash = end;
        raw[count++] = (raw_segment){ start, (size_t)(slash - start) };
        path = slash;
    }
    size_t mark = all->versioned && count > 1 ? version_mark(raw[0]) : 0;
    if (mark > 0) {
        dg_push_decoded(L, raw[0].text + mark, raw[0].length - mark, false);
        dg_overlay_set(L, 1, "version");
        raw++;
        count--;
    } else if (all->versioned && dg_own_string(L, "version", &(dg_bytes){ 0 })) {     /* of a target that an earlier handler had set */
        lua_pushnil(L);
        dg_overlay_set(L, 1, "version");
    }
    for (int i = 0; i < all->count; i++) {
        const route *r = &all->routes[i];
        if (!path_matches(r, raw, count, escaped) || !method_matches(r, q.method.start, q.method.length)) continue;
        if (r->parameters > 0) set_parameters(L, r, raw, count);
        lua_settop(L, 1);
        lua_rawgeti(L, lua_upvalueindex(2), r->handler);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, DG_ANSWERING);
        lua_insert(L, 1);
        lua_callk(L, 1, 1, 0, finish);
        return 1;
    }
    return 0;
}

void dg_push_router(lua_State *L, int index, bool versioned) {
    index = lua_absindex(L, index);
    luaL_checktype(L, index, LUA_TTABLE);
    size_t count = 0, segments = 0;
    lua_newtable(L);
    int functions = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (lua_type(L, -2) != LUA_TSTRING) refuse(L, "a route table's keys are strings like \"GET /containers/json\", not %s", luaL_typename(L, -2));
        if (lua_type(L, -1) != LUA_TFUNCTION) refuse(L, "the route \"%s\" is %s, not a function", lua_tostring(L, -2), luaL_typename(L, -1));
        if (strlen(lua_tostring(L, -2)) != lua_rawlen(L, -2)) refuse(L, "a route has a NUL byte in it");
        count++;
        segments += count_segments(lua_tostring(L, -2));
        lua_pop(L, 1);
    }
    if (count == 0) refuse(L, "the route table is empty: write [\"GET /path\"] = function(req) ... end in it");
    size_t size = sizeof(router) + count * sizeof(route);
    router *all = lua_newuserdatauv(L, size + segments * sizeof(segment), 0);
    memset(all, 0, size + segments * sizeof(segment));
    segment *next = (segment *)((char *)all + size);
    all->versioned = versioned;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        route *r = &all->routes[all->count];
        const char *pattern = lua_tostring(L, -2);
        r->handler = ++all->count;
        lua_rawseti(L, functions, r->handler);
        lua_pushvalue(L, -1);
        lua_rawseti(L, functions, -r->handler);     /* keeps the pattern's bytes alive */
        compile(L, pattern, r, next);
        next += r->count;
    }
    qsort(all->routes, count, sizeof(route), compare);
    for (size_t i = 1; i < count; i++)
        if (compare(&all->routes[i - 1], &all->routes[i]) == 0)
            refuse(L, "the routes \"%s\" and \"%s\" match the same requests", all->routes[i - 1].pattern, all->routes[i].pattern);
    lua_pushvalue(L, functions);
    lua_pushcclosure(L, answer, 2);
    lua_replace(L, functions);
}

int dg_routes(lua_State *L) {
    dg_push_router(L, 1, false);
    return 1;
}

int dg_versioned_routes(lua_State *L) {
    dg_push_router(L, 1, true);
    return 1;
}
