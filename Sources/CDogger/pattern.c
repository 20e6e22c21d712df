#include "pattern.h"

#include <ctype.h>
#include <lua5.4/lauxlib.h>
#include <string.h>

#include "deadline.h"

enum { BYTE, ANY, SET, OPEN, POSITION, CLOSE, BACK, BALANCE, FRONTIER, AT_END, DONE };
enum { ONCE, OPTIONAL, MANY, FEW };

#define MOST_DEPTH 200              /* of choices within choices, each a frame of C's stack */
#define STEPS_TO_LOOK 2048

/* %a, %A and so on, by their letter. */
static dg_byte_set classes[128];
static dg_byte_set all;

static inline bool contains(const dg_byte_set *set, unsigned char byte) { return set->bits[byte >> 5] >> (byte & 31) & 1; }

static void add(dg_byte_set *set, unsigned char byte) { set->bits[byte >> 5] |= UINT32_C(1) << (byte & 31); }

static int is_word(int c) { return isalnum(c); }
static int is_zero(int c) { return c == 0; }

/* Before main, so that no two threads do it at once. */
__attribute__((constructor)) static void make_classes(void) {
    static const struct { char letter; int (*is)(int); } kinds[] = { { 'a', isalpha }, { 'c', iscntrl }, { 'd', isdigit }, { 'g', isgraph },
        { 'l', islower }, { 'p', ispunct }, { 's', isspace }, { 'u', isupper }, { 'w', is_word }, { 'x', isxdigit }, { 'z', is_zero } };
    for (int byte = 0; byte < 256; byte++) {
        add(&all, (unsigned char)byte);
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            char letter = kinds[i].is(byte) ? kinds[i].letter : (char)toupper(kinds[i].letter);
            add(&classes[(unsigned char)letter], (unsigned char)byte);
        }
    }
}

static const dg_byte_set *class_of(unsigned char letter) {
    bool known = isalpha(letter) && strchr("acdglpsuwxz", tolower(letter)) != NULL;
    return known ? &classes[letter] : NULL;
}

typedef struct compiler {
    lua_State *L;
    const char *at, *end;
    dg_pattern *pattern;
    int items, sets;
    bool is_open[DG_MOST_CAPTURES];
} compiler;

/* Reads what stands between brackets, from behind the first; each set is its own. */
static const dg_byte_set *read_set(compiler *c) {
    dg_byte_set *set = &c->pattern->sets[c->sets++];
    memset(set, 0, sizeof *set);
    bool negated = c->at < c->end && *c->at == '^';
    if (negated) c->at++;
    bool first = true;
    for (;; first = false) {
        if (c->at == c->end) luaL_error(c->L, "malformed pattern (missing ']')");
        unsigned char byte = (unsigned char)*c->at++;
        if (byte == ']' && !first) break;
        if (byte == '%') {
            if (c->at == c->end) luaL_error(c->L, "malformed pattern (missing ']')");
            byte = (unsigned char)*c->at++;
            const dg_byte_set *class = class_of(byte);
            if (class == NULL) add(set, byte);
            else for (int i = 0; i < 8; i++) set->bits[i] |= class->bits[i];
        } else if (c->end - c->at >= 2 && c->at[0] == '-' && c->at[1] != ']') {
            for (int b = byte; b <= (unsigned char)c->at[1]; b++) add(set, (unsigned char)b);
            c->at += 2;
        } else {
            add(set, byte);
        }
    }
    if (negated)
        for (int i = 0; i < 8; i++) set->bits[i] = ~set->bits[i];
    return set;
}

static void read_open(compiler *c, dg_pattern_item *item) {
    if (c->pattern->captures == DG_MOST_CAPTURES) luaL_error(c->L, "too many captures");
    item->kind = OPEN;
    if (c->at < c->end && *c->at == ')') {
        c->at++;
        item->kind = POSITION;
    }
    item->a = (uint8_t)c->pattern->captures;
    c->is_open[c->pattern->captures++] = item->kind == OPEN;
}

