/* One growing run of bytes whose memory comes from a lua_Alloc, so that it counts in that VM's memory limit. */
#ifndef DOGGER_BUFFER_H
#define DOGGER_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <lua5.4/lua.h>

typedef struct dg_buffer {
    char *bytes;     /* NULL while capacity is 0 */
    size_t length;   /* bytes in use */
    size_t capacity; /* bytes allocated */
    lua_Alloc alloc;
    void *alloc_ud;
} dg_buffer;

/* Makes an empty buffer that allocates as `L` does. Allocates nothing itself. The buffer must be freed before the allocator
   goes away, and is used on the VM's thread only. */
void dg_buffer_init(dg_buffer *buffer, lua_State *L);

/* Makes room for `more` bytes past `length`. False where the allocator refuses; the content is then unchanged. */
bool dg_buffer_reserve(dg_buffer *buffer, size_t more);

/* Appends `count` bytes. False where the allocator refuses; the content is then unchanged. */
bool dg_buffer_append(dg_buffer *buffer, const void *bytes, size_t count);

/* Forgets the content and keeps the memory, unless that is more than `keep` bytes: then the memory goes back. So one large
   document doesn't hold its size for the VM's whole life. */
void dg_buffer_reset(dg_buffer *buffer, size_t keep);

/* Gives the memory back. The buffer is empty and may be used again. */
void dg_buffer_free(dg_buffer *buffer);

#endif
