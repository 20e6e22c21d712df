/*
 * The end of an endless chain of __call. What is called may be a table whose __call is a table with a __call, and so on; Lua 5.4
 * follows that without a limit, and each step moves everything above by one place. A table that is its own __call would take the
 * square of a million moves that way, within a single instruction, where no hook strikes: minutes, and then the process.
 *
 * On that way Lua looks the metamethod up by luaT_gettmbyobj (ltm.h), a function in another object file of its archive than the one
 * that calls it. So the linker can put ours in its place: --wrap, in Package.swift. See docs/decisions/017-call-chain.md.
 */
#include <stddef.h>

#include "vm.h"

#define CALL 23     /* TM_CALL, ltm.h */
#define MOST_STEPS 100

/* TValue, lobject.h: the type is in the tag's low bits. */
typedef struct value {
    union { void *pointer; lua_Integer integer; lua_Number number; } content;
    unsigned char tag;
} value;

const value *__real_luaT_gettmbyobj(lua_State *L, const value *object, int event);
const value *__wrap_luaT_gettmbyobj(lua_State *L, const value *object, int event);

/* Nothing else is looked up between two steps of a chain, and a function ends it. */
static _Thread_local int steps;

/* Where Lua itself says that a value can't be called: so an error may be raised here, and the stack has room for it. */
static _Noreturn void refuse(lua_State *L) {
    steps = 0;
    luaL_checkstack(L, 4, NULL);
    dg_push_place(L);
    lua_pushliteral(L, "'__call' chain too long; possible loop");
    lua_concat(L, 2);
    lua_error(L);
    __builtin_unreachable();
}

const value *__wrap_luaT_gettmbyobj(lua_State *L, const value *object, int event) {
    const value *found = __real_luaT_gettmbyobj(L, object, event);
    if (event != CALL) return found;
    int type = found->tag & 0x0F;
    if (type == LUA_TFUNCTION || type == LUA_TNIL) steps = 0;
    else if (++steps > MOST_STEPS) refuse(L);
    return found;
}
