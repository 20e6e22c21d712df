/* Lua's patterns (manual 6.4.1), compiled, and matched under the deadline: Lua's own matcher goes back without an end, and no
   hook reaches it. So a client's text can't hold up a script that looks through it for longer than the script may take. */
#ifndef DOGGER_PATTERN_H
#define DOGGER_PATTERN_H

#include <lua5.4/lua.h>
#include <stddef.h>
#include <stdint.h>

#define DG_MOST_CAPTURES 32

/* A set of bytes, a bit for each. */
typedef struct dg_byte_set {
    uint32_t bits[8];
} dg_byte_set;

typedef struct dg_pattern_item {
    const dg_byte_set *set;     /* what a byte, or a frontier, has to be in */
    uint8_t kind, repeat;
    uint8_t a, b;               /* the byte; the pair of a balance; the number of a capture; which fault */
} dg_pattern_item;

typedef struct dg_pattern {
    dg_pattern_item *items;
    int captures;
} dg_pattern;

/* The bytes that compiling the text takes, aligned as malloc's. */
size_t dg_pattern_size(const char *text, size_t length);

/* Compiles the text, without a '^' in front, into `memory`, which must last as long as the pattern is used. What is malformed
   is an error only where a match comes by it, as in Lua. Raises when the deadline has passed. */
void dg_pattern_compile(lua_State *L, dg_pattern *pattern, void *memory, const char *text, size_t length);

#define DG_POSITION (-1)
#define DG_UNFINISHED (-2)

typedef struct dg_match {
    lua_State *L;
    const char *subject, *end;
    int captures;
    int depth;                  /* of choices and captures that may be gone back to */
    ptrdiff_t steps;            /* until the deadline is looked at */
    struct {
        const char *start;
        ptrdiff_t length;       /* or one of the two above */
    } capture[DG_MOST_CAPTURES];
} dg_match;

void dg_match_begin(dg_match *match, lua_State *L, const char *subject, size_t length);

/* The first place from `from` on where a match may begin; NULL where none does. Saves the trouble to try each. */
const char *dg_pattern_candidate(const dg_pattern *pattern, const dg_match *match, const char *from);

/* Where the match that begins just at `at` ends; NULL where there is none. Its captures are in `match`. Raises what is malformed,
   and when the deadline has passed. */
const char *dg_pattern_match(const dg_pattern *pattern, dg_match *match, const char *at);

#endif
