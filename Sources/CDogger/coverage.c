/*
 * Lines that run, counted by a line hook. Which lines could run is read off the function's dump, for Lua tells the active lines of
 * closures only, and a function that never ran was never made into one. The dump is only walked, never loaded.
 */
#include "dogger_coverage.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"

typedef struct file {
    char *name;
    int64_t *hits;          /* by line; -1: nothing to run */
    size_t line_count;      /* with line 0, which there is not */
} file;

struct dg_coverage {
    file *files;
    size_t count, last;     /* last: the file that was found last */
};

dg_coverage *dg_coverage_new(void) { return calloc(1, sizeof(dg_coverage)); }

void dg_coverage_free(dg_coverage *c) {
    for (size_t i = 0; i < c->count; i++) {
        free(c->files[i].name);
        free(c->files[i].hits);
    }
    free(c->files);
    free(c);
}

size_t dg_coverage_count(const dg_coverage *c) { return c->count; }

const char *dg_coverage_file(const dg_coverage *c, size_t index, const int64_t **hits, size_t *line_count) {
    *hits = c->files[index].hits;
    *line_count = c->files[index].line_count;
    return c->files[index].name;
}

static file *find(dg_coverage *c, const char *name) {
    if (c->last < c->count && strcmp(c->files[c->last].name, name) == 0) return &c->files[c->last];
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->files[i].name, name) != 0) continue;
        c->last = i;
        return &c->files[i];
    }
    return NULL;
}

/* The file with room for so many lines; NULL where there is no memory. */
static file *add(dg_coverage *c, const char *name, size_t line_count) {
    file *f = find(c, name);
    if (f == NULL) {
        file *grown = realloc(c->files, (c->count + 1) * sizeof *grown);
        if (grown == NULL) return NULL;
        c->files = grown;
        f = &c->files[c->count];
        *f = (file){ strdup(name), NULL, 0 };
        if (f->name == NULL) return NULL;
        c->count++;
    }
    if (line_count > f->line_count) {
        int64_t *grown = realloc(f->hits, line_count * sizeof *grown);
        if (grown == NULL) return NULL;
        for (size_t i = f->line_count; i < line_count; i++) grown[i] = -1;
        f->hits = grown;
        f->line_count = line_count;
    }
    return f;
}

static void count_line(lua_State *L, lua_Debug *ar) {
    lua_getinfo(L, "S", ar);
    if (ar->source[0] != '@') return;
    file *f = find(dg_vm_of(L)->coverage, ar->source + 1);
    if (f == NULL || ar->currentline <= 0 || (size_t)ar->currentline >= f->line_count) return;
    if (f->hits[ar->currentline] >= 0) f->hits[ar->currentline]++;
}

void dg_coverage_hook(lua_State *L) {
    if (dg_vm_of(L)->coverage == NULL) lua_sethook(L, NULL, 0, 0);
    else lua_sethook(L, count_line, LUA_MASKLINE, 0);       /* coroutines take it over from who makes them */
}

/* The dump of a function, as lua_dump writes it in Lua 5.4 (ldump.c). */
typedef struct dump {
    unsigned char *bytes;
    size_t length, capacity, position;
    bool is_short;
} dump;

static int append(lua_State *L, const void *bytes, size_t length, void *context) {
    (void)L;
    dump *d = context;
    if (d->length + length > d->capacity) {
        size_t capacity = (d->length + length) * 2;
        unsigned char *grown = realloc(d->bytes, capacity);
        if (grown == NULL) return 1;
        d->bytes = grown;
        d->capacity = capacity;
    }
    memcpy(d->bytes + d->length, bytes, length);
    d->length += length;
    return 0;
}

static const unsigned char *take(dump *d, size_t count) {
    if (count > d->length - d->position) {
        d->is_short = true;
        return NULL;
    }
    d->position += count;
    return d->bytes + d->position - count;
}

static unsigned byte(dump *d) {
    const unsigned char *b = take(d, 1);
    return b == NULL ? 0 : *b;
}

/* Seven bits a byte, the highest first; the last one is marked. */
static size_t size(dump *d) {
    size_t value = 0;
    while (!d->is_short) {
        unsigned b = byte(d);
        value = value << 7 | (b & 0x7F);
        if (b & 0x80) break;
    }
    return value;
}

