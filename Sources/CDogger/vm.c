/* The VM: its memory, its libraries, and the loading of handlers. */
#include "vm.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

#define LEAST_COLLECTED (32u << 20)
/* Past the limit, for what is told of a failure. Without it each allocation for a traceback might take a full collection of a full VM,
   until the worker is taken for hung. */
#define LAST_WORDS (64u << 10)

const char dg_key_handlers = 0, dg_key_loaded = 0, dg_key_forward = 0, dg_key_response = 0;

/* Counts every byte and refuses growth past the limit; shrinking and freeing never fail, as Lua demands (manual 4.6,
   lua_Alloc). Lua answers a refusal by a full collection and one more try, then by LUA_ERRMEM. */
static void *capped_alloc(void *context, void *block, size_t old_size, size_t new_size) {
    dg_vm *vm = context;
    if (block == NULL) old_size = 0;    /* then it is a type tag */
    if (new_size == 0) {
        free(block);
        vm->memory -= old_size;
        return NULL;
    }
    size_t limit = vm->memory_limit + (vm->is_failing ? LAST_WORDS : 0);
    if (new_size > old_size && (vm->memory > limit || new_size - old_size > limit - vm->memory)) return NULL;
    void *moved = realloc(block, new_size);
    if (moved != NULL) vm->memory += new_size - old_size;
    return moved;
}

/* Not reached: every call into Lua is protected on the main state. Says so rather than to die without a word. */
static int at_panic(lua_State *L) {
    const char *message = lua_tostring(L, -1);
    fprintf(stderr, "dogger: a Lua error outside of a protected call: %s\n", message ? message : "(no message)");
    return 0;
}

static int open_all(lua_State *L) {
    dg_vm *vm = lua_touserdata(L, 1);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &dg_key_handlers);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &dg_key_loaded);
    dg_request_types(L);
    dg_headers_type(L);
    dg_stream_types(L);
    dg_error_type(L);
    dg_module_type(L);
    /* Has lauxlib make the type of its large buffers now: 5.4.4 registers it before it is whole, so that an allocation that
       fails in between would break every large buffer of the VM for good. */
    luaL_Buffer b;
    luaL_buffinitsize(L, &b, LUAL_BUFFERSIZE * 2);
    luaL_pushresultsize(&b, 0);
    lua_pop(L, 1);
    lua_pushcfunction(L, dg_open_environment);
    lua_call(L, 0, 1);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);   /* what every loaded chunk gets as _ENV */
    vm->json.alloc = lua_getallocf(L, &vm->json.alloc_ud);
    return 0;
}

dg_vm *dg_vm_new(const dg_options *options) {
    dg_vm *vm = calloc(1, sizeof *vm);
    if (vm == NULL) return NULL;
    vm->memory_limit = options->memory_limit;
    vm->script_timeout = options->script_timeout;
    vm->host = options->host;
    vm->has_upstream = options->has_upstream;
    vm->has_clock = options->has_clock;
    vm->runs_tests = options->runs_tests;
    vm->coverage = options->coverage;
    vm->modules = options->modules;
    vm->module_count = options->module_count;
    vm->L = lua_newstate(capped_alloc, vm);
    if (vm->L == NULL) {
        free(vm);
        return NULL;
    }
    lua_atpanic(vm->L, at_panic);
    *dg_thread_word(vm->L) = (uintptr_t)vm;     /* new threads start with a copy of this word */
    dg_coverage_hook(vm->L);
    vm->version = options->version;
    lua_pushcfunction(vm->L, open_all);
    lua_pushlightuserdata(vm->L, vm);
    if (lua_pcall(vm->L, 1, 0, 0) != LUA_OK) {
        dg_vm_close(vm);
        return NULL;
    }
    return vm;
}

void dg_vm_close(dg_vm *vm) {
    dg_buffer_free(&vm->json);
    lua_close(vm->L);
    while (vm->pool != NULL) {
        dg_task *task = vm->pool;
        vm->pool = task->next;
        free(task);
    }
    free(vm->headers);
    dg_chunk_names_free(vm);
    free(vm->message);
    free(vm->traceback);
    free(vm);
    malloc_trim(0);
}

const char *dg_lua_version(void) { return LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE; }

size_t dg_vm_memory(const dg_vm *vm) { return vm->memory; }

struct lua_State *dg_vm_state(dg_vm *vm) { return vm->L; }

