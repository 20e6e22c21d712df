/* The exact conversion between JSON (RFC 8259) and Lua values: to decode a document and encode the value gives an equal document.

   JSON                     Lua
   null                     json.null: the light userdata NULL, so that `v == json.null` tells, and it fits in a table
   true, false              boolean
   string                   string, UTF-8. A lone surrogate escape (\ud800) is kept as its three-byte form, and written as
                            that escape again
   integer in 64 bits       integer. "-0" is the float -0.0
   integer beyond 64 bits   json.number: an immutable userdata that keeps the literal. tostring and .. give the literal; ==, <
                            and <= between two of them are exact, and so are < and <= with an integer; == with a plain
                            number is always false; arithmetic is done in floats, so `n + 0.0` gives the float
   other numbers            float; one too large for a float is an error, one too small becomes 0.0
   array                    table with the shared metatable json.array, so that [] stays an array
   object                   table. Of equal names the last wins. The order of names is not kept

   The other way a table is an array where it has the metatable json.array, or keys and these are exactly 1 to n; and an object
   where all of its keys are strings, or it has none. Anything else is an error. A float is written with the fewest digits
   that read back as the same float, and always with a '.' or an 'e', so that it stays a float. Tables are read raw: no
   metamethod is called. Values may be nested 1000 levels deep, both ways.

   All functions belong to the thread that runs the VM. Errors are Lua errors: call under lua_pcall. */
#ifndef DOGGER_JSON_H
#define DOGGER_JSON_H

#include <stddef.h>
#include <stdint.h>
#include <lua5.4/lua.h>
#include "dogger_buffer.h"

/* Levels of arrays and objects in each other that are still allowed. */
#define DG_JSON_MAX_DEPTH 1000

/* Spaces that a level may be indented by. */
#define DG_JSON_MAX_INDENT 16

/* Appends the value at `index` to `out` as JSON. The stack is as before.

   Raises a Lua error (a string, with the caller's file and line as luaL_error does) that names the path of what JSON can't
   hold: "can't encode .Config.Env[3]: a function". `out` is then as long as before the call, where it was not empty; where it
   was empty, its memory may have been given back. It is the caller's to free in any case, and nothing else needs freeing. */
void dg_json_encode(lua_State *L, int index, dg_buffer *out);

/* As dg_json_encode, over several lines: `indent` spaces a level (at most DG_JSON_MAX_INDENT); 0: in one line. */
void dg_json_encode_indented(lua_State *L, int index, dg_buffer *out, int indent);

/* Pushes the value at `index` as JSON, a string. Raises as dg_json_encode does. */
void dg_json_push_text(lua_State *L, int index);

/* Pushes the value of the JSON document in `bytes`, which must stay where they are during the call.

   Raises a Lua error (a string, as above) that says where and what:
   "not JSON at byte 7 (counted from 0; line 1, column 8): expected ',' or ']', found '}'". */
void dg_json_decode(lua_State *L, const char *bytes, size_t length);

/* Pushes the module table. A lua_CFunction, for luaL_requiref or lua_pushcfunction.

   encode(value [, {indent = n}])   the JSON text. `indent`: n spaces a level, 0 to 16
   decode(text)                     the value
   null                             JSON's null
   array([table])                   marks the table (or a new one) as an array and returns it: array{} is written as []
   is_array(value)                  whether encode writes the value as an array */
int dg_open_json(lua_State *L);

/* Pushes a new array (a table with the metatable json.array) with room for `count` items. */
void dg_json_push_array(lua_State *L, int count);

/* Writes the shortest decimal that reads back as `value`, always with a '.' or an 'e', and gives its length (at most 24).
   `value` must be finite. No terminating NUL. Independent of the locale. */
size_t dg_json_format_double(double value, char out[32]);

/* Writes the decimal and gives its length (at most 20). No terminating NUL. */
size_t dg_json_format_integer(int64_t value, char out[24]);

#endif
