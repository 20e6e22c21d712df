#ifndef DOGGER_FAILURE_H
#define DOGGER_FAILURE_H
#include "vm.h"

/* Fills `failure` from the error value on the top of `co`, whose call stack still stands: the message with its place, and
   the traceback. Never raises. `name` is where the fault is told to be when the stack can't tell. */
void dg_failure_read(dg_vm *vm, lua_State *co, int status, const char *name, dg_failure *failure);

/* "handlers/ps.lua:12" of the innermost Lua function; false where there is none. Allocates nothing. */
bool dg_innermost_place(lua_State *co, char *place, size_t size);

/* Where the function stands that answered, "handlers/ps.lua:12": it has returned, so no stack tells it. False where nothing
   does. Never raises. */
bool dg_answering_place(lua_State *co, char *place, size_t size);

/* Puts that place in front of what was wrong with the answer. Never raises. */
void dg_failure_of_answer(dg_vm *vm, const char *place, dg_failure *failure);

/* Puts the name of the file in front of a message that tells no line. */
void dg_failure_name(dg_vm *vm, dg_failure *failure, const char *name);

#endif