void dg_vm_collect(dg_vm *vm) {
    lua_gc(vm->L, LUA_GCCOLLECT);
    malloc_trim(0);
    vm->settled = vm->memory;
    vm->unsettled = false;
}

/* Lua collects as it allocates, so what one request left behind would stay until others have allocated as much. */
void dg_vm_settle(dg_vm *vm) {
    if (vm->unsettled || vm->memory > 2 * vm->settled + LEAST_COLLECTED) dg_vm_collect(vm);
}

typedef struct load_arguments {
    const char *name;
    dg_bytes text;
    dg_vm *vm;
    bool loaded;
    dg_failure *failure;
} load_arguments;

static int push_router(lua_State *L) {
    dg_push_router(L, 1, false);
    return 1;
}

/* Raises the error on the top with the file in front, unless memory ran out. */
static int raise_in_file(lua_State *L, int status, const char *name) {
    if (status != LUA_ERRMEM) {
        lua_pushfstring(L, "%s: %s", name, lua_tostring(L, -1));
        lua_replace(L, -2);
    }
    return lua_error(L);
}

/* A handler's value as a function of the request: a table is a table of routes. */
static void push_handler(lua_State *L, int index, const char *name) {
    switch (lua_type(L, index)) {
    case LUA_TFUNCTION: lua_pushvalue(L, index); return;
    case LUA_TTABLE: {
        lua_pushcfunction(L, push_router);
        lua_pushvalue(L, index);
        int status = lua_pcall(L, 1, 1, 0);
        if (status != LUA_OK) raise_in_file(L, status, name);
        return;
    }
    default:
        luaL_error(L, "%s: the file returned %s; a handler file returns a function, a table of routes, or what docker.engine gives",
                   name, lua_isnil(L, index) ? "nothing" : luaL_typename(L, index));
    }
}

static int load_handler(lua_State *L) {
    load_arguments *a = lua_touserdata(L, 1);
    dg_vm *vm = a->vm;
    lua_pushfstring(L, "@%s", a->name);
    if (a->text.length > 0 && a->text.start[0] == LUA_SIGNATURE[0])
        return luaL_error(L, "%s: compiled Lua can't be loaded, only its source", a->name);
    dg_deadline_enter(vm, L);
    dg_load_text(L, a->text, lua_tostring(L, -1));
    /* On a coroutine of its own, so that its traceback is still there when it fails. */
    lua_State *co = lua_newthread(L);
    lua_insert(L, -2);
    lua_xmove(L, co, 1);
    int results = 0;
    *dg_thread_word(co) |= DG_THREAD_IS_TASK;
    dg_deadline_switch(vm, co);
    int status = lua_resume(co, L, 0, &results);
    if (status == LUA_OK) {
        lua_settop(co, results > 0 ? 1 : 0);
        if (results == 0) lua_pushnil(co);
        lua_xmove(co, L, 1);
        if (vm->runs_tests && vm->handler_count > 0) {      /* it has told its tests to the first one, which runs them */
            dg_deadline_leave(vm, co);
            a->loaded = true;
            return 0;
        }
        push_handler(L, lua_gettop(L), a->name);
        dg_deadline_leave(vm, co);
        lua_rawgetp(L, LUA_REGISTRYINDEX, &dg_key_handlers);
        lua_insert(L, -2);
        lua_rawseti(L, -2, (lua_Integer)vm->handler_count + 1);
        vm->handler_count++;
        a->loaded = true;
        return 0;
    }
    dg_failure_read(vm, co, status, a->name, a->failure);
    dg_failure_name(vm, a->failure, a->name);   /* `return docker.engine { ... }` is a tail call: the script's line is gone by then */
    dg_deadline_leave(vm, co);
    return 0;
}

bool dg_vm_load(dg_vm *vm, const char *name, dg_bytes text, dg_failure *failure) {
    load_arguments a = { name, text, vm, false, failure };
    lua_State *L = vm->L;
    lua_pushcfunction(L, load_handler);
    lua_pushlightuserdata(L, &a);
    int status = lua_pcall(L, 1, 0, 0);
    if (status != LUA_OK) {
        dg_failure_read(vm, L, status, name, failure);
        dg_failure_name(vm, failure, name);
        lua_settop(L, 0);
        dg_deadline_leave(vm, L);
    }
    return a.loaded;
}
