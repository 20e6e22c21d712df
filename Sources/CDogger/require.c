/* require: dogger's own modules by name, a script's own beside it. A module is run once for each version of the handler. */
#include <string.h>

#include "vm.h"

static const char loading = 0;      /* stands in the table of modules while one of them runs */

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

/* __close of what stands for a module that runs; its user value is the module's path. A module that failed, or whose request
   ended meanwhile, is run again by the next who requires it. */
static int stop_loading(lua_State *L) {
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &dg_key_loaded);
    lua_getiuservalue(L, 1, 1);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 2) != LUA_TLIGHTUSERDATA || lua_touserdata(L, -1) != &loading) return 0;
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_rawset(L, 2);
    return 0;
}

/* Runs the chunk on the top with the module's name and path; marks it as running, so that a circle is told and not followed. */
static int run_module(lua_State *L, int name) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &dg_key_loaded);
    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, (void *)&loading);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    lua_newuserdatauv(L, 0, 1);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    if (luaL_newmetatable(L, "dogger.loading")) {
        lua_pushcfunction(L, stop_loading);
        lua_setfield(L, -2, "__close");
    }
    lua_setmetatable(L, -2);
    lua_insert(L, -2);              /* below the chunk */
    lua_toclose(L, -2);
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
    if (lua_touserdata(L, -1) == &loading) luaL_error(L, "modules require each other in a circle: '%s' is still being loaded", lua_tostring(L, -2));
    if (!lua_isnil(L, -1)) return true;
    lua_pop(L, 1);
    return false;
}

static int dogger_module(lua_State *L, const dg_module *module) {
    lua_pushfstring(L, "=[%s]", module->name);
    if (luaL_loadbufferx(L, module->text.start, module->text.length, lua_tostring(L, -1), "t") != LUA_OK) return lua_error(L);
    lua_pushvalue(L, 1);
    dg_push_natives(L);                 /* what only dogger's own modules get */
    lua_call(L, 2, 1);
    dg_lock(L, module->name);
    return keep_module(L);
}

int dg_require(lua_State *L) {
    dg_vm *vm = dg_vm_of(L);
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    if (push_loaded(L)) return 1;
    const char *name = lua_tostring(L, 1);
    if (strcmp(name, "dogger") == 0 || strcmp(name, "dogger.json") == 0) {
        lua_pushcfunction(L, name[6] == 0 ? dg_open_dogger : dg_open_json_locked);
        lua_call(L, 0, 1);
        return keep_module(L);
    }
    for (size_t i = 0; i < vm->module_count; i++)
        if (strcmp(vm->modules[i].name, name) == 0) return dogger_module(L, &vm->modules[i]);

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
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    lua_pushfstring(L, "@%s", lua_tostring(L, 1));
    if (luaL_loadbufferx(L, text, length, lua_tostring(L, -1), "t") != LUA_OK) return lua_error(L);
    return run_module(L, 2);
}
