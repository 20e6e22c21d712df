/* json.number: an integer that fits no 64 bits, kept as its literal so that nothing is lost on the way through a script. */
#include "json_private.h"

#include <lua5.4/lauxlib.h>

static const char metatable_key;

void dg_json_push_number(lua_State *L, const char *literal, size_t length) {
    memcpy(lua_newuserdatauv(L, length, 0), literal, length);
    dg_json_push_number_metatable(L);
    lua_setmetatable(L, -2);
}

static bool is_number(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

static const char *literal_of(lua_State *L, int index, size_t *length) {
    *length = lua_rawlen(L, index);
    return lua_touserdata(L, index);
}

static int number_tostring(lua_State *L) {
    if (!is_number(L, 1)) return luaL_typeerror(L, 1, "json.number");
    size_t length;
    const char *literal = literal_of(L, 1, &length);
    lua_pushlstring(L, literal, length);
    return 1;
}

static int number_concat(lua_State *L) {
    for (int i = 1; i <= 2; i++) {
        if (!lua_isstring(L, i) && !is_number(L, i)) {
            return luaL_error(L, "attempt to concatenate a json.number with a %s value", luaL_typename(L, i));
        }
        luaL_tolstring(L, i, NULL);
    }
    lua_concat(L, 2);
    return 1;
}

static lua_Number to_float(lua_State *L, int index, const char *what) {
    if (is_number(L, index)) {
        size_t length;
        const char *literal = literal_of(L, index, &length);
        return dg_json_read_double(L, literal, length);
    }
    int ok;
    lua_Number value = lua_tonumberx(L, index, &ok);
    if (!ok) luaL_error(L, "attempt to %s a json.number with a %s value", what, luaL_typename(L, index));
    return value;
}

static int arithmetic(lua_State *L, int operator) {
    lua_Number left = to_float(L, 1, "do arithmetic on");
    lua_Number right = operator == LUA_OPUNM ? 0 : to_float(L, 2, "do arithmetic on");
    lua_pushnumber(L, left);
    if (operator != LUA_OPUNM) lua_pushnumber(L, right);
    lua_arith(L, operator);
    return 1;
}

static int number_add(lua_State *L) { return arithmetic(L, LUA_OPADD); }
static int number_sub(lua_State *L) { return arithmetic(L, LUA_OPSUB); }
static int number_mul(lua_State *L) { return arithmetic(L, LUA_OPMUL); }
static int number_div(lua_State *L) { return arithmetic(L, LUA_OPDIV); }
static int number_mod(lua_State *L) { return arithmetic(L, LUA_OPMOD); }
static int number_pow(lua_State *L) { return arithmetic(L, LUA_OPPOW); }
static int number_idiv(lua_State *L) { return arithmetic(L, LUA_OPIDIV); }
static int number_unm(lua_State *L) { return arithmetic(L, LUA_OPUNM); }

/* Below, at or above 0 as the left literal is less than, equal to or greater than the right one. */
static int compare_literals(lua_State *L) {
    size_t left_length, right_length;
    const char *left = literal_of(L, 1, &left_length), *right = literal_of(L, 2, &right_length);
    bool left_negative = left[0] == '-', right_negative = right[0] == '-';
    if (left_negative != right_negative) return left_negative ? -1 : 1;
    /* JSON allows no leading zeros, so the longer one is the larger one. */
    int order = left_length != right_length ? (left_length < right_length ? -1 : 1) : memcmp(left, right, left_length);
    return left_negative ? -order : order;
}

/* Whether the two can be compared without rounding, and how they compare. */
static bool compare_exactly(lua_State *L, int *order) {
    bool left = is_number(L, 1), right = is_number(L, 2);
    if (left && right) {
        *order = compare_literals(L);
        return true;
    }
    /* Each json.number is beyond all Lua integers, on the side that its sign tells. */
    if (!lua_isinteger(L, left ? 2 : 1)) return false;
    bool negative = *(const char *)lua_touserdata(L, left ? 1 : 2) == '-';
    *order = left == negative ? -1 : 1;
    return true;
}

static lua_Number to_comparable(lua_State *L, int index) {
    if (lua_type(L, index) == LUA_TSTRING) {
        return (lua_Number)luaL_error(L, "attempt to compare a json.number with a string value");
    }
    return to_float(L, index, "compare");
}

static int number_lt(lua_State *L) {
    int order;
    lua_pushboolean(L, compare_exactly(L, &order) ? order < 0 : to_comparable(L, 1) < to_comparable(L, 2));
    return 1;
}

static int number_le(lua_State *L) {
    int order;
    lua_pushboolean(L, compare_exactly(L, &order) ? order <= 0 : to_comparable(L, 1) <= to_comparable(L, 2));
    return 1;
}

/* Lua asks only where both are userdata, and different ones. */
static int number_eq(lua_State *L) {
    lua_pushboolean(L, is_number(L, 1) && is_number(L, 2) && compare_literals(L) == 0);
    return 1;
}

static const luaL_Reg metamethods[] = {
    {"__tostring", number_tostring}, {"__concat", number_concat}, {"__eq", number_eq},   {"__lt", number_lt},
    {"__le", number_le},             {"__add", number_add},       {"__sub", number_sub}, {"__mul", number_mul},
    {"__div", number_div},           {"__mod", number_mod},       {"__pow", number_pow}, {"__idiv", number_idiv},
    {"__unm", number_unm},           {NULL, NULL},
};

void dg_json_push_number_metatable(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key) == LUA_TTABLE) return;
    lua_pop(L, 1);
    lua_newtable(L);
    luaL_setfuncs(L, metamethods, 0);
    lua_pushliteral(L, "json.number");
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, "json.number");
    lua_setfield(L, -2, "__metatable"); /* a script can't change it: it is shared by all numbers of the VM */
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
}
