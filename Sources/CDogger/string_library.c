/* string.find, match, gmatch and gsub, as in the manual (6.4), over pattern.c: the deadline ends them wherever they are. */
#define _GNU_SOURCE     /* memmem */
#include <lua5.4/lauxlib.h>
#include <string.h>

#include "pattern.h"
#include "vm.h"

#define PLAIN_BYTES_TO_LOOK ((size_t)1 << 20)

/* Where a search begins, counted from 0, of the argument `index`: below 0 it counts from the end. */
static size_t start_of(lua_State *L, int index, size_t length) {
    lua_Integer start = luaL_optinteger(L, index, 1);
    if (start > 0) return (size_t)start - 1;
    if (start == 0 || start < -(lua_Integer)length) return 0;
    return (size_t)((lua_Integer)length + start);
}

/* Where a small pattern is compiled to, on C's stack. */
typedef union room {
    dg_pattern_item items[48];
    dg_byte_set sets[24];
} room;

/* Pushes one value, which must stay on the stack for as long as the pattern is used. */
static void compile(lua_State *L, dg_pattern *pattern, room *small, const char *text, size_t length) {
    size_t size = dg_pattern_size(text, length);
    void *memory = small;
    if (size > sizeof *small) memory = lua_newuserdatauv(L, size, 0);
    else lua_pushnil(L);
    dg_pattern_compile(L, pattern, memory, text, length);
}

typedef struct piece {
    const char *start;
    ptrdiff_t length;           /* or DG_POSITION */
} piece;

/* A capture of the match from `start` to `end`; the first of a pattern that has none is all of it. */
static piece capture(const dg_match *m, int number, const char *start, const char *end) {
    if (number >= m->captures) {
        if (number > 0) luaL_error(m->L, "invalid capture index %%%d", number + 1);
        return (piece){ start, end - start };
    }
    if (m->capture[number].length == DG_UNFINISHED) luaL_error(m->L, "unfinished capture");
    return (piece){ m->capture[number].start, m->capture[number].length };
}

static void push_capture(const dg_match *m, int number, const char *start, const char *end) {
    piece p = capture(m, number, start, end);
    if (p.length == DG_POSITION) lua_pushinteger(m->L, p.start - m->subject + 1);
    else lua_pushlstring(m->L, p.start, (size_t)p.length);
}

static int push_captures(const dg_match *m) {
    luaL_checkstack(m->L, m->captures, "too many captures");
    for (int i = 0; i < m->captures; i++) push_capture(m, i, NULL, NULL);
    return m->captures;
}

/* All captures; where there are none, the match. */
static int push_match(const dg_match *m, const char *start, const char *end) {
    if (m->captures > 0) return push_captures(m);
    lua_pushlstring(m->L, start, (size_t)(end - start));
    return 1;
}

/* The first match at `from` or behind it, and where it ends; NULL where there is none. */
static const char *search(const dg_pattern *pattern, dg_match *m, const char *from, const char **end) {
    for (;; from++) {
        from = dg_pattern_candidate(pattern, m, from);
        if (from == NULL) return NULL;
        *end = dg_pattern_match(pattern, m, from);
        if (*end != NULL) return from;
        if (from == m->end) return NULL;
    }
}

static bool is_plain(const char *text, size_t length) {
    static const bool is_special[256] = { ['^'] = true, ['$'] = true, ['*'] = true, ['+'] = true, ['?'] = true, ['.'] = true, ['('] = true,
        ['['] = true, ['%'] = true, ['-'] = true };
    for (size_t i = 0; i < length; i++)
        if (is_special[(unsigned char)text[i]]) return false;
    return true;
}

/* memmem, which may take some hundred steps a byte. */
static const char *find_bytes(lua_State *L, const char *from, const char *end, const char *wanted, size_t length) {
    if (length == 0) return from;
    /* Alone it is several times as fast, where the first byte is a rare one. */
    from = memchr(from, wanted[0], (size_t)(end - from));
    if (from == NULL) return NULL;
    size_t stride = length > PLAIN_BYTES_TO_LOOK ? length : PLAIN_BYTES_TO_LOOK;
    for (; (size_t)(end - from) > stride + length; from += stride) {
        const char *found = memmem(from, stride + length - 1, wanted, length);
        if (found != NULL) return found;
        dg_deadline_check(L);
    }
    return memmem(from, (size_t)(end - from), wanted, length);
}

static int find_plainly(lua_State *L, const char *text, size_t length, size_t start, const char *wanted, size_t wanted_length) {
    const char *found = find_bytes(L, text + start, text + length, wanted, wanted_length);
    if (found == NULL) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, found - text + 1);
    lua_pushinteger(L, found - text + (lua_Integer)wanted_length);
    return 2;
}

static int find_or_match(lua_State *L, bool finds) {
    size_t length, pattern_length;
    const char *text = luaL_checklstring(L, 1, &length), *pattern_text = luaL_checklstring(L, 2, &pattern_length);
    size_t start = start_of(L, 3, length);
    if (start > length) {
        lua_pushnil(L);
        return 1;
    }
    if (finds && (lua_toboolean(L, 4) || is_plain(pattern_text, pattern_length)))
        return find_plainly(L, text, length, start, pattern_text, pattern_length);
    bool anchored = pattern_length > 0 && *pattern_text == '^';
    dg_pattern pattern;
    room small;
    compile(L, &pattern, &small, pattern_text + anchored, pattern_length - anchored);
    dg_match m;
    dg_match_begin(&m, L, text, length);
    const char *from = text + start, *end = NULL;
    if (anchored) end = dg_pattern_match(&pattern, &m, from);
    else from = search(&pattern, &m, from, &end);
    if (from == NULL || end == NULL) {
        lua_pushnil(L);
        return 1;
    }
    if (!finds) return push_match(&m, from, end);
    lua_pushinteger(L, from - text + 1);
    lua_pushinteger(L, end - text);
    return push_captures(&m) + 2;
}

