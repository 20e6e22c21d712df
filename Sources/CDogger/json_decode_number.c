#define _GNU_SOURCE /* strtod_l */
#include "json_decode.h"

#include <lua5.4/lauxlib.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

_Static_assert(FLT_EVAL_METHOD == 0, "with more precision in between, the short way below would round twice");

/* Powers of ten that a double holds exactly. */
static const double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

double dg_json_read_double(lua_State *L, const char *literal, size_t length) {
    /* strtod takes the decimal point from the process's locale. This locale object is a constant of the C library. */
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char copy[64];
    if (length < sizeof copy) {
        memcpy(copy, literal, length);
        copy[length] = '\0';
        return strtod_l(copy, NULL, c);
    }
    luaL_checkstack(L, 1, "a number");
    double value = strtod_l(lua_pushlstring(L, literal, length), NULL, c);
    lua_pop(L, 1);
    return value;
}

static inline bool is_digit(const char *p, const char *end) {
    return p < end && (unsigned char)(*p - '0') < 10;
}

static void push_integer(decoder *d, const char *first, const char *digits, uint64_t value, size_t count) {
    bool negative = digits != first;
    /* 19 digits always fit the 64 bits of `value`, 20 may not. */
    if (count > 19 || value > (uint64_t)INT64_MAX + negative) {
        dg_json_push_number(d->L, first, (size_t)(digits + count - first));
    } else if (negative && value == 0) {
        lua_pushnumber(d->L, -0.0); /* an integer has no negative zero */
    } else {
        lua_pushinteger(d->L, (lua_Integer)(negative ? 0 - value : value));
    }
}

void dg_json_read_number(decoder *d) {
    const char *first = d->at, *p = first, *end = d->end;
    bool negative = *p == '-';
    if (negative) p++;
    const char *digits = p;
    uint64_t value = 0; /* of all digits, without the point; right while there are at most 19 */
    while (is_digit(p, end)) value = value * 10 + (uint64_t)(*p++ - '0');
    size_t count = (size_t)(p - digits);
    d->at = p;
    if (count == 0) dg_json_refuse_found(d, "a digit after '-'");
    if (count > 1 && digits[0] == '0') dg_json_refuse(d, digits, "a number with a leading zero");
    if (p == end || (*p != '.' && *p != 'e' && *p != 'E')) {
        push_integer(d, first, digits, value, count);
        return;
    }

    long exponent = 0;
    if (*p == '.') {
        const char *fraction = ++p;
        while (is_digit(p, end)) value = value * 10 + (uint64_t)(*p++ - '0');
        d->at = p;
        if (p == fraction) dg_json_refuse_found(d, "a digit after '.'");
        count += (size_t)(p - fraction);
        exponent = -(long)(p - fraction);
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        bool minus = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+')) p++;
        const char *power = p;
        long written = 0;
        while (is_digit(p, end)) {
            if (written < 100000) written = written * 10 + (*p - '0');
            p++;
        }
        d->at = p;
        if (p == power) dg_json_refuse_found(d, "a digit in the exponent");
        exponent += minus ? -written : written;
    }

    /* Where the digits and the power of ten are exact doubles, one division or product rounds right (W. Clinger, "How to read
       floating point numbers accurately", 1990). */
    double number;
    if (count <= 19 && value <= UINT64_C(1) << 53 && exponent >= -22 && exponent <= 22) {
        number = (double)value;
        if (exponent < 0) number /= exact_powers[-exponent];
        else number *= exact_powers[exponent];
        if (negative) number = -number;
    } else {
        number = dg_json_read_double(d->L, first, (size_t)(p - first));
        if (isinf(number)) dg_json_refuse(d, first, "a number too large for a 64-bit float");
    }
    lua_pushnumber(d->L, number);
}
