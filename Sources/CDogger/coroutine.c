/*
 * coroutine.*: as in the manual (6.2), with three differences that nobody should notice. A wait (sleep, a body that is not
 * there yet) inside a script's coroutine suspends the whole request and not just that coroutine, so that straight-line code
 * works in generators too. The deadline always knows which coroutine runs. And coroutine.close looks how much of the C stack
 * is left: Lua 5.4.4 counts the calls of each coroutine for itself there, so that closes nested in __close overrun it.
 */
#include "vm.h"

#define MOST_C_STACK (256 * 1024)

static lua_State *coroutine_argument(lua_State *L, const char *verb) {
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    if (*dg_thread_word(co) & DG_THREAD_IS_TASK) luaL_error(L, "can't %s the coroutine of a request", verb);
    if (*dg_thread_word(co) & DG_THREAD_WAITS) luaL_error(L, "can't %s a coroutine that waits in another request", verb);
    return co;
}

/* Why `co` can't be resumed; NULL where it can. Asked before, since lua_resume would make that string on `co`: an error of the
   allocator there would be thrown past everything that runs between. */
static const char *refusal(lua_State *co) {
    lua_Debug ar;
    if (lua_status(co) == LUA_YIELD) return NULL;
    if (lua_status(co) != LUA_OK) return "cannot resume dead coroutine";
    if (lua_getstack(co, 0, &ar)) return "cannot resume non-suspended coroutine";
    return lua_gettop(co) == 0 ? "cannot resume dead coroutine" : NULL;
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
    if (status == LUA_YIELD && vm->awaiting) {      /* even when the time is over by now: the host has begun to wait */
        *dg_thread_word(co) |= DG_THREAD_WAITS;
        return lua_yieldk(L, 0, (lua_KContext)co, again);
    }
    if (status == LUA_YIELD && vm->expired) {       /* the deadline struck inside: this one has to end as well */
        if (lua_isyieldable(L)) return lua_yield(L, 0);
        dg_deadline_check(L);
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

/* Resumes `co` with the arguments on L's top; as resume. */
static int resume_with(lua_State *L, lua_State *co, int arguments, lua_KFunction again) {
    const char *refused = refusal(co);
    if (refused != NULL) {
        lua_pushstring(L, refused);
        return -1;
    }
    if (!lua_checkstack(co, arguments)) luaL_error(L, "too many arguments to resume");
    lua_xmove(L, co, arguments);
    return resume(L, co, arguments, again);
}

/* Closes `co`: its __close values run on it. */
static int reset(lua_State *L, lua_State *co) {
    dg_vm *vm = dg_vm_of(L);
    dg_deadline_switch(vm, co);
    int status = lua_resetthread(co);
    dg_deadline_switch(vm, L);
    return status;
}

static int give_status_and_results(lua_State *L, int results) {
    if (results < 0) dg_chunk_names_mend(L);
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
    return give_status_and_results(L, resume_with(L, co, lua_gettop(L) - 1, resume_again));
}

static int give_results_or_raise(lua_State *L, lua_State *co, int results) {
    if (results >= 0) return results;
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) {      /* it failed: run its __close values, keep the last error */
        status = reset(L, co);
        if (status != LUA_OK) {
            lua_pop(L, 1);
            lua_xmove(co, L, 1);
        }
    }
    if (lua_type(L, -1) == LUA_TSTRING && status != LUA_ERRMEM) {
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
    return give_results_or_raise(L, co, resume_with(L, co, lua_gettop(L), wrap_again));
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
    if (vm->stack - (char *)__builtin_frame_address(0) > MOST_C_STACK) return luaL_error(L, "coroutine.close nested too deep");
    int status = reset(L, co);
    lua_pushboolean(L, status == LUA_OK);
    if (status == LUA_OK) return 1;
    lua_xmove(co, L, 1);
    dg_chunk_names_mend(L);
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
