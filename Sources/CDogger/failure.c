/* From a Lua error to words that outlive it. */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TEXT 16384     /* of a message or a traceback; what is longer is no help to anybody */
#define MOST_LEVELS 10000   /* of calls, of which a traceback tells the innermost and the outermost; of more it tells only the former */
#define SHOWN_LEVELS 22     /* as many as luaL_traceback shows */

/* The texts are malloc's own memory: the VM may have none left when an error tells just that. */
static dg_bytes keep(const dg_vm *vm, char **slot, const char *text, size_t length) {
    char cut[48] = "";
    char *expanded = length <= MOST_TEXT ? dg_chunk_names_expand(vm, text, &length) : NULL;
    if (expanded != NULL) text = expanded;
    if (length > MOST_TEXT) {
        snprintf(cut, sizeof cut, " ... (%zu bytes)", length);
        length = MOST_TEXT;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;    /* not in the midst of a character */
    }
    free(*slot);
    *slot = malloc(length + sizeof cut);
    if (*slot != NULL) memcpy(*slot, text, length);
    free(expanded);
    if (*slot == NULL) return (dg_bytes){ "out of memory", 13 };
    strcpy(*slot + length, cut);
    return (dg_bytes){ *slot, length + strlen(cut) };
}

bool dg_innermost_place(lua_State *co, char *place, size_t size) {
    lua_Debug ar;
    for (int level = 0; lua_getstack(co, level, &ar); level++) {
        lua_getinfo(co, "Sl", &ar);
        if (ar.currentline > 0) {
            snprintf(place, size, "%s:%d", ar.short_src, ar.currentline);
            return true;
        }
    }
    return false;
}

/* The innermost calls of very many, as luaL_traceback writes them. It would look for the outermost ones too, by walking from the innermost
   again and again: in a recursion without an end that took as long as the recursion itself, and no hook strikes in it. */
static void add_innermost(lua_State *L, lua_State *co) {
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, "stack traceback:");
    lua_Debug ar;
    for (int level = 0; level < SHOWN_LEVELS && lua_getstack(co, level, &ar); level++) {
        char line[LUA_IDSIZE + 128];
        lua_getinfo(co, "Sln", &ar);
        if (ar.currentline > 0) snprintf(line, sizeof line, "\n\t%s:%d: in ", ar.short_src, ar.currentline);
        else snprintf(line, sizeof line, "\n\t%s: in ", ar.short_src);
        luaL_addstring(&b, line);
        if (ar.namewhat[0] != 0) snprintf(line, sizeof line, "%s '%.60s'", ar.namewhat, ar.name);
        else if (ar.what[0] == 'C') strcpy(line, "?");
        else snprintf(line, sizeof line, "function <%s:%d>", ar.short_src, ar.linedefined);
        luaL_addstring(&b, line);
    }
    luaL_addstring(&b, "\n\t...");
    luaL_pushresult(&b);
}

static int make_traceback(lua_State *L) {
    lua_State *co = lua_touserdata(L, 1);
    lua_Debug ar;
    if (lua_getstack(co, MOST_LEVELS, &ar)) add_innermost(L, co);
    else luaL_traceback(L, co, NULL, 0);
    return 1;
}

static void read_traceback(dg_vm *vm, lua_State *co, dg_failure *failure) {
    lua_State *L = vm->L;
    failure->traceback = (dg_bytes){ "", 0 };
    if (co == L || !lua_checkstack(L, 3)) return;
    lua_pushcfunction(L, make_traceback);
    lua_pushlightuserdata(L, co);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) {
        size_t length;
        const char *text = lua_tolstring(L, -1, &length);
        failure->traceback = keep(vm, &vm->traceback, text, length);
    }
    lua_pop(L, 1);
}

typedef struct error_table {
    int status;                 /* 0 where the table tells none */
    const char *message;        /* NULL likewise */
    size_t length;
} error_table;

/* Reads raw: what a metamethod does is not called. */
static int read_error_table(lua_State *L) {
    error_table *e = lua_touserdata(L, 1);
    lua_pushliteral(L, "status");
    if (lua_rawget(L, 2) == LUA_TNUMBER) {
        lua_Number status = lua_tonumber(L, -1);
        if (status >= 400 && status <= 599) e->status = (int)status;
    }
    lua_pushliteral(L, "message");
    if (lua_rawget(L, 2) == LUA_TSTRING) e->message = lua_tolstring(L, -1, &e->length);
    return 0;
}

/* An error value that is a table tells its status and message. */
static void keep_error_table(dg_vm *vm, lua_State *co, const char *place, dg_failure *failure) {
    lua_State *L = vm->L;
    error_table e = { 0, NULL, 0 };
    lua_pushcfunction(L, read_error_table);     /* on the main state and protected: it makes strings */
    lua_pushlightuserdata(L, &e);
    if (co == L) lua_pushvalue(L, -3);
    else lua_xmove(co, L, 1);
    lua_pushvalue(L, -1);
    lua_insert(L, -4);                          /* stays below the call, and keeps the message */
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) lua_pop(L, 1);
    if (e.status != 0) failure->status = e.status;
    if (e.message != NULL) {
        failure->message = keep(vm, &vm->message, e.message, e.length);
    } else {
        char text[256];
        int length = snprintf(text, sizeof text, "%s: error was called with a table that has no message (a string, or { status =, message = } is shown)", place);
        failure->message = keep(vm, &vm->message, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
    }
    if (co == L) lua_pop(L, 1);
    else lua_xmove(L, co, 1);
}

