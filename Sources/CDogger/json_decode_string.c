#include "json_decode.h"

#include <lua5.4/lauxlib.h>

static int hex_digit(char byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

/* The four hex digits of \uXXXX, whose backslash is at `escape`. */
static unsigned read_hex4(decoder *d, const char *escape) {
    unsigned value = 0;
    for (int i = 2; i < 6; i++) {
        int digit = escape + i < d->end ? hex_digit(escape[i]) : -1;
        if (digit < 0) dg_json_refuse(d, escape, "\\u takes four hexadecimal digits");
        value = value << 4 | (unsigned)digit;
    }
    return value;
}

/* UTF-8, and for a surrogate the three bytes that UTF-8 would have for it. */
static char *put_code_point(char *to, unsigned code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

/* Checks from `p` to the closing quote, which it returns. Tells whether there is an escape; the escapes are checked later. */
static const char *find_quote(decoder *d, const char *p, bool *escaped) {
    const char *opening = d->at, *end = d->end;
    for (;;) {
        unsigned plain = 8;
        while (plain == 8 && end - p >= 8) {
            plain = dg_json_plain_prefix(dg_json_load8(p));
            p += plain;
        }
        if (p < end && plain == 8) p += dg_json_plain_prefix(dg_json_load_tail(p, (size_t)(end - p)));
        if (p == end) dg_json_refuse(d, opening, "a string that is never closed");
        unsigned char byte = (unsigned char)*p;
        if (byte == '"') return p;
        if (byte == '\\') {
            *escaped = true;
            /* A quote behind it doesn't close the string. The first byte of a sequence must still be seen as that. */
            p += end - p > 1 && (unsigned char)p[1] < 0x80 ? 2 : 1;
        } else if (byte < 0x20) {
            char hex[3] = {(char)('0' + (byte >> 4)), "0123456789ABCDEF"[byte & 15], '\0'};
            dg_json_refuse(d, p, "the control byte 0x%s in a string; write it as \\u00%s", hex, hex);
        } else {
            size_t sequence = dg_json_utf8_sequence((const unsigned char *)p, (const unsigned char *)end);
            if (sequence == 0) dg_json_refuse(d, p, "a string that isn't UTF-8");
            p += sequence;
        }
    }
}

/* Writes what stands between the quotes to `to`, which has as much room. */
static size_t unescape(decoder *d, const char *p, const char *quote, char *to) {
    const char *first = to;
    for (;;) {
        const char *escape = memchr(p, '\\', (size_t)(quote - p));
        size_t run = (size_t)((escape == NULL ? quote : escape) - p);
        memcpy(to, p, run);
        to += run;
        if (escape == NULL) return (size_t)(to - first);
        p = escape + 2;
        switch (escape[1]) {
        case '"': case '\\': case '/': *to++ = escape[1]; break;
        case 'b': *to++ = '\b'; break;
        case 'f': *to++ = '\f'; break;
        case 'n': *to++ = '\n'; break;
        case 'r': *to++ = '\r'; break;
        case 't': *to++ = '\t'; break;
        case 'u': {
            unsigned code = read_hex4(d, escape);
            p = escape + 6;
            if (code >= 0xD800 && code < 0xDC00 && quote - p >= 6 && p[0] == '\\' && p[1] == 'u') {
                unsigned low = read_hex4(d, p);
                if (low >= 0xDC00 && low < 0xE000) {
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                    p += 6;
                }
            }
            to = put_code_point(to, code);
            break;
        }
        default:
            dg_json_refuse(d, escape, "an unknown escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX");
        }
    }
}

void dg_json_read_string(decoder *d) {
    lua_State *L = d->L;
    const char *first = d->at + 1;
    bool escaped = false;
    const char *quote = find_quote(d, first, &escaped);
    size_t length = (size_t)(quote - first);
    if (!escaped) {
        lua_pushlstring(L, first, length);
    } else {
        /* Large scratch is a userdata, so that no error on the way can leak it. */
        char small[512];
        bool large = length > sizeof small;
        char *text = large ? lua_newuserdatauv(L, length, 0) : small;
        lua_pushlstring(L, text, unescape(d, first, quote, text));
        if (large) lua_remove(L, -2);
    }
    d->at = quote + 1;
}
