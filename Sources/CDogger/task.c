/* One request's way through Lua. */
#include <stdlib.h>
#include <string.h>

#include "failure.h"

dg_task *dg_task_take(dg_vm *vm) {
    dg_task *task = vm->pool;
    if (task != NULL) {
        vm->pool = task->next;
    } else {
        task = calloc(1, sizeof *task);
        if (task == NULL) return NULL;
        task->vm = vm;
        task->anchor = LUA_NOREF;
    }
    return task;
}

typedef struct run_arguments {
    dg_task *task;
    dg_outcome *outcome;
} run_arguments;

/* Whether the coroutine has returned, and can be started again. One that an error of Lua's own was thrown across is at its
   status still, but in the midst of a call. */
static bool is_at_rest(lua_State *co) {
    lua_Debug ar;
    return lua_status(co) == LUA_OK && !lua_getstack(co, 0, &ar);
}

static void close_coroutine(lua_State *L, dg_task *task);

static void take_coroutine(lua_State *L, dg_task *task) {
    if (task->coroutine != NULL && !is_at_rest(task->coroutine)) close_coroutine(L, task);
    if (task->coroutine != NULL) return;
    lua_State *co = lua_newthread(L);
    task->anchor = luaL_ref(L, LUA_REGISTRYINDEX);
    *dg_thread_word(co) |= DG_THREAD_IS_TASK;
    task->coroutine = co;
}

static void drop_coroutine(lua_State *L, dg_task *task) {
    luaL_unref(L, LUA_REGISTRYINDEX, task->anchor);
    task->anchor = LUA_NOREF;
    task->coroutine = NULL;
}

static void end_object(dg_task *task) { task->turn++; }

static bool is_touched(lua_State *co) {
    bool touched = lua_getiuservalue(co, 1, DG_OWN_FIELDS) != LUA_TNIL || lua_getiuservalue(co, 1, DG_BODY_STRING) != LUA_TNIL;
    lua_settop(co, 2);
    return touched;
}

/* Runs the coroutine until it ends, fails, or waits; `arguments` of them lie on its top. */
static void run(lua_State *L, dg_task *task, int arguments, dg_outcome *outcome, bool streaming) {
    dg_vm *vm = task->vm;
    lua_State *co = task->coroutine;
    int results = 0;
    vm->task = task;
    vm->awaiting = false;
    dg_deadline_enter(vm, co);
    int status = lua_resume(co, L, arguments, &results);
    vm->task = NULL;
    if (status == LUA_YIELD && vm->awaiting) {
        dg_deadline_leave(vm, co);
        vm->awaiting = false;
        task->waiting = true;
        outcome->state = DG_WAITING;
        return;
    } else if (status == LUA_OK) {
        if (streaming) {
            dg_deadline_leave(vm, co);
            outcome->state = DG_STREAMED;
            return;
        }
        lua_settop(co, 2);              /* the request, and the first result; nil where there is none */
        lua_pushvalue(co, -1);          /* the response stays on the coroutine, which keeps its strings alive */
        lua_xmove(co, L, 1);
        dg_read_response(L, lua_gettop(L), co, outcome);     /* within the time limit: there may be much to encode */
        dg_deadline_leave(vm, co);
        if (outcome->state == DG_NOT_MINE) outcome->touched = is_touched(co);
        return;
    }
    outcome->state = DG_FAILED;
    dg_failure_read(vm, co, status, "the handler", &outcome->failure);
    lua_resetthread(co);                /* runs the pending __close values; the alarm, if it rang, is still set */
    end_object(task);
    if (vm->expired && outcome->failure.kind != DG_OUT_OF_TIME) dg_failure_read(vm, co, LUA_ERRRUN, "the handler", &outcome->failure);
    dg_deadline_leave(vm, co);
    drop_coroutine(L, task);
}

static int start(lua_State *L) {
    run_arguments *a = lua_touserdata(L, 1);
    dg_task *task = a->task;
    take_coroutine(L, task);
    lua_State *co = task->coroutine;
    dg_object *object = lua_newuserdatauv(L, sizeof *object, DG_USER_VALUES);
    object->task = task;
    object->turn = task->turn;
    luaL_setmetatable(L, DG_REQUEST_TYPE);
    lua_pushvalue(L, -1);
    dg_push_chain(L, lua_gettop(L));
    lua_insert(L, -2);
    lua_xmove(L, co, 3);                /* the request (kept alive there), the handler, the request as its argument */
    run(L, task, 1, a->outcome, false);
    return 0;
}

static int proceed(lua_State *L) {
    run_arguments *a = lua_touserdata(L, 1);
    a->task->waiting = false;
    run(L, a->task, 0, a->outcome, lua_tonumber(L, 2) != 0);
    return 0;
}

