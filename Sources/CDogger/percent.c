/* Percent-decoding (RFC 3986 2.1) into a Lua string. */
#include <string.h>

#include "vm.h"

int dg_hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -256;
}

/* What is no escape stays as it is; the HTTP parser has refused such targets before. */
void dg_push_decoded(lua_State *L, const char *bytes, size_t length, bool plus_is_space) {
    if (memchr(bytes, '%', length) == NULL && !(plus_is_space && memchr(bytes, '+', length) != NULL)) {
        lua_pushlstring(L, bytes, length);
        return;
    }
    luaL_Buffer b;
    char *out = luaL_buffinitsize(L, &b, length);
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '%' && i + 2 < length && dg_hex(bytes[i + 1]) >= 0 && dg_hex(bytes[i + 2]) >= 0) {
            c = (char)(dg_hex(bytes[i + 1]) << 4 | dg_hex(bytes[i + 2]));
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[n++] = c;
    }
    luaL_pushresultsize(&b, n);
}
