/*
 * The functions of table.* that go through a table: as in the manual (6.6), but each looks at the deadline as it goes. In Lua's
 * own ones no hook runs, and a __len that lies, a long chain of __index tables, or one long string a thousand times keep them
 * busy for hours. And sort is stable.
 */
#include <limits.h>

#include "vm.h"

/* Every 256 elements: each may cost 2000 steps, through a chain of metatables. */
static inline void look(lua_State *L, lua_Integer i) {
    if ((i & 255) == 255) dg_deadline_check(L);
}

/* A table, or a value that behaves like one where it is read ("__index") or written ("__newindex"). */
static void check_table(lua_State *L, int argument, const char *event, bool needs_length) {
    if (lua_istable(L, argument)) return;
    int top = lua_gettop(L);
    if (luaL_getmetafield(L, argument, event) == LUA_TNIL || (needs_length && luaL_getmetafield(L, argument, "__len") == LUA_TNIL))
        luaL_checktype(L, argument, LUA_TTABLE);
    lua_settop(L, top);
}

static int concat(lua_State *L) {
    check_table(L, 1, "__index", true);
    size_t length;
    const char *separator = luaL_optlstring(L, 2, "", &length);
    lua_Integer i = luaL_optinteger(L, 3, 1);
    lua_Integer last = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    for (; i <= last; i++) {
        look(L, i);
        if (lua_geti(L, 1, i) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER)
            return luaL_error(L, "invalid value (at index %I) in table for 'concat'", (LUAI_UACINT)i);
        luaL_addvalue(&text);
        if (i == last) break;           /* the largest integer has none after it */
        luaL_addlstring(&text, separator, length);
    }
    luaL_pushresult(&text);
    return 1;
}

static int insert(lua_State *L) {
    check_table(L, 1, "__index", true);
    check_table(L, 1, "__newindex", false);
    lua_Integer end = (lua_Integer)((lua_Unsigned)luaL_len(L, 1) + 1), at = end;
    int arguments = lua_gettop(L);
    if (arguments != 2 && arguments != 3) return luaL_error(L, "wrong number of arguments to 'insert'");
    if (arguments == 3) {
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, (lua_Unsigned)at - 1 < (lua_Unsigned)end, 2, "position out of bounds");
        for (lua_Integer i = end; i > at; i--) {
            look(L, i);
            lua_geti(L, 1, i - 1);
            lua_seti(L, 1, i);
        }
    }
    lua_seti(L, 1, at);
    return 0;
}

static int erase(lua_State *L) {
    check_table(L, 1, "__index", true);
    check_table(L, 1, "__newindex", false);
    lua_Integer length = luaL_len(L, 1), at = luaL_optinteger(L, 2, length);
    if (at != length) luaL_argcheck(L, (lua_Unsigned)at - 1 <= (lua_Unsigned)length, 2, "position out of bounds");
    lua_geti(L, 1, at);
    for (; at < length; at++) {
        look(L, at);
        lua_geti(L, 1, at + 1);
        lua_seti(L, 1, at);
    }
    lua_pushnil(L);
    lua_seti(L, 1, at);
    return 1;
}

static void move_one(lua_State *L, lua_Integer from, lua_Integer to, int target) {
    look(L, from);
    lua_geti(L, 1, from);
    lua_seti(L, target, to);
}

static int move(lua_State *L) {
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    check_table(L, 1, "__index", false);
    check_table(L, target, "__newindex", false);
    if (last >= first) {
        luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
        lua_Integer count = last - first + 1;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
        bool overlaps = to > first && to <= last && (target == 1 || lua_compare(L, 1, target, LUA_OPEQ));
        for (lua_Integer i = 0; i < count; i++) {
            lua_Integer offset = overlaps ? count - 1 - i : i;
            move_one(L, first + offset, to + offset, target);
        }
    }
    lua_pushvalue(L, target);
    return 1;
}

