/* What the json_decode*.c files share. */
#ifndef DOGGER_JSON_DECODE_H
#define DOGGER_JSON_DECODE_H

#include "json_private.h"

typedef struct decoder {
    lua_State *L;
    const char *start, *at, *end;
    int depth;           /* arrays and objects that are open */
    int array_metatable; /* stack index */
} decoder;

/* At the opening quote; pushes the string. */
void dg_json_read_string(decoder *d);

/* At the sign or the first digit; pushes the number. */
void dg_json_read_number(decoder *d);

/* Raises the error for what stands at `at`; `what` as for lua_pushfstring. */
_Noreturn void dg_json_refuse(decoder *d, const char *at, const char *what, ...);

/* Raises "expected ..., found ..." for the byte at d->at, or the end. */
_Noreturn void dg_json_refuse_found(decoder *d, const char *expected);

#endif