static void skip_string(dump *d) {
    size_t length = size(d);
    if (length > 0) take(d, length - 1);
}

static void skip_constants(dump *d) {
    for (size_t n = size(d); n > 0 && !d->is_short; n--) {
        switch (byte(d)) {
        case LUA_TNUMBER: case LUA_TNUMBER | 16: take(d, 8); break;
        case LUA_TSTRING: case LUA_TSTRING | 16: skip_string(d); break;
        default: break;                 /* nil and booleans have nothing more */
        }
    }
}

static void mark(file *f, size_t line) {
    if (line > 0 && line < f->line_count && f->hits[line] < 0) f->hits[line] = 0;
}

static void walk_function(dump *d, file *f) {
    skip_string(d);
    size_t line = size(d);
    size(d);
    byte(d);
    bool is_vararg = byte(d) != 0;
    byte(d);
    take(d, size(d) * 4);
    skip_constants(d);
    take(d, size(d) * 3);
    for (size_t n = size(d); n > 0 && !d->is_short; n--) walk_function(d, f);
    size_t count = size(d);
    const unsigned char *steps = take(d, count);
    size_t absolute_count = size(d), start = d->position;
    size_t absolute_left = absolute_count;
    for (size_t pc = 0; steps != NULL && pc < count && !d->is_short; pc++) {
        if (steps[pc] != 0x80) {
            line += (size_t)(ptrdiff_t)(signed char)steps[pc];
        } else if (absolute_left > 0) {     /* they come in the order of the instructions */
            absolute_left--;
            size(d);
            line = size(d);
        }
        if (pc > 0 || !is_vararg) mark(f, line);    /* the first instruction of a vararg function prepares it, for no line */
    }
    d->position = start;
    for (size_t n = absolute_count; n > 0 && !d->is_short; n--) { size(d); size(d); }
    for (size_t n = size(d); n > 0 && !d->is_short; n--) { skip_string(d); size(d); size(d); }
    for (size_t n = size(d); n > 0 && !d->is_short; n--) skip_string(d);
}

/* "end)", "}, {" and the like: code of the compiler's own, such as the return at the end of a function that has returned already. */
static bool says_nothing(const char *p, const char *end) {
    static const char *const words[] = { "end", "else", "do", "then", "repeat" };
    while (p < end) {
        if (p + 1 < end && p[0] == '-' && p[1] == '-') return true;
        if (isspace((unsigned char)*p) || strchr("(){}[],;", *p) != NULL) {
            p++;
            continue;
        }
        const char *word = p;
        while (p < end && (isalnum((unsigned char)*p) || *p == '_')) p++;
        bool known = false;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            known |= strlen(words[i]) == (size_t)(p - word) && memcmp(words[i], word, (size_t)(p - word)) == 0;
        if (!known) return false;
    }
    return true;
}

static void forget_closing_lines(file *f, dg_bytes text) {
    const char *p = text.start, *end = p + text.length;
    for (size_t line = 1; p < end && line < f->line_count; line++) {
        const char *feed = memchr(p, '\n', (size_t)(end - p));
        if (feed == NULL) feed = end;
        if (f->hits[line] == 0 && says_nothing(p, feed)) f->hits[line] = -1;
        p = feed + 1;
    }
}

void dg_coverage_note(lua_State *L, dg_bytes text, const char *name) {
    dg_coverage *coverage = dg_vm_of(L)->coverage;
    if (coverage == NULL || name[0] != '@') return;
    size_t line_count = 2;
    for (size_t i = 0; i < text.length; i++) line_count += text.start[i] == '\n';
    file *f = add(coverage, name + 1, line_count);
    dump d = { 0 };
    if (f != NULL && lua_dump(L, append, &d, 0) == 0) {
        take(&d, 4 + 1 + 1 + 6 + 3 + sizeof(lua_Integer) + sizeof(lua_Number) + 1);     /* the header, and how many upvalues */
        walk_function(&d, f);
        forget_closing_lines(f, text);
    }
    free(d.bytes);
}
