/*
 * coroutine.*: as in the manual (6.2), with three differences that nobody should notice. A wait (sleep, a body that is not
 * there yet) inside a script's coroutine suspends the whole request and not just that coroutine, so that straight-line code
 * works in generators too. The deadline always knows which coroutine runs. And coroutine.close counts its depth: in
 * Lua 5.4.4, 20 000 of them nested in __close overrun the C stack.
 */
#include "vm.h"

#define MOST_NESTED_CLOSES 100

static lua_State *coroutine_argument(lua_State *L, const char *verb) {
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    if (*dg_thread_word(co) & DG_THREAD_IS_TASK) luaL_error(L, "can't %s the coroutine of a request", verb);
    if (*dg_thread_word(co) & DG_THREAD_WAITS) luaL_error(L, "can't %s a coroutine that waits in another request", verb);
    return co;
}

/* Resumes `co` with the arguments on its top. >= 0: as many results are on L. -1: an error object is on L.
   Does not return when `co` waits: the continuation then resumes it again. */
static int resume(lua_State *L, lua_State *co, int arguments, lua_KFunction again) {
    dg_vm *vm = dg_vm_of(L);
    bool blocked = !lua_isyieldable(L);     /* inside table.sort, say: a wait could not come up through here */
    int results = 0;
    vm->no_wait += blocked;
    dg_deadline_switch(vm, co);
    int status = lua_resume(co, L, arguments, &results);
    dg_deadline_switch(vm, L);
    vm->no_wait -= blocked;
    if (status == LUA_YIELD && vm->expired) {   /* the deadline struck inside: this one has to end as well */
        if (lua_isyieldable(L)) return lua_yield(L, 0);
        return luaL_error(L, "stopped: the time limit is over");
    }
    if (status == LUA_YIELD && vm->awaiting) {
        *dg_thread_word(co) |= DG_THREAD_WAITS;
        return lua_yieldk(L, 0, (lua_KContext)co, again);
    }
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(co, results);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, results);
    return results;
}

static void move_arguments(lua_State *L, lua_State *co, int arguments) {
    if (!lua_checkstack(co, arguments)) luaL_error(L, "too many arguments to resume");
    lua_xmove(L, co, arguments);
}

static int give_status_and_results(lua_State *L, int results) {
    lua_pushboolean(L, results >= 0);
    int n = results < 0 ? 1 : results;
    lua_insert(L, -(n + 1));
    return n + 1;
}

static int resume_again(lua_State *L, int status, lua_KContext context) {
    (void)status;
    lua_State *co = (lua_State *)context;
    *dg_thread_word(co) &= ~(uintptr_t)DG_THREAD_WAITS;
    return give_status_and_results(L, resume(L, co, 0, resume_again));
}

static int co_resume(lua_State *L) {
    lua_State *co = coroutine_argument(L, "resume");
    int arguments = lua_gettop(L) - 1;
    move_arguments(L, co, arguments);
    return give_status_and_results(L, resume(L, co, arguments, resume_again));
}

static int give_results_or_raise(lua_State *L, lua_State *co, int results) {
    if (results >= 0) return results;
    if (lua_status(co) != LUA_OK && lua_status(co) != LUA_YIELD) {  /* it failed: run its __close values, keep the last error */
        if (lua_resetthread(co) != LUA_OK) {
            lua_pop(L, 1);
            lua_xmove(co, L, 1);
        }
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int wrap_again(lua_State *L, int status, lua_KContext context) {
    (void)status;
    lua_State *co = (lua_State *)context;
    *dg_thread_word(co) &= ~(uintptr_t)DG_THREAD_WAITS;
    return give_results_or_raise(L, co, resume(L, co, 0, wrap_again));
}

static int call_wrapped(lua_State *L) {
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    if (*dg_thread_word(co) & DG_THREAD_WAITS) return luaL_error(L, "can't resume a coroutine that waits in another request");
    int arguments = lua_gettop(L);
    move_arguments(L, co, arguments);
    return give_results_or_raise(L, co, resume(L, co, arguments, wrap_again));
}

static int co_create(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

static int co_wrap(lua_State *L) {
    co_create(L);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

static int co_yield(lua_State *L) {
    if (*dg_thread_word(L) & DG_THREAD_IS_TASK) return luaL_error(L, "attempt to yield from outside a coroutine");
    return lua_yield(L, lua_gettop(L));
}

static int co_close(lua_State *L) {
    lua_State *co = coroutine_argument(L, "close");
    dg_vm *vm = dg_vm_of(L);
    lua_Debug ar;
    bool runs = co == L || (lua_status(co) == LUA_OK && lua_getstack(co, 0, &ar));
    if (runs) return luaL_error(L, "can't close a coroutine that runs");
    if (vm->close_depth >= MOST_NESTED_CLOSES) return luaL_error(L, "coroutine.close nested more than %d deep", MOST_NESTED_CLOSES);
    vm->close_depth++;
    dg_deadline_switch(vm, co);
    int status = lua_resetthread(co);
    dg_deadline_switch(vm, L);
    vm->close_depth--;
    lua_pushboolean(L, status == LUA_OK);
    if (status == LUA_OK) return 1;
    lua_xmove(co, L, 1);
    return 2;
}

int dg_open_coroutine(lua_State *L) {
    lua_pushcfunction(L, luaopen_coroutine);
    lua_call(L, 0, 1);
    lua_createtable(L, 0, 8);
    static const char *const as_they_are[] = { "isyieldable", "running", "status" };
    for (size_t i = 0; i < sizeof as_they_are / sizeof *as_they_are; i++) {
        lua_getfield(L, -2, as_they_are[i]);
        lua_setfield(L, -2, as_they_are[i]);
    }
    static const luaL_Reg ours[] = { { "create", co_create }, { "resume", co_resume }, { "wrap", co_wrap }, { "yield", co_yield },
        { "close", co_close }, { NULL, NULL } };
    luaL_setfuncs(L, ours, 0);
    lua_remove(L, -2);
    return 1;
}
