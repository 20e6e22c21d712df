/* The shortest decimal of a double: Raffaello Giulietti, "The Schubfach way to render doubles" (2021). Exact for every double,
   with three multiplications and no division by more than ten. */
#include "json_private.h"

/* digits * 10^exponent */
typedef struct decimal {
    uint64_t digits;
    int exponent;
} decimal;

/* floor(log10(2^e)), floor(log10(3/4 * 2^e)) and floor(log2(10^e)), right for all exponents that a double can have. */
static int floor_log10_of_pow2(int e) { return (int)(((int64_t)e * 1262611) >> 22); }
static int floor_log10_of_three_quarters_pow2(int e) { return (int)(((int64_t)e * 1262611 - 524031) >> 22); }
static int floor_log2_of_pow10(int e) { return (int)(((int64_t)e * 1741647) >> 19); }

/* The top of power * factor, its last bit set where anything below is: enough to compare it with whole numbers. */
static uint64_t multiply_round_to_odd(dg_json_power power, uint64_t factor) {
    unsigned __int128 low = (unsigned __int128)power.low * factor;
    unsigned __int128 high = (unsigned __int128)power.high * factor + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* `value` = significand * 2^exponent, positive. `narrow`: the neighbour below is only half as far as the one above. */
static decimal shortest(uint64_t significand, int exponent, bool narrow) {
    /* What rounds to `value` lies between these, in quarters; the ends belong to it where the significand is even. */
    uint64_t open = significand & 1;
    uint64_t below = 4 * significand - (narrow ? 1 : 2), middle = 4 * significand, above = 4 * significand + 2;

    int k = narrow ? floor_log10_of_three_quarters_pow2(exponent) : floor_log10_of_pow2(exponent);
    int shift = exponent + floor_log2_of_pow10(-k) + 1;
    dg_json_power power = dg_json_powers[-k - DG_JSON_POWER_MIN];
    below = multiply_round_to_odd(power, below << shift) + open;
    middle = multiply_round_to_odd(power, middle << shift);
    above = multiply_round_to_odd(power, above << shift) - open;

    uint64_t s = middle / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool down = below <= 40 * tens, up = 40 * tens + 40 <= above;
        if (down != up) return (decimal){tens + up, k + 1};
    }
    bool down = below <= 4 * s, up = 4 * s + 4 <= above;
    if (down != up) return (decimal){s + up, k};
    uint64_t half = 4 * s + 2;
    bool round_up = middle > half || (middle == half && (s & 1));
    return (decimal){s + round_up, k};
}

static decimal decimal_of(uint64_t bits) {
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int biased = (int)(bits >> 52) & 0x7FF;
    if (biased == 0) return shortest(fraction, -1074, false);
    uint64_t significand = fraction | (UINT64_C(1) << 52);
    int exponent = biased - 1075;
    if (exponent <= 0 && exponent > -53 && (significand & ((UINT64_C(1) << -exponent) - 1)) == 0) {
        return (decimal){significand >> -exponent, 0};
    }
    return shortest(significand, exponent, fraction == 0 && biased > 1);
}

size_t dg_json_format_double(double value, char out[32]) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    char *p = out;
    if (bits >> 63) *p++ = '-';
    bits &= ~(UINT64_C(1) << 63);
    if (bits == 0) {
        memcpy(p, "0.0", 3);
        return (size_t)(p + 3 - out);
    }

    decimal d = decimal_of(bits);
    if (d.digits % 100000000 == 0) d.digits /= 100000000, d.exponent += 8; /* most of a short decimal's zeros at once */
    while (d.digits % 10 == 0) d.digits /= 10, d.exponent++;
    char digits[24];
    int count = (int)dg_json_format_integer((int64_t)d.digits, digits);
    int point = count + d.exponent; /* value = 0.digits * 10^point */

    if (point > 16 || point < -4) {
        *p++ = digits[0];
        if (count > 1) {
            *p++ = '.';
            memcpy(p, digits + 1, (size_t)count - 1);
            p += count - 1;
        }
        *p++ = 'e';
        return (size_t)(p - out) + dg_json_format_integer(point - 1, p);
    }
    if (point <= 0) {
        memcpy(p, "0.0000", 6);
        p += 2 - point;
        memcpy(p, digits, (size_t)count);
        return (size_t)(p + count - out);
    }
    if (count <= point) {
        memcpy(p, digits, (size_t)count);
        memset(p + count, '0', (size_t)(point - count));
        memcpy(p + point, ".0", 2);
        return (size_t)(p + point + 2 - out);
    }
    memcpy(p, digits, (size_t)point);
    p[point] = '.';
    memcpy(p + point + 1, digits + point, (size_t)(count - point));
    return (size_t)(p + count + 1 - out);
}
