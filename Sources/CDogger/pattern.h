/* Lua's patterns (manual 6.4.1), compiled, and matched under the deadline: Lua's own matcher goes back without an end, and no
   hook reaches it. So a client's text can't hold up a script that looks through it for longer than the script may take. */
#ifndef DOGGER_PATTERN_H
#define DOGGER_PATTERN_H

#include <lua5.4/lua.h>
#include <stdbool.h>
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
    uint8_t a, b;               /* the byte; the pair of a balance; the number of a capture */
} dg_pattern_item;

enum { DG_SMALL_PATTERN = 48, DG_SMALL_SETS = 4 };

/* A compiled pattern. A small one lies in here, a larger one in a userdata that `dg_pattern_compile` leaves on Lua's stack. */
typedef struct dg_pattern {
    dg_pattern_item *items;
    dg_byte_set *sets;
    int captures;
    dg_pattern_item small_items[DG_SMALL_PATTERN + 1];
    dg_byte_set small_sets[DG_SMALL_SETS];
} dg_pattern;

/* Bytes for `dg_pattern_compile_into`. */
size_t dg_pattern_size(const char *text, size_t length);

/* Compiles, without a '^' in front. Raises an error that says what is malformed. Pushes one value, which must stay on the stack
   for as long as the pattern is used. */
void dg_pattern_compile(lua_State *L, dg_pattern *pattern, const char *text, size_t length);

/* The same, with the items in memory of the caller's, aligned as malloc's. */
void dg_pattern_compile_into(lua_State *L, dg_pattern *pattern, void *memory, const char *text, size_t length);

#define DG_POSITION (-1)

typedef struct dg_match {
    lua_State *L;
    const char *subject, *end;
    int captures;
    struct {
        const char *start;
        ptrdiff_t length;       /* or DG_POSITION */
    } capture[DG_MOST_CAPTURES];
    unsigned steps;
    int depth;
} dg_match;

/* The first place from `from` on where a match may begin; NULL where none does. Saves the trouble to try each. */
const char *dg_pattern_candidate(const dg_pattern *pattern, const dg_match *match, const char *from);

/* Where the match that begins just at `at` ends; NULL where there is none. Raises when the deadline has passed. `match` has its
   L, subject and end set; its captures are those of this match. */
const char *dg_pattern_match(const dg_pattern *pattern, dg_match *match, const char *at);

#endif
