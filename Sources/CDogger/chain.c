/* The handlers in their order, an onion: the first that does not return nil answers, and req:forward() in one of them calls
   those behind it. */
#include "vm.h"

static int try_from(lua_State *L, lua_Integer i);

static int answered(lua_State *L, int status, lua_KContext i) {
    (void)status;
    if (!lua_isnil(L, -1)) return 1;
    lua_settop(L, 1);
    return try_from(L, (lua_Integer)i + 1);
}

/* Calls the handlers from number i on; the request is at 1. Returns nothing where all of them pass. */
static int try_from(lua_State *L, lua_Integer i) {
    dg_vm *vm = dg_vm_of(L);
    for (; i <= (lua_Integer)vm->handler_count; i++) {
        dg_check_request(L, 1)->task->position = (int)i;
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

static int came_back(lua_State *L, int status, lua_KContext context) {
    (void)L;
    (void)status;
    (void)context;
    return 1;
}

static int run_rest(lua_State *L) { return try_from(L, dg_check_request(L, 1)->task->position + 1); }

int dg_next_handler(lua_State *L) {
    dg_check_request(L, 1);
    lua_settop(L, 1);
    lua_pushcfunction(L, run_rest);
    lua_pushvalue(L, 1);
    lua_callk(L, 1, 1, 0, came_back);
    return 1;
}

void dg_push_chain(lua_State *L, int request) {
    if (dg_vm_of(L)->handler_count != 1) {
        lua_pushcfunction(L, run_chain);
        return;
    }
    /* Alone it needs no chain: its result is the answer. */
    dg_check_request(L, request)->task->position = 1;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &dg_key_handlers);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, request, DG_ANSWERING);
}
