/* Fuzzes string.find, match, gmatch and gsub: whatever the pattern, they give and raise what Lua's own do. The first byte says which
   function, the second where it begins, the third and fourth how long the pattern and the replacement are that follow; the rest
   is the text. */
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"

#define MOST_TEXT 40
/* Lua's own takes a text's length to the power of the repeats. */
#define MOST_REPEATS 4

static const char script[] =
    "local stock, ours = ...\n"
    "local function all(string, text, pattern, start)\n"
    "  local results = {}\n"
    "  for a, b, c in string.gmatch(text, pattern, start) do table.insert(results, { a, b, c }) end\n"
    "  return table.unpack(results, 1, #results)\n"
    "end\n"
    "local function shout(...) local a, b = ... if a ~= 'a' then return select('#', ...) .. tostring(a):upper() .. tostring(b) end end\n"
    "local calls = {\n"
    "  function(s, text, pattern, start) return s.find(text, pattern, start) end,\n"
    "  function(s, text, pattern, start) return s.match(text, pattern, start) end,\n"
    "  all,\n"
    "  function(s, text, pattern, start, replacement) return s.gsub(text, pattern, replacement) end,\n"
    "  function(s, text, pattern, start, replacement) return s.gsub(text, pattern, replacement, start) end,\n"
    "  function(s, text, pattern) return s.gsub(text, pattern, shout) end,\n"
    "  function(s, text, pattern, start, replacement) return s.gsub(text, pattern, { a = 1, ab = replacement, [2] = 'x', ['('] = false }) end,\n"
    "  function(s, text, pattern, start, replacement) return s.find(text, pattern, start, true) end,\n"
    "}\n"
    "local function show(...)\n"
    "  local shown = {}\n"
    "  for i = 1, select('#', ...) do\n"
    "    local v = (select(i, ...))\n"
    "    if type(v) == 'table' then v = show(v[1], v[2], v[3]) end\n"
    "    shown[i] = type(v) .. ':' .. stock.format('%q', v)\n"
    "  end\n"
    "  return table.concat(shown, ' ')\n"
    "end\n"
    "return function(which, ...)\n"
    "  local call = calls[which % #calls + 1]\n"
    "  local expected, got = show(pcall(call, stock, ...)), show(pcall(call, ours, ...))\n"
    "  if expected ~= got then return 'Lua: ' .. expected .. '\\nours: ' .. got end\n"
    "end\n";

static lua_State *L;

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    L = luaL_newstate();
    luaL_openlibs(L);
    if (luaL_loadstring(L, script) != LUA_OK) abort();
    lua_getglobal(L, "string");
    lua_newtable(L);
    dg_pattern_functions(L);
    lua_call(L, 2, 1);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 4) return -1;
    size_t pattern_length = bytes[2], replacement_length = bytes[3], rest = count - 4;
    if (pattern_length + replacement_length > rest || rest - pattern_length - replacement_length > MOST_TEXT) return -1;
    const char *pattern = (const char *)bytes + 4, *replacement = pattern + pattern_length, *text = replacement + replacement_length;
    int repeats = 0;
    for (size_t i = 0; i < pattern_length; i++) repeats += pattern[i] != 0 && strchr("*+-?", pattern[i]) != NULL;
    if (repeats > MOST_REPEATS) return -1;
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, bytes[0]);
    lua_pushlstring(L, text, rest - pattern_length - replacement_length);
    lua_pushlstring(L, pattern, pattern_length);
    lua_pushinteger(L, (int8_t)bytes[1]);
    lua_pushlstring(L, replacement, replacement_length);
    lua_call(L, 5, 1);
    if (!lua_isnil(L, -1)) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        abort();
    }
    return 0;
}
