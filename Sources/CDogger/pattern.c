#include "pattern.h"

#include <ctype.h>
#include <lua5.4/lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "deadline.h"

enum { BYTE, ANY, SET, OPEN, POSITION, CLOSE, BACK, BALANCE, FRONTIER, AT_END, DONE, FAULT };
enum { ONCE, OPTIONAL, ANY_NUMBER, SOME, FEW };

/* Of Lua's matcher, whose calls of itself nest as deep: what it refuses as too complex is refused here. */
#define MOST_DEPTH 200
#define STEPS_TO_LOOK 2048
#define BYTES_TO_LOOK 4096

/* %a, %A and so on, by their letter. */
static dg_byte_set classes[128];
static dg_byte_set all;

static inline bool contains(const dg_byte_set *set, unsigned char byte) { return set->bits[byte >> 5] >> (byte & 31) & 1; }

static void add(dg_byte_set *set, unsigned char byte) { set->bits[byte >> 5] |= UINT32_C(1) << (byte & 31); }

static void add_range(dg_byte_set *set, unsigned char first, unsigned char last) {
    for (int word = first >> 5; word <= last >> 5 && first <= last; word++) {
        uint32_t bits = UINT32_MAX;
        if (word == first >> 5) bits &= UINT32_MAX << (first & 31);
        if (word == last >> 5) bits &= UINT32_MAX >> (31 - (last & 31));
        set->bits[word] |= bits;
    }
}

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
    bool known = letter != 0 && letter < 128 && strchr("acdglpsuwxzACDGLPSUWXZ", letter) != NULL;
    return known ? &classes[letter] : NULL;
}

typedef enum fault { ENDS_WITH_PERCENT, MISSING_BRACKET, MISSING_PAIR, MISSING_SET, TOO_MANY_CAPTURES, NOTHING_TO_CLOSE, NO_SUCH_CAPTURE } fault;

/* As Lua's, to the letter. */
static const char *const fault_texts[] = { "malformed pattern (ends with '%%')", "malformed pattern (missing ']')",
    "malformed pattern (missing arguments to '%%b')", "missing '[' after '%%f' in pattern", "too many captures", "invalid pattern capture",
    "invalid capture index %%%d" };

typedef struct compiler {
    lua_State *L;
    const char *at, *end;
    dg_pattern *pattern;
    dg_byte_set *next_set;
    unsigned steps;
    bool is_open[DG_MOST_CAPTURES];
} compiler;

static inline void count_step(compiler *c) {
    if (++c->steps % STEPS_TO_LOOK == 0) dg_deadline_check(c->L);
}

/* The text behind it is never come to. */
static bool find_fault(compiler *c, dg_pattern_item *item, fault which, int number) {
    item->kind = FAULT;
    item->a = (uint8_t)which;
    item->b = (uint8_t)number;
    c->at = c->end;
    return false;
}

/* Behind the bracket that ends the set; NULL where there is none. The first byte is in the set whatever it is. */
static const char *end_of_set(const compiler *c) {
    const char *at = c->at;
    if (at < c->end && *at == '^') at++;
    do {
        if (at == c->end) return NULL;
        if (*at++ == '%' && at < c->end) at++;
    } while (at == c->end || *at != ']');
    return at + 1;
}

/* Reads what stands between brackets, from behind the first; false at a fault. */
static bool read_set(compiler *c, dg_pattern_item *item) {
    const char *end = end_of_set(c);
    if (end == NULL) return find_fault(c, item, MISSING_BRACKET, 0);
    dg_byte_set *set = c->next_set++;
    memset(set, 0, sizeof *set);
    const char *at = c->at, *last = end - 1;
    bool negated = *at == '^';
    if (negated) at++;
    while (at < last) {
        unsigned char byte = (unsigned char)*at++;
        count_step(c);
        if (byte == '%') {
            byte = (unsigned char)*at++;
            const dg_byte_set *class = class_of(byte);
            if (class == NULL) add(set, byte);
            else for (int i = 0; i < 8; i++) set->bits[i] |= class->bits[i];
        } else if (last - at >= 2 && *at == '-') {
            add_range(set, byte, (unsigned char)at[1]);
            at += 2;
        } else {
            add(set, byte);
        }
    }
    if (negated)
        for (int i = 0; i < 8; i++) set->bits[i] = ~set->bits[i];
    item->set = set;
    c->at = end;
    return true;
}

static bool read_open(compiler *c, dg_pattern_item *item) {
    if (c->pattern->captures == DG_MOST_CAPTURES) return find_fault(c, item, TOO_MANY_CAPTURES, 0);
    item->kind = OPEN;
    if (c->at < c->end && *c->at == ')') {
        c->at++;
        item->kind = POSITION;
    }
    item->a = (uint8_t)c->pattern->captures;
    c->is_open[c->pattern->captures++] = item->kind == OPEN;
    return false;
}

