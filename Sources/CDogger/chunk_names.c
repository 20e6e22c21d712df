/* Lua cuts the names of files that are longer than LUA_IDSIZE: "...folder/handler.lua:12: no". Which file that is only we know. */
#include <stdlib.h>
#include <string.h>

#include "vm.h"

#define CUT "..."
#define MOST_MENDED 16384   /* bytes: what is longer is not looked through each time that it is caught */

struct dg_chunk_name {
    struct dg_chunk_name *next;
    bool is_ambiguous;              /* files that Lua calls the same */
    char cut[LUA_IDSIZE];
    char full[];
};

void dg_chunk_names_add(dg_vm *vm, const char *name) {
    size_t length = strlen(name);
    if (name[0] != '@' || length - 1 < LUA_IDSIZE) return;
    char cut[LUA_IDSIZE] = CUT;
    strcat(cut, name + length - (LUA_IDSIZE - sizeof CUT));     /* as luaO_chunkid does it */
    bool is_ambiguous = false;
    for (dg_chunk_name *other = vm->chunk_names; other != NULL; other = other->next) {
        if (strcmp(other->cut, cut) != 0) continue;
        if (strcmp(other->full, name + 1) == 0) return;
        is_ambiguous = other->is_ambiguous = true;
    }
    dg_chunk_name *new = malloc(sizeof *new + length);
    if (new == NULL) return;        /* then its errors have the short name */
    *new = (dg_chunk_name){ .next = vm->chunk_names, .is_ambiguous = is_ambiguous };
    memcpy(new->cut, cut, sizeof cut);
    memcpy(new->full, name + 1, length);
    vm->chunk_names = new;
}

/* The name that is cut at the beginning of the text, with a line behind it. */
static const dg_chunk_name *find(const dg_vm *vm, const char *text, size_t length) {
    if (length < LUA_IDSIZE || memcmp(text, CUT, sizeof CUT - 1) != 0 || text[LUA_IDSIZE - 1] != ':') return NULL;
    for (const dg_chunk_name *name = vm->chunk_names; name != NULL; name = name->next)
        if (!name->is_ambiguous && memcmp(text, name->cut, LUA_IDSIZE - 1) == 0) return name;
    return NULL;
}

static void append(char *to, size_t *at, const char *bytes, size_t length) {
    if (to != NULL) memcpy(to + *at, bytes, length);
    *at += length;
}

/* Gives the new length; writes where `to` is not NULL. */
static size_t expand(const dg_vm *vm, const char *text, size_t length, char *to) {
    size_t written = 0;
    for (size_t i = 0; i < length;) {
        const dg_chunk_name *name = find(vm, text + i, length - i);
        append(to, &written, name != NULL ? name->full : text + i, name != NULL ? strlen(name->full) : 1);
        i += name != NULL ? LUA_IDSIZE - 1 : 1;
    }
    return written;
}

char *dg_chunk_names_expand(const dg_vm *vm, const char *text, size_t *length) {
    if (vm->chunk_names == NULL) return NULL;
    size_t expanded = expand(vm, text, *length, NULL);
    char *to = expanded == *length ? NULL : malloc(expanded);
    if (to != NULL) *length = expand(vm, text, *length, to);
    return to;
}

void dg_chunk_names_mend(lua_State *L) {
    const dg_vm *vm = dg_vm_of(L);
    size_t length;
    if (vm->chunk_names == NULL || lua_type(L, -1) != LUA_TSTRING) return;
    const char *text = lua_tolstring(L, -1, &length);
    if (length > MOST_MENDED) return;
    size_t expanded = expand(vm, text, length, NULL);
    if (expanded == length) return;
    int index = lua_gettop(L);
    luaL_Buffer whole;
    expand(vm, text, length, luaL_buffinitsize(L, &whole, expanded));
    luaL_pushresultsize(&whole, expanded);
    lua_replace(L, index);
}

void dg_chunk_names_free(dg_vm *vm) {
    while (vm->chunk_names != NULL) {
        dg_chunk_name *name = vm->chunk_names;
        vm->chunk_names = name->next;
        free(name);
    }
}
