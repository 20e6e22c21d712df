/* The handlers in their order: the first that does not return nil answers. */
#include "vm.h"

static int try_from(lua_State *L, lua_Integer i);

static int answered(lua_State *L, int status, lua_KContext i) {
    (void)status;
    if (!lua_isnil(L, -1)) return 1;
    lua_settop(L, 1);
    return try_from(L, (lua_Integer)i + 1);
}

static int try_from(lua_State *L, lua_Integer i) {
    dg_vm *vm = dg_vm_of(L);
    for (; i <= (lua_Integer)vm->handler_count; i++) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &dg_key_handlers);
        lua_rawgeti(L, -1, i);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, DG_ANSWERING);
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 1, (lua_KContext)i, answered);
        if (!lua_isnil(L, -1)) return 1;
        lua_settop(L, 1);
    }
    return 0;
}

static int run_chain(lua_State *L) { return try_from(L, 1); }

void dg_push_chain(lua_State *L, int request) {
    if (dg_vm_of(L)->handler_count != 1) {
        lua_pushcfunction(L, run_chain);
        return;
    }
    /* Alone it needs no chain: its result is the answer. */
    lua_rawgetp(L, LUA_REGISTRYINDEX, &dg_key_handlers);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, request, DG_ANSWERING);
}