static bool read_close(compiler *c, dg_pattern_item *item) {
    int number = c->pattern->captures - 1;
    while (number >= 0 && !c->is_open[number]) number--;
    if (number < 0) return find_fault(c, item, NOTHING_TO_CLOSE, 0);
    c->is_open[number] = false;
    item->kind = CLOSE;
    item->a = (uint8_t)number;
    return false;
}

static bool read_escape(compiler *c, dg_pattern_item *item) {
    if (c->at == c->end) return find_fault(c, item, ENDS_WITH_PERCENT, 0);
    unsigned char byte = (unsigned char)*c->at++;
    if (byte == 'b') {
        if (c->end - c->at < 2) return find_fault(c, item, MISSING_PAIR, 0);
        item->kind = BALANCE;
        item->a = (uint8_t)*c->at++;
        item->b = (uint8_t)*c->at++;
        return false;
    }
    if (byte == 'f') {
        if (c->at == c->end || *c->at++ != '[') return find_fault(c, item, MISSING_SET, 0);
        item->kind = FRONTIER;
        read_set(c, item);
        return false;
    }
    if (byte >= '0' && byte <= '9') {
        int number = byte - '1';
        if (number < 0 || number >= c->pattern->captures || c->is_open[number]) return find_fault(c, item, NO_SUCH_CAPTURE, number + 1);
        item->kind = BACK;
        item->a = (uint8_t)number;
        return false;
    }
    item->set = class_of(byte);
    item->kind = item->set == NULL ? BYTE : SET;
    item->a = byte;
    return true;
}

/* True for what stands for one byte, and may be repeated. */
static bool read_item(compiler *c, dg_pattern_item *item) {
    unsigned char byte = (unsigned char)*c->at++;
    switch (byte) {
    case '(': return read_open(c, item);
    case ')': return read_close(c, item);
    case '%': return read_escape(c, item);
    case '[': item->kind = SET; return read_set(c, item);
    case '.':
        item->kind = ANY;
        item->set = &all;
        return true;
    case '$':
        if (c->at < c->end) break;
        item->kind = AT_END;
        return false;
    default: break;
    }
    item->kind = BYTE;
    item->a = byte;
    return true;
}

static void read_repeat(compiler *c, dg_pattern_item *item) {
    if (c->at == c->end) return;
    switch (*c->at) {
    case '?': item->repeat = OPTIONAL; break;
    case '*': item->repeat = ANY_NUMBER; break;
    case '+': item->repeat = SOME; break;
    case '-': item->repeat = FEW; break;
    default: return;
    }
    c->at++;
}

size_t dg_pattern_size(const char *text, size_t length) {
    size_t sets = 0;
    for (const char *at = text; (at = memchr(at, '[', (size_t)(text + length - at))) != NULL; at++) sets++;
    return (length + 1) * sizeof(dg_pattern_item) + sets * sizeof(dg_byte_set);
}

void dg_pattern_compile(lua_State *L, dg_pattern *pattern, void *memory, const char *text, size_t length) {
    static const dg_pattern_item none = { NULL, DONE, ONCE, 0, 0 };
    pattern->items = memory;
    pattern->captures = 0;
    compiler c = { .L = L, .at = text, .end = text + length, .pattern = pattern, .next_set = (dg_byte_set *)(pattern->items + length + 1) };
    dg_pattern_item *item = pattern->items;
    for (; c.at < c.end; item++) {
        count_step(&c);
        *item = none;
        if (read_item(&c, item)) read_repeat(&c, item);
    }
    *item = none;
}

static void raise_fault(const dg_match *m, const dg_pattern_item *item) { luaL_error(m->L, fault_texts[item->a], item->b); }

static __attribute__((noinline)) void look(dg_match *m) {
    m->steps = STEPS_TO_LOOK;
    dg_deadline_check(m->L);
}

static inline void spend(dg_match *m, ptrdiff_t steps) {
    m->steps -= steps;
    if (m->steps < 0) look(m);
}

static inline bool is_one(const dg_match *m, const dg_pattern_item *item, const char *at) {
    if (at == m->end) return false;
    return item->kind == BYTE ? (uint8_t)*at == item->a : contains(item->set, (unsigned char)*at);
}

static inline int go_deeper(dg_match *m) {
    if (m->depth == MOST_DEPTH) luaL_error(m->L, "pattern too complex");
    return ++m->depth;
}