static void read_close(compiler *c, dg_pattern_item *item) {
    int number = c->pattern->captures - 1;
    while (number >= 0 && !c->is_open[number]) number--;
    if (number < 0) luaL_error(c->L, "invalid pattern capture");
    c->is_open[number] = false;
    item->kind = CLOSE;
    item->a = (uint8_t)number;
}

/* What stands behind a '%'; true where it may be repeated. */
static bool read_escape(compiler *c, dg_pattern_item *item) {
    if (c->at == c->end) luaL_error(c->L, "malformed pattern (ends with '%%')");
    unsigned char byte = (unsigned char)*c->at++;
    if (byte == 'b') {
        if (c->end - c->at < 2) luaL_error(c->L, "malformed pattern (missing arguments to '%%b')");
        item->kind = BALANCE;
        item->a = (uint8_t)*c->at++;
        item->b = (uint8_t)*c->at++;
        return false;
    }
    if (byte == 'f') {
        if (c->at == c->end || *c->at != '[') luaL_error(c->L, "missing '[' after '%%f' in pattern");
        c->at++;
        item->kind = FRONTIER;
        item->set = read_set(c);
        return false;
    }
    if (byte >= '0' && byte <= '9') {
        int number = byte - '1';
        if (number < 0 || number >= c->pattern->captures || c->is_open[number]) luaL_error(c->L, "invalid capture index %%%d in pattern", number + 1);
        item->kind = BACK;
        item->a = (uint8_t)number;
        return false;
    }
    item->set = class_of(byte);
    item->kind = item->set == NULL ? BYTE : SET;
    item->a = byte;
    return true;
}

static bool read_item(compiler *c, dg_pattern_item *item) {
    unsigned char byte = (unsigned char)*c->at++;
    switch (byte) {
    case '(': read_open(c, item); return false;
    case ')': read_close(c, item); return false;
    case '$':
        if (c->at == c->end) {
            item->kind = AT_END;
            return false;
        }
        break;
    case '%': return read_escape(c, item);
    case '[':
        item->kind = SET;
        item->set = read_set(c);
        return true;
    case '.':
        item->kind = ANY;
        item->set = &all;
        return true;
    default: break;
    }
    item->kind = BYTE;
    item->a = byte;
    return true;
}

static void compile(compiler *c) {
    static const dg_pattern_item none = { NULL, DONE, ONCE, 0, 0 };
    c->pattern->captures = 0;
    while (c->at < c->end) {
        dg_pattern_item *item = &c->pattern->items[c->items++];
        *item = none;
        if (!read_item(c, item) || c->at == c->end) continue;
        switch (*c->at) {
        case '?': item->repeat = OPTIONAL; break;
        case '*': item->repeat = MANY; break;
        case '-': item->repeat = FEW; break;
        case '+':       /* one, and any number more */
            c->pattern->items[c->items++] = *item;
            c->pattern->items[c->items - 1].repeat = MANY;
            break;
        default: continue;
        }
        c->at++;
    }
    c->pattern->items[c->items] = none;
    for (int i = 0; i < c->pattern->captures; i++)
        if (c->is_open[i]) luaL_error(c->L, "unfinished capture");
}

static size_t count_sets(const char *text, size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < length; i++) count += text[i] == '[';
    return count;
}

size_t dg_pattern_size(const char *text, size_t length) {
    return (length + 1) * sizeof(dg_pattern_item) + count_sets(text, length) * sizeof(dg_byte_set);
}

void dg_pattern_compile_into(lua_State *L, dg_pattern *pattern, void *memory, const char *text, size_t length) {
    pattern->items = memory;
    pattern->sets = (dg_byte_set *)(pattern->items + length + 1);
    compiler c = { .L = L, .at = text, .end = text + length, .pattern = pattern };
    compile(&c);
}

void dg_pattern_compile(lua_State *L, dg_pattern *pattern, const char *text, size_t length) {
    if (length > DG_SMALL_PATTERN || count_sets(text, length) > DG_SMALL_SETS) {
        dg_pattern_compile_into(L, pattern, lua_newuserdatauv(L, dg_pattern_size(text, length), 0), text, length);
        return;
    }
    lua_pushnil(L);
    pattern->items = pattern->small_items;
    pattern->sets = pattern->small_sets;
    compiler c = { .L = L, .at = text, .end = text + length, .pattern = pattern };
    compile(&c);
}

