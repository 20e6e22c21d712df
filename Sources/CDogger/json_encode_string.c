#include "json_encode.h"

enum {
    LONGEST = 6, /* bytes that one byte can become: \u001f */
    SLACK = 8,   /* eight bytes are stored at a time, of which some may be overwritten again */
};

/* What stands for a byte that can't stand for itself. */
static char *put_escape(char *to, unsigned char byte) {
    char letter;
    switch (byte) {
    case '"': letter = '"'; break;
    case '\\': letter = '\\'; break;
    case '\b': letter = 'b'; break;
    case '\f': letter = 'f'; break;
    case '\n': letter = 'n'; break;
    case '\r': letter = 'r'; break;
    case '\t': letter = 't'; break;
    default:
        memcpy(to, "\\u00", 4);
        to[4] = (char)('0' + (byte >> 4));
        to[5] = "0123456789abcdef"[byte & 15];
        return to + 6;
    }
    to[0] = '\\';
    to[1] = letter;
    return to + 2;
}

/* A surrogate's three bytes, as the decoder makes them of a lone \ud800, become that escape again. */
static bool is_surrogate(const unsigned char *p, const unsigned char *end) {
    return end - p >= 3 && p[0] == 0xED && (p[1] & 0xE0) == 0xA0 && (p[2] & 0xC0) == 0x80;
}

static char *put_surrogate(char *to, const unsigned char *p) {
    const char *hex = "0123456789abcdef";
    memcpy(to, "\\ud", 3);
    to[3] = hex[8 | (p[1] >> 2 & 7)];
    to[4] = hex[(p[1] & 3) << 2 | (p[2] >> 4 & 3)];
    to[5] = hex[p[2] & 15];
    return to + 6;
}

void dg_json_write_string(encoder *e, const char *bytes, size_t length, const place *at, bool is_key) {
    const unsigned char *p = (const unsigned char *)bytes, *end = p + length;
    char *to = dg_json_reserve(e, length + 2 + SLACK);
    *to++ = '"';
    /* Here there is always room for the rest as it is, the closing quote and SLACK. */
    for (;;) {
        unsigned plain = 8;
        while (plain == 8 && end - p >= 8) {
            uint64_t word = dg_json_load8(p);
            memcpy(to, &word, 8);
            plain = dg_json_plain_prefix(word);
            p += plain;
            to += plain;
        }
        if (p == end) break;
        if (plain == 8) {
            /* The zeros behind the last bytes aren't plain, so this ends at the end at the latest. */
            uint64_t word = dg_json_load_tail(p, (size_t)(end - p));
            memcpy(to, &word, 8);
            plain = dg_json_plain_prefix(word);
            p += plain;
            to += plain;
            if (p == end) break;
        }

        while (p < end && *p >= 0x80) {
            size_t sequence = dg_json_utf8_sequence(p, end);
            if (sequence == 0) break;
            for (; sequence > 0; sequence--) *to++ = (char)*p++;
        }
        if (p == end || dg_json_is_plain(*p)) continue;

        e->out->length = (size_t)(to - e->out->bytes);
        to = dg_json_reserve(e, LONGEST + (size_t)(end - p) + 1 + SLACK);
        if (*p < 0x80) {
            to = put_escape(to, *p++);
        } else if (is_surrogate(p, end)) {
            to = put_surrogate(to, p);
            p += 3;
        } else {
            dg_json_cannot_encode(e, at, "a %s that isn't UTF-8 at its byte %I (counted from 0)", is_key ? "name" : "string",
                                  (LUAI_UACINT)(p - (const unsigned char *)bytes));
        }
    }
    *to++ = '"';
    e->out->length = (size_t)(to - e->out->bytes);
}
