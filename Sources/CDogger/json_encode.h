/* What the json_encode*.c files share. */
#ifndef DOGGER_JSON_ENCODE_H
#define DOGGER_JSON_ENCODE_H

#include "json_private.h"

typedef struct encoder {
    lua_State *L;
    dg_buffer *out;
    size_t start;                /* where this document begins in `out` */
    int indent;                  /* spaces a level; 0: all in one line */
    const void *array_metatable; /* as lua_topointer gives it; NULL: not looked up yet */
    const void *number_metatable;
} encoder;

/* A step of the path from the document to the value in hand, for errors. */
typedef struct place {
    const struct place *up; /* NULL above the first step */
    const char *key;        /* NULL: `index` counts */
    size_t key_length;
    lua_Integer index;
    int depth; /* steps from the document down to here */
} place;

/* Appends the string as a JSON string. `is_key`, `at`: for the error where it isn't UTF-8. */
void dg_json_write_string(encoder *e, const char *bytes, size_t length, const place *at, bool is_key);

/* Raises "can't encode <path>: <what>"; `what` as for lua_pushfstring. */
_Noreturn void dg_json_cannot_encode(encoder *e, const place *at, const char *what, ...);

/* Raises the error for the value at the top, whose type JSON doesn't have. */
_Noreturn void dg_json_refuse_type(encoder *e, const place *at);

/* Raises the error for the table at stack index `table`, whose key at the top but one is none of an array's or an object's. */
_Noreturn void dg_json_refuse_key(encoder *e, const place *at, int table, bool array);

/* Raises the error for the array at stack index `table`, where an index below the largest has no item. */
_Noreturn void dg_json_refuse_hole(encoder *e, const place *at, int table);

/* Takes back what was appended, before an error is raised. */
void dg_json_drop_output(encoder *e);

/* Makes room for `more` bytes, or raises a Lua error. */
void dg_json_grow(encoder *e, size_t more);

static inline char *dg_json_reserve(encoder *e, size_t more) {
    dg_buffer *out = e->out;
    if (out->capacity - out->length < more) dg_json_grow(e, more);
    return out->bytes + out->length;
}

#endif