static int forward(lua_State *L) {
    run_arguments *a = lua_touserdata(L, 1);
    lua_State *co = a->task->coroutine;
    a->task->position = (int)a->task->vm->handler_count;
    lua_settop(co, 1);
    lua_pushcfunction(co, dg_forward_request);
    lua_pushvalue(co, 1);
    run(L, a->task, 1, a->outcome, false);
    return 0;
}

static int raw_function(lua_State *L, int table, const char *name) {
    lua_pushstring(L, name);
    if (lua_rawget(L, table) == LUA_TFUNCTION) return 1;
    lua_pop(L, 1);
    return 0;
}

/* Pushes the function that writes the response at `response`; true where it gets a raw stream. See response.c. */
static bool push_body_function(lua_State *L, int response) {
    if (raw_function(L, response, "upgrade") || raw_function(L, response, "switch") || raw_function(L, response, "look")) return true;
    if (!raw_function(L, response, "body")) raw_function(L, response, "content");
    return false;
}

static int stream(lua_State *L) {
    run_arguments *a = lua_touserdata(L, 1);
    lua_State *co = a->task->coroutine;
    lua_xmove(co, L, 1);                /* the response, which lies on the coroutine's top */
    int response = lua_gettop(L);
    lua_pushvalue(co, 1);
    lua_xmove(co, L, 1);
    int request = lua_gettop(L);
    bool upgraded = push_body_function(L, response);
    dg_push_stream(L, request, upgraded);
    lua_xmove(L, co, 2);
    a->task->streaming = true;
    run(L, a->task, 1, a->outcome, true);
    return 0;
}

/* An error that is not the script's own: reading its response failed, or memory ran out around it. Lua throws such a one to
   here even from a coroutine, past all that runs between: so what that would have set back is set back here. */
static void protect(dg_task *task, lua_CFunction function, dg_outcome *outcome) {
    dg_vm *vm = task->vm;
    lua_State *L = vm->L;
    run_arguments a = { task, outcome };
    vm->no_wait = 0;
    vm->awaiting = false;
    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, &a);
    lua_pushnumber(L, task->streaming);
    int status = lua_pcall(L, 2, 0, 0);
    if (status == LUA_OK) return;
    vm->task = NULL;
    end_object(task);
    outcome->state = DG_FAILED;
    char place[LUA_IDSIZE + 16];
    bool is_known = dg_answering_place(task->coroutine, place, sizeof place);
    dg_failure_read(vm, L, status, is_known ? place : "the handler", &outcome->failure);
    if (is_known && outcome->failure.kind == DG_SCRIPT_ERROR) dg_failure_of_answer(vm, place, &outcome->failure);
    dg_deadline_leave(vm, L);
    lua_settop(L, 0);
}

void dg_task_start(dg_task *task, dg_outcome *outcome) {
    protect(task, start, outcome);
}

void dg_task_resume(dg_task *task, const dg_answer *answer, dg_outcome *outcome) {
    task->vm->answer = answer;
    protect(task, proceed, outcome);
    task->vm->answer = NULL;
}

void dg_task_stream(dg_task *task, dg_outcome *outcome) {
    protect(task, stream, outcome);
}

void dg_task_forward(dg_task *task, dg_outcome *outcome) {
    protect(task, forward, outcome);
}

/* The script ends where it waits: its __close values run, and can still read the request. Of an error in them only the log is
   left to be told. */
static void close_coroutine(lua_State *L, dg_task *task) {
    dg_vm *vm = task->vm;
    lua_State *co = task->coroutine;
    dg_deadline_enter(vm, co);
    int status = lua_resetthread(co);
    end_object(task);
    if (status != LUA_OK) {
        static const char prefix[] = "dogger: while a request ended early: ";
        dg_failure failure;
        dg_failure_read(vm, co, status, "a __close metamethod", &failure);
        dg_call call = { .op = DG_OP_LOG, .text = failure.message, .source = { prefix, sizeof prefix - 1 } };
        vm->host.call(vm->host.context, &call);
    }
    dg_deadline_leave(vm, co);
    drop_coroutine(L, task);
}

static int close_waiting(lua_State *L) {
    close_coroutine(L, lua_touserdata(L, 1));
    return 0;
}

void dg_task_end(dg_task *task) {
    dg_vm *vm = task->vm;
    lua_State *L = vm->L;
    if (task->coroutine != NULL && is_at_rest(task->coroutine)) {
        end_object(task);
        lua_settop(task->coroutine, 0);
    } else if (task->coroutine != NULL) {
        lua_pushcfunction(L, close_waiting);
        lua_pushlightuserdata(L, task);
        if (lua_pcall(L, 1, 0, 0) != LUA_OK) {      /* no memory even for the call: take_coroutine tries again */
            end_object(task);
            dg_deadline_leave(vm, L);
            lua_settop(L, 0);
        }
    }
    task->waiting = task->streaming = false;
    task->position = 0;
    task->body_is_gone = false;
    task->owner = NULL;
    memset(&task->request, 0, sizeof task->request);
    task->next = vm->pool;
    vm->pool = task;
    dg_vm_settle(vm);
}