static inline void step(dg_match *m) {
    if ((++m->steps & (STEPS_TO_LOOK - 1)) == 0) dg_deadline_check(m->L);
}

static inline bool is_one(const dg_match *m, const dg_pattern_item *item, const char *at) {
    if (at == m->end) return false;
    return item->kind == BYTE ? (uint8_t)*at == item->a : contains(item->set, (unsigned char)*at);
}

static const char *run(dg_match *m, const dg_pattern_item *item, const char *at);

/* Goes on with another way kept open. */
static const char *try(dg_match *m, const dg_pattern_item *item, const char *at) {
    if (item->kind == DONE) return at;
    if (m->depth == MOST_DEPTH) luaL_error(m->L, "pattern too complex");
    m->depth++;
    const char *end = run(m, item, at);
    m->depth--;
    return end;
}

static const char *try_many(dg_match *m, const dg_pattern_item *item, const char *at) {
    const char *most = at;
    while (is_one(m, item, most)) {
        most++;
        step(m);
    }
    for (; most >= at; most--) {
        step(m);
        const char *end = try(m, item + 1, most);
        if (end != NULL) return end;
    }
    return NULL;
}

static const char *try_few(dg_match *m, const dg_pattern_item *item, const char *at) {
    for (;; at++) {
        step(m);
        const char *end = try(m, item + 1, at);
        if (end != NULL) return end;
        if (!is_one(m, item, at)) return NULL;
    }
}

static const char *skip_balanced(dg_match *m, const dg_pattern_item *item, const char *at) {
    if (at == m->end || (uint8_t)*at != item->a) return NULL;
    size_t open = 1;
    while (++at < m->end) {
        step(m);
        if ((uint8_t)*at == item->b) {
            if (--open == 0) return at + 1;
        } else if ((uint8_t)*at == item->a) {
            open++;
        }
    }
    return NULL;
}

static const char *run(dg_match *m, const dg_pattern_item *item, const char *at) {
    for (;; item++) {
        step(m);
        switch (item->kind) {
        case DONE: return at;
        case AT_END: return at == m->end ? at : NULL;
        case OPEN:
        case POSITION:
            m->capture[item->a].start = at;
            m->capture[item->a].length = DG_POSITION;
            continue;
        case CLOSE:
            m->capture[item->a].length = at - m->capture[item->a].start;
            continue;
        case BACK: {
            ptrdiff_t length = m->capture[item->a].length;
            if (length < 0) luaL_error(m->L, "invalid capture index %%%d in pattern", item->a + 1);
            if (m->end - at < length || memcmp(m->capture[item->a].start, at, (size_t)length) != 0) return NULL;
            at += length;
            continue;
        }
        case BALANCE:
            at = skip_balanced(m, item, at);
            if (at == NULL) return NULL;
            continue;
        case FRONTIER: {
            unsigned char before = at == m->subject ? 0 : (unsigned char)at[-1], here = at == m->end ? 0 : (unsigned char)*at;
            if (contains(item->set, before) || !contains(item->set, here)) return NULL;
            continue;
        }
        default: break;
        }
        switch (item->repeat) {
        case ONCE:
            if (!is_one(m, item, at)) return NULL;
            at++;
            continue;
        case OPTIONAL:
            if (is_one(m, item, at)) {
                const char *end = try(m, item + 1, at + 1);
                if (end != NULL) return end;
            }
            continue;
        case MANY: return try_many(m, item, at);
        default: return try_few(m, item, at);
        }
    }
}

const char *dg_pattern_match(const dg_pattern *pattern, dg_match *match, const char *at) {
    match->captures = pattern->captures;
    match->depth = 0;
    return run(match, pattern->items, at);
}

const char *dg_pattern_candidate(const dg_pattern *pattern, const dg_match *match, const char *from) {
    const dg_pattern_item *first = pattern->items;
    while (first->kind == OPEN || first->kind == POSITION) first++;
    if (first->kind != BYTE || first->repeat != ONCE) return from;
    return memchr(from, first->a, (size_t)(match->end - from));
}
