#ifndef DOGGER_DEADLINE_H
#define DOGGER_DEADLINE_H

#include <lua5.4/lua.h>
#include <stdbool.h>

/* Whether the script that runs on this thread is past its time limit: for loops in C, which no hook reaches. They then raise an
   error; should the script catch it, the hook is set by now, and stops it at its next instruction. */
bool dg_deadline_passed(void);

/* Raises that error. */
void dg_deadline_check(lua_State *L);

#endif