static int find(lua_State *L) { return find_or_match(L, true); }
static int match(lua_State *L) { return find_or_match(L, false); }

/* What gmatch's iterator goes on from; the compiled pattern lies behind it. */
typedef struct walk {
    size_t at;
    size_t last_end;            /* of the match before: an empty one is not found there again */
    bool has_last;
    dg_pattern pattern;
} walk;

/* Upvalues: the text, the pattern's text, the walk. */
static int next_match(lua_State *L) {
    size_t length;
    const char *text = lua_tolstring(L, lua_upvalueindex(1), &length);
    walk *w = lua_touserdata(L, lua_upvalueindex(3));
    dg_match m;
    dg_match_begin(&m, L, text, length);
    while (w->at <= length) {
        const char *end, *from = search(&w->pattern, &m, text + w->at, &end);
        if (from == NULL) break;
        size_t end_at = (size_t)(end - text);
        if (w->has_last && end_at == w->last_end) {
            w->at = (size_t)(from - text) + 1;
            continue;
        }
        w->at = w->last_end = end_at;
        w->has_last = true;
        return push_match(&m, from, end);
    }
    w->at = length + 1;
    return 0;
}

static int gmatch(lua_State *L) {
    size_t length, pattern_length;
    luaL_checklstring(L, 1, &length);
    const char *pattern_text = luaL_checklstring(L, 2, &pattern_length);
    size_t start = start_of(L, 3, length);
    lua_settop(L, 2);
    size_t size = (sizeof(walk) + 15) & ~(size_t)15;
    walk *w = lua_newuserdatauv(L, size + dg_pattern_size(pattern_text, pattern_length), 0);
    w->at = start > length ? length + 1 : start;
    w->has_last = false;
    dg_pattern_compile(L, &w->pattern, (char *)w + size, pattern_text, pattern_length);
    lua_pushcclosure(L, next_match, 3);
    return 1;
}

static inline void add_bytes(luaL_Buffer *out, const char *start, const char *end) {
    if (start < end) luaL_addlstring(out, start, (size_t)(end - start));
}

/* The replacement's text, in which %1 is a capture, %0 the match, and %% a percent sign. */
static void add_text(const dg_match *m, luaL_Buffer *out, const char *start, const char *end) {
    size_t length;
    const char *text = lua_tolstring(m->L, 3, &length), *text_end = text + length, *percent;
    while ((percent = memchr(text, '%', (size_t)(text_end - text))) != NULL) {
        dg_deadline_check(m->L);
        add_bytes(out, text, percent);
        char byte = percent + 1 < text_end ? percent[1] : 0;
        text = percent + 2;
        if (byte == '%') {
            luaL_addchar(out, '%');
        } else if (byte == '0') {
            add_bytes(out, start, end);
        } else if (byte > '0' && byte <= '9') {
            piece p = capture(m, byte - '1', start, end);
            if (p.length == DG_POSITION) {
                lua_pushinteger(m->L, p.start - m->subject + 1);
                luaL_addvalue(out);
            } else {
                luaL_addlstring(out, p.start, (size_t)p.length);
            }
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
    }
    add_bytes(out, text, text_end);
}

/* Adds what stands for the match; false where that is itself. */
static bool add_replacement(const dg_match *m, luaL_Buffer *out, const char *start, const char *end, int type) {
    lua_State *L = m->L;
    switch (type) {
    case LUA_TFUNCTION:
        lua_pushvalue(L, 3);
        lua_call(L, push_match(m, start, end), 1);
        break;
    case LUA_TTABLE:
        push_capture(m, 0, start, end);
        lua_gettable(L, 3);
        break;
    default:
        add_text(m, out, start, end);
        return true;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        add_bytes(out, start, end);
        return false;
    }
    if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(out);
    return true;
}

static int gsub(lua_State *L) {
    size_t length, pattern_length;
    const char *text = luaL_checklstring(L, 1, &length), *pattern_text = luaL_checklstring(L, 2, &pattern_length);
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)length + 1), count = 0;
    int type = lua_type(L, 3);
    luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3, "string/function/table");
    bool anchored = pattern_length > 0 && *pattern_text == '^', changed = false;
    lua_settop(L, 3);
    dg_pattern pattern;
    room small;
    compile(L, &pattern, &small, pattern_text + anchored, pattern_length - anchored);
    dg_match m;
    dg_match_begin(&m, L, text, length);
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    const char *done = text, *last_end = NULL;      /* what is in `out`; where the match before ended */
    const char *from = text;
    while (count < most) {
        const char *end, *start = from;
        if (anchored) end = dg_pattern_match(&pattern, &m, from);
        else if ((start = search(&pattern, &m, from, &end)) == NULL) break;
        if (end == NULL) break;
        if (end == last_end) {          /* an empty match just behind the one before */
            if (start == m.end) break;
            from = start + 1;
            continue;
        }
        dg_deadline_check(L);           /* a replacement that is a function of C meets no hook */
        add_bytes(&out, done, start);
        changed |= add_replacement(&m, &out, start, end, type);
        count++;
        done = from = last_end = end;
        if (anchored) break;
    }
    if (changed) {
        add_bytes(&out, done, m.end);
        luaL_pushresult(&out);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}

/* Sets the functions in the library's table on the top. */
void dg_pattern_functions(lua_State *L) {
    static const luaL_Reg functions[] = { { "find", find }, { "match", match }, { "gmatch", gmatch }, { "gsub", gsub }, { NULL, NULL } };
    luaL_setfuncs(L, functions, 0);
}
