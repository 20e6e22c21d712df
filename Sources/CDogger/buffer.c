#include "dogger_buffer.h"

#include <stdint.h>
#include <string.h>

void dg_buffer_init(dg_buffer *buffer, lua_State *L) {
    buffer->bytes = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
    buffer->alloc = lua_getallocf(L, &buffer->alloc_ud);
}

static bool resize(dg_buffer *buffer, size_t capacity) {
    char *bytes = buffer->alloc(buffer->alloc_ud, buffer->bytes, buffer->capacity, capacity);
    if (bytes == NULL) return false;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

bool dg_buffer_reserve(dg_buffer *buffer, size_t more) {
    if (buffer->capacity - buffer->length >= more) return true;
    if (more > SIZE_MAX / 2 - buffer->length) return false;
    size_t needed = buffer->length + more;
    size_t doubled = buffer->capacity < 256 ? 512 : buffer->capacity * 2;
    if (needed < doubled && resize(buffer, doubled)) return true;
    /* Near the memory limit twice the size may be refused where what is needed still fits. */
    return resize(buffer, needed);
}

bool dg_buffer_append(dg_buffer *buffer, const void *bytes, size_t count) {
    if (!dg_buffer_reserve(buffer, count)) return false;
    if (count > 0) memcpy(buffer->bytes + buffer->length, bytes, count);
    buffer->length += count;
    return true;
}

void dg_buffer_reset(dg_buffer *buffer, size_t keep) {
    buffer->length = 0;
    if (buffer->capacity > keep) dg_buffer_free(buffer);
}

void dg_buffer_free(dg_buffer *buffer) {
    if (buffer->bytes != NULL) buffer->alloc(buffer->alloc_ud, buffer->bytes, buffer->capacity, 0);
    buffer->bytes = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
}
