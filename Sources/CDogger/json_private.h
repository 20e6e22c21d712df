/* What the json_*.c files share. */
#ifndef DOGGER_JSON_PRIVATE_H
#define DOGGER_JSON_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "deadline.h"
#include "dogger_json.h"

/* Pushes the shared metatable that marks an array; makes it at the first call in a VM. */
void dg_json_push_array_metatable(lua_State *L);

/* Whether encode writes the value at the absolute `index` as an array. */
bool dg_json_is_array(lua_State *L, int index);

/* Pushes the metatable of json.number; makes it at the first call in a VM. */
void dg_json_push_number_metatable(lua_State *L);

/* Pushes a json.number: an integer's literal that fits no 64 bits. */
void dg_json_push_number(lua_State *L, const char *literal, size_t length);

/* The nearest double of a literal that has JSON's form; no NUL needed behind it. May be infinite. May raise a memory error. */
double dg_json_read_double(lua_State *L, const char *literal, size_t length);

/* The 128 most significant bits of 10^k, rounded up, for k from DG_JSON_POWER_MIN to DG_JSON_POWER_MAX. */
#define DG_JSON_POWER_MIN (-292)
#define DG_JSON_POWER_MAX 324
typedef struct dg_json_power { uint64_t high, low; } dg_json_power;
extern const dg_json_power dg_json_powers[DG_JSON_POWER_MAX - DG_JSON_POWER_MIN + 1];

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "dg_json_plain_prefix takes the first byte to be the lowest");

static inline uint64_t dg_json_load8(const void *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

/* The `count` bytes at `bytes`, 1 to 7, with zeros behind them. */
static inline uint64_t dg_json_load_tail(const void *bytes, size_t count) {
    const unsigned char *p = bytes;
    if (count >= 4) {
        uint32_t first, last;
        memcpy(&first, p, 4);
        memcpy(&last, p + count - 4, 4);
        return first | (uint64_t)last << (count - 4) * 8;
    }
    return p[0] | (uint64_t)p[count / 2] << count / 2 * 8 | (uint64_t)p[count - 1] << (count - 1) * 8;
}

/* How many of the eight bytes in `word`, from the first, are plain ASCII in a JSON string: no quote, no backslash, no control. */
static inline unsigned dg_json_plain_prefix(uint64_t word) {
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
    /* A byte's high bit is set where the subtraction borrows. A borrow runs on into later bytes only: the first hit is true. */
    uint64_t hits = ((word - ones * 0x20) | (quote - ones) | (backslash - ones) | word) & high;
    return hits == 0 ? 8 : (unsigned)__builtin_ctzll(hits) >> 3;
}

static inline bool dg_json_is_plain(unsigned char byte) {
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* The length of the well-formed UTF-8 sequence (Unicode 15, table 3-7) at `p`, or 0 where there is none. */
static inline size_t dg_json_utf8_sequence(const unsigned char *p, const unsigned char *end) {
    size_t left = (size_t)(end - p);
    unsigned char lead = p[0];
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4 || left < 2) return 0;
    unsigned char low = 0x80, high = 0xBF;
    if (lead == 0xE0) low = 0xA0;
    else if (lead == 0xED) high = 0x9F;
    else if (lead == 0xF0) low = 0x90;
    else if (lead == 0xF4) high = 0x8F;
    if (p[1] < low || p[1] > high) return 0;
    if (lead < 0xE0) return 2;
    if (left < 3 || (p[2] & 0xC0) != 0x80) return 0;
    if (lead < 0xF0) return 3;
    if (left < 4 || (p[3] & 0xC0) != 0x80) return 0;
    return 4;
}

#endif
