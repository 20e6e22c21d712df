/* require "dogger". */
#include <time.h>

#include "dogger_json.h"
#include "vm.h"

static int sleep(lua_State *L) {
    dg_call call = { .op = DG_OP_SLEEP, .number = luaL_checknumber(L, 1) };
    luaL_argcheck(L, call.number >= 0 && call.number <= 1e9, 1, "a number of seconds, 0 or more");
    return dg_host_call(L, &call, 0, dg_host_returns);
}

static int now(lua_State *L) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    lua_pushnumber(L, (lua_Number)time.tv_sec + (lua_Number)time.tv_nsec / 1e9);
    return 1;
}

static int read_file(lua_State *L) {
    dg_call call = { .op = DG_OP_READ_FILE, .source = dg_caller(L, 1) };
    call.text.start = luaL_checklstring(L, 1, &call.text.length);
    return dg_host_call(L, &call, 0, dg_host_returns);
}

static int variable(lua_State *L) {
    dg_call call = { .op = DG_OP_VARIABLE };
    call.text.start = luaL_checklstring(L, 1, &call.text.length);
    return dg_host_call(L, &call, 0, dg_host_returns);
}

int dg_open_json_locked(lua_State *L) {
    lua_pushcfunction(L, dg_open_json);
    lua_call(L, 0, 1);
    dg_lock(L, "dogger.json");
    return 1;
}

int dg_open_dogger(lua_State *L) {
    dg_vm *vm = dg_vm_of(L);
    static const luaL_Reg functions[] = { { "sleep", sleep }, { "now", now }, { "read_file", read_file }, { "env", variable },
        { "routes", dg_routes }, { NULL, NULL } };
    luaL_newlib(L, functions);
    lua_getglobal(L, "print");
    lua_setfield(L, -2, "log");
    lua_pushlstring(L, vm->version.start, vm->version.length);
    lua_setfield(L, -2, "version");
    dg_lock(L, "dogger");
    return 1;
}
