/* Debian's liblua5.4-dev. Named by folder, so that no include path is needed. */
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
