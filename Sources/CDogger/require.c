/* require: dogger's own modules by name, a script's own beside it. A module is run once for each version of the handler. */
#include <string.h>

#include "vm.h"

static const char loading = 0;      /* registry key: path -> the task that runs the module, while it does */
#define RUN_TYPE "dogger.module"    /* a to-be-closed value: the module's run ends with it, by whatever way */

/* While a script loads there is no task; it is one run all the same. */
static void *running_task(lua_State *L) {
    dg_vm *vm = dg_vm_of(L);
    return vm->task != NULL ? (void *)vm->task : (void *)vm;
}

static void set_loading(lua_State *L, int path, void *task) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &loading);
    lua_pushvalue(L, path);
    if (task != NULL) lua_pushlightuserdata(L, task);
    else lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static int end_run(lua_State *L) {
    lua_getiuservalue(L, 1, 1);
    set_loading(L, lua_gettop(L), NULL);
    return 0;
}

void dg_module_type(lua_State *L) {
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loading);
    luaL_newmetatable(L, RUN_TYPE);
    lua_pushcfunction(L, end_run);
    lua_setfield(L, -2, "__close");
    lua_pop(L, 1);
}

/* Modules that require each other are told, and not followed. Another request may run the same module just now, and wait. */
static void begin_run(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &loading);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, -2) == LUA_TLIGHTUSERDATA && lua_touserdata(L, -1) == running_task(L))
        luaL_error(L, "modules require each other in a circle: '%s' is still being loaded", lua_tostring(L, 1));
    lua_pop(L, 2);
    lua_newuserdatauv(L, 0, 1);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, RUN_TYPE);
    set_loading(L, 1, running_task(L));
    lua_toclose(L, -1);
}

/* Keeps the module's value (true where it gave none) under its path, and returns it. Stack: path at 1, the value on the top. */
static int keep_module(lua_State *L) {
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &dg_key_loaded);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    return 1;
}

static int module_ran(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    return keep_module(L);
}

/* Runs the chunk on the top with the module's name and path. */
static int run_module(lua_State *L, int name) {
    int chunk = lua_gettop(L);
    begin_run(L);
    lua_pushvalue(L, chunk);
    lua_pushvalue(L, name);
    lua_pushvalue(L, 1);
    lua_callk(L, 2, 1, 0, module_ran);
    return keep_module(L);
}

/* Leaves the module on the top and returns true, where it is there already. The key is on the top. */
static bool push_loaded(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &dg_key_loaded);
    lua_pushvalue(L, -2);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (!lua_isnil(L, -1)) return true;
    lua_pop(L, 1);
    return false;
}

static int dogger_module(lua_State *L, const dg_module *module) {
    lua_pushfstring(L, "=[%s]", module->name);
    dg_load_text(L, module->text, lua_tostring(L, -1));
    lua_pushvalue(L, 1);
    dg_push_natives(L);                 /* what only dogger's own modules get */
    lua_call(L, 2, 1);
    if (lua_istable(L, -1)) dg_lock(L, module->name);
    return keep_module(L);
}

int dg_require(lua_State *L) {
    dg_vm *vm = dg_vm_of(L);
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    const char *name = lua_tostring(L, 1);
    if (strncmp(name, "dogger", 6) == 0 && push_loaded(L)) return 1;    /* a script's own are kept by their paths */
    static const luaL_Reg own[] = { { "dogger", dg_open_dogger }, { "dogger.json", dg_open_json_locked }, { "dogger.store", dg_open_store } };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strcmp(name, own[i].name) != 0) continue;
        lua_pushcfunction(L, own[i].func);
        lua_call(L, 0, 1);
        return keep_module(L);
    }
    for (size_t i = 0; i < vm->module_count; i++)
        if (strcmp(vm->modules[i].name, name) == 0 && strcmp(name, DG_FORWARD_MODULE) != 0) return dogger_module(L, &vm->modules[i]);

    dg_call call = { .op = DG_OP_FIND_MODULE, .source = dg_caller(L, 1) };
    call.text.start = lua_tolstring(L, 1, &call.text.length);
    dg_host_call(L, &call, 0, dg_host_returns);
    lua_insert(L, 1);                   /* the path: two names of one file are one module */
    lua_pushvalue(L, 1);
    if (push_loaded(L)) return 1;
    lua_settop(L, 2);
    call = (dg_call){ .op = DG_OP_READ_MODULE };
    call.text.start = lua_tolstring(L, 1, &call.text.length);
    dg_host_call(L, &call, 0, dg_host_returns);
    dg_bytes text;
    text.start = lua_tolstring(L, -1, &text.length);
    lua_pushfstring(L, "@%s", lua_tostring(L, 1));
    dg_load_text(L, text, lua_tostring(L, -1));
    return run_module(L, 2);
}