static int unpack(lua_State *L) {
    lua_Integer i = luaL_optinteger(L, 2, 1);
    lua_Integer last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
    if (i > last) return 0;
    lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)i;
    if (count >= INT_MAX || !lua_checkstack(L, (int)++count)) return luaL_error(L, "too many results to unpack");
    for (lua_Unsigned n = 0; n < count; n++) {
        look(L, (lua_Integer)n);
        lua_geti(L, 1, (lua_Integer)((lua_Unsigned)i + n));
    }
    return (int)count;
}

/* Whether the value at `a` comes before the one at `b`; both count from the top. */
static bool is_less(lua_State *L, int a, int b) {
    dg_deadline_check(L);
    if (lua_isnoneornil(L, 2)) return lua_compare(L, a, b, LUA_OPLT);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, a - 1);
    lua_pushvalue(L, b - 2);
    lua_call(L, 2, 1);
    bool less = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return less;
}

static void copy(lua_State *L, int from, int to, lua_Integer first, lua_Integer end, lua_Integer at) {
    for (; first < end; first++, at++) {
        lua_rawgeti(L, from, first);
        lua_rawseti(L, to, at);
    }
}

/* Merges two sorted runs of the table at `from`, [first, middle) and [middle, end), into the table at `to`. */
static void merge(lua_State *L, int from, int to, lua_Integer first, lua_Integer middle, lua_Integer end) {
    lua_Integer left = first, right = middle, at = first;
    lua_rawgeti(L, from, left);
    lua_rawgeti(L, from, right);
    for (;;) {
        if (is_less(L, -1, -2)) {
            lua_rawseti(L, to, at++);
            if (++right == end) {
                lua_pop(L, 1);
                copy(L, from, to, left, middle, at);
                return;
            }
            lua_rawgeti(L, from, right);
        } else {
            lua_pushvalue(L, -2);
            lua_rawseti(L, to, at++);
            if (++left == middle) {
                lua_pop(L, 2);
                copy(L, from, to, right, end, at);
                return;
            }
            lua_rawgeti(L, from, left);
            lua_replace(L, -3);
        }
    }
}

/* A merge sort from the bottom up, between two tables of its own: whatever the comparison says, each element is there once. */
static int sort(lua_State *L) {
    check_table(L, 1, "__index", true);
    check_table(L, 1, "__newindex", false);
    lua_Integer length = luaL_len(L, 1);
    if (length < 2) return 0;
    luaL_argcheck(L, length < INT_MAX, 1, "array too big");
    if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    int from = 3, to = 4;
    lua_createtable(L, length <= 65536 ? (int)length : 0, 0);
    lua_createtable(L, length <= 65536 ? (int)length : 0, 0);
    for (lua_Integer i = 1; i <= length; i++) {
        look(L, i);
        lua_geti(L, 1, i);
        lua_rawseti(L, from, i);
    }
    for (lua_Integer width = 1; width < length; width *= 2) {
        for (lua_Integer first = 1; first <= length; first += 2 * width) {
            lua_Integer middle = first + width, end = middle + width;
            if (end > length + 1) end = length + 1;
            if (middle >= end) copy(L, from, to, first, length + 1, first);
            else merge(L, from, to, first, middle, end);
        }
        int other = from;
        from = to;
        to = other;
    }
    for (lua_Integer i = 1; i <= length; i++) {
        look(L, i);
        lua_rawgeti(L, from, i);
        lua_seti(L, 1, i);
    }
    return 0;
}

int dg_open_table(lua_State *L) {
    static const luaL_Reg functions[] = { { "concat", concat }, { "insert", insert }, { "move", move }, { "remove", erase }, { "sort", sort },
        { "unpack", unpack }, { NULL, NULL } };
    luaL_newlib(L, functions);
    lua_pushcfunction(L, luaopen_table);
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "pack");
    lua_setfield(L, -3, "pack");
    lua_pop(L, 1);
    return 1;
}