/* As far as the item's bytes go. */
static const char *skip(dg_match *m, const dg_pattern_item *item, const char *at) {
    for (;;) {
        const char *from = at, *stop = m->end - at > BYTES_TO_LOOK ? at + BYTES_TO_LOOK : m->end;
        if (item->kind == ANY) at = stop;
        else if (item->kind == BYTE) while (at < stop && (uint8_t)*at == item->a) at++;
        else while (at < stop && contains(item->set, (unsigned char)*at)) at++;
        spend(m, at - from);
        if (at < stop || at == m->end) return at;
    }
}

static const char *run(dg_match *m, const dg_pattern_item *item, const char *at);

/* The rest of the pattern behind the item, from `least` to `most`, the most first. */
static const char *try_most(dg_match *m, const dg_pattern_item *item, const char *least, const char *most) {
    int depth = go_deeper(m);
    for (;; most--) {
        m->depth = depth;
        const char *end = run(m, item + 1, most);
        if (end != NULL || most == least) return end;
    }
}

static const char *try_few(dg_match *m, const dg_pattern_item *item, const char *at) {
    int depth = go_deeper(m);
    for (;; at++) {
        m->depth = depth;
        const char *end = run(m, item + 1, at);
        if (end != NULL) return end;
        if (!is_one(m, item, at)) return NULL;
    }
}

static const char *skip_balanced(dg_match *m, const dg_pattern_item *item, const char *at) {
    if (at == m->end || (uint8_t)*at != item->a) return NULL;
    size_t open = 1;
    while (++at < m->end) {
        spend(m, 1);
        if ((uint8_t)*at == item->b) {
            if (--open == 0) return at + 1;
        } else if ((uint8_t)*at == item->a) {
            open++;
        }
    }
    return NULL;
}

static const char *skip_again(dg_match *m, const dg_pattern_item *item, const char *at) {
    const char *start = m->capture[item->a].start;
    ptrdiff_t length = m->capture[item->a].length;
    if (length < 0 || m->end - at < length) return NULL;        /* that of a position is never found again */
    spend(m, length / 16);
    return memcmp(start, at, (size_t)length) == 0 ? at + length : NULL;
}

static bool is_frontier(const dg_match *m, const dg_pattern_item *item, const char *at) {
    unsigned char before = at == m->subject ? 0 : (unsigned char)at[-1], here = at == m->end ? 0 : (unsigned char)*at;
    return !contains(item->set, before) && contains(item->set, here);
}

static const char *run(dg_match *m, const dg_pattern_item *item, const char *at) {
    for (;; item++) {
        spend(m, 1);
        switch (item->kind) {
        case DONE: return at;
        case AT_END: return at == m->end ? at : NULL;
        case OPEN:
        case POSITION:
            go_deeper(m);
            m->capture[item->a].start = at;
            m->capture[item->a].length = item->kind == OPEN ? DG_UNFINISHED : DG_POSITION;
            continue;
        case CLOSE:
            go_deeper(m);
            m->capture[item->a].length = at - m->capture[item->a].start;
            continue;
        case BACK:
            if ((at = skip_again(m, item, at)) == NULL) return NULL;
            continue;
        case BALANCE:
            if ((at = skip_balanced(m, item, at)) == NULL) return NULL;
            continue;
        case FRONTIER:
            if (!is_frontier(m, item, at)) return NULL;
            continue;
        case FAULT: raise_fault(m, item); return NULL;
        default: break;
        }
        if (!is_one(m, item, at)) {
            if (item->repeat == ONCE || item->repeat == SOME) return NULL;
            continue;
        }
        switch (item->repeat) {
        case ONCE: at++; continue;
        case ANY_NUMBER: return try_most(m, item, at, skip(m, item, at + 1));
        case SOME: return try_most(m, item, at + 1, skip(m, item, at + 1));
        case FEW: return try_few(m, item, at);
        default: break;
        }
        int depth = m->depth;
        go_deeper(m);
        const char *end = run(m, item + 1, at + 1);
        if (end != NULL) return end;
        m->depth = depth;
    }
}

void dg_match_begin(dg_match *match, lua_State *L, const char *subject, size_t length) {
    match->L = L;
    match->subject = subject;
    match->end = subject + length;
    match->steps = STEPS_TO_LOOK;
}

const char *dg_pattern_match(const dg_pattern *pattern, dg_match *match, const char *at) {
    match->captures = pattern->captures;
    match->depth = 1;
    return run(match, pattern->items, at);
}

const char *dg_pattern_candidate(const dg_pattern *pattern, const dg_match *match, const char *from) {
    const dg_pattern_item *first = pattern->items;
    while (first->kind == OPEN || first->kind == POSITION) first++;
    bool begins_with_byte = first->kind == BYTE && (first->repeat == ONCE || first->repeat == SOME);
    return begins_with_byte ? memchr(from, first->a, (size_t)(match->end - from)) : from;
}