/* Lua's own message: the error was caught on its way, by pcall or coroutine.wrap, and raised again. */
static bool is_out_of_memory(lua_State *co, int status) {
    return status == LUA_ERRMEM || (lua_type(co, -1) == LUA_TSTRING && strcmp(lua_tostring(co, -1), "not enough memory") == 0);
}

void dg_failure_read(dg_vm *vm, lua_State *co, int status, const char *name, dg_failure *failure) {
    char place[LUA_IDSIZE + 16], text[512];
    if (!dg_innermost_place(co, place, sizeof place)) snprintf(place, sizeof place, "%.*s", (int)sizeof place - 1, name);
    failure->kind = DG_SCRIPT_ERROR;
    failure->status = 500;
    vm->is_failing = true;
    int length = 0;
    bool out_of_memory = status != LUA_YIELD && is_out_of_memory(co, status);
    vm->unsettled |= vm->expired || out_of_memory;
    if (vm->expired) {
        failure->kind = DG_OUT_OF_TIME;
        failure->status = 503;
        length = snprintf(text, sizeof text, "%s: stopped after %g s of CPU%s", vm->place[0] ? vm->place : place,
                          (double)vm->script_timeout / 1e9, dg_deadline_what_else(vm));
    } else if (out_of_memory) {
        failure->kind = DG_OUT_OF_MEMORY;
        failure->status = 503;
        length = snprintf(text, sizeof text, "%s: stopped at %g MiB of memory", place, (double)vm->memory_limit / 1048576);
    } else if (lua_type(co, -1) == LUA_TTABLE) {
        keep_error_table(vm, co, place, failure);
    } else if (lua_type(co, -1) == LUA_TSTRING) {
        size_t n;
        const char *s = lua_tolstring(co, -1, &n);
        failure->message = keep(vm, &vm->message, s, n);
    } else if (lua_type(co, -1) == LUA_TNUMBER) {
        length = snprintf(text, sizeof text, "%s: error was called with the number %g", place, (double)lua_tonumber(co, -1));
    } else {
        length = snprintf(text, sizeof text, "%s: error was called with a %s value (a string, or { status =, message = } is shown)", place, luaL_typename(co, -1));
    }
    if (length > 0) failure->message = keep(vm, &vm->message, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
    read_traceback(vm, co, failure);
    vm->is_failing = false;
}

bool dg_answering_place(lua_State *co, char *place, size_t size) {
    lua_Debug ar;
    if (co == NULL || lua_type(co, 1) != LUA_TUSERDATA || !lua_checkstack(co, 1)) return false;
    if (lua_getiuservalue(co, 1, DG_ANSWERING) != LUA_TFUNCTION) {
        lua_pop(co, 1);
        return false;
    }
    if (!lua_getinfo(co, ">S", &ar) || ar.linedefined <= 0) return false;
    snprintf(place, size, "%s:%d", ar.short_src, ar.linedefined);
    return true;
}

dg_bytes dg_task_place(dg_task *task) {
    char place[LUA_IDSIZE + 16];
    if (!dg_answering_place(task->coroutine, place, sizeof place)) return (dg_bytes){ "", 0 };
    return keep(task->vm, &task->vm->message, place, strlen(place));
}

void dg_failure_of_answer(dg_vm *vm, const char *place, dg_failure *failure) {
    size_t size = strlen(place) + 3 + failure->message.length;
    char *text = malloc(size);
    if (text == NULL) return;
    int length = snprintf(text, size, "%s: ", place);
    memcpy(text + length, failure->message.start, failure->message.length);
    failure->message = keep(vm, &vm->message, text, (size_t)length + failure->message.length);
    free(text);
}

/* "lib/names.lua:3: ...", whichever file it is. */
static bool tells_a_line(dg_bytes message) {
    for (size_t i = 1; i + 1 < message.length; i++) {
        if (message.start[i] != ':' || message.start[i + 1] != ' ') continue;
        size_t digit = i;
        while (digit > 0 && message.start[digit - 1] >= '0' && message.start[digit - 1] <= '9') digit--;
        return digit < i && digit > 0 && message.start[digit - 1] == ':';
    }
    return false;
}

void dg_failure_name(dg_vm *vm, dg_failure *failure, const char *name) {
    size_t n = strlen(name);
    if (tells_a_line(failure->message)) return;
    if (failure->message.length >= n && memcmp(failure->message.start, name, n) == 0) return;
    size_t length = n + 2 + failure->message.length;
    char *text = malloc(length + 1);
    if (text == NULL) return;
    memcpy(text, name, n);
    memcpy(text + n, ": ", 2);
    memcpy(text + n + 2, failure->message.start, failure->message.length);
    text[length] = 0;
    free(vm->message);
    vm->message = text;
    failure->message = (dg_bytes){ text, length };
}
