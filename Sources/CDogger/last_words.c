#define _GNU_SOURCE

/*
 * All of this runs in signal handlers, in a process that is about to end: only async-signal-safe functions, no allocation.
 * To walk a Lua stack there is not promised by Lua. It is done all the same, for the process ends in any case: while a C
 * function hangs, the stack stands still; after a crash it may be damaged, and then a second fault ends the process.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dogger_last_words.h"
#include "vm.h"

/* A damaged stack may be a ring. */
#define MOST_LEVELS 1000

static int report = -1;

typedef struct words {
    char text[4096 + 256];
    size_t length;
} words;

static void add(words *w, const char *text) {
    size_t count = strlen(text);
    size_t room = sizeof w->text - w->length;
    if (count > room) count = room;
    memcpy(w->text + w->length, text, count);
    w->length += count;
}

static void add_number(words *w, int number) {
    char digits[12];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    add(w, digits + at);
}

/* The innermost line of Lua that runs; false where there is none. */
static bool add_place(words *w, lua_State *L) {
    lua_Debug where;
    for (int level = 0; L != NULL && level < MOST_LEVELS && lua_getstack(L, level, &where); level++) {
        lua_getinfo(L, "Sl", &where);
        if (where.currentline <= 0) continue;
        add(w, where.source[0] == '@' ? where.source + 1 : where.short_src);
        add(w, ":");
        add_number(w, where.currentline);
        return true;
    }
    return false;
}

void dg_end_hung(lua_State *L) {
    words w = { .length = 0 };
    add(&w, report < 0 ? "dogger: " : (char[]){ DG_HUNG, 0 });
    if (!add_place(&w, L)) add(&w, "a script");
    add(&w, ": the script hung where it can't be stopped, within a single step of Lua");
    if (report < 0) add(&w, "\n");
    ssize_t sent = report < 0 ? write(2, w.text, w.length) : send(report, w.text, w.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent;
    _Exit(1);       /* as _exit(2), in which the thread sanitizer would miss the end of the call that hangs */
}

static void crash(int number) {
    lua_State *L = dg_deadline_running();
    words w = { .length = 0 };
    add(&w, (char[]){ DG_CRASHED, 0 });
    if (L != NULL && add_place(&w, L)) send(report, w.text, w.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    raise(number);      /* the default action, as soon as this returns: SA_RESETHAND */
}

void dg_report_to(int descriptor) {
    report = descriptor;
    /* Scripts overrun the C stack if anything. Untouched, its pages cost nothing. */
    static char alternative[64 * 1024];
    stack_t stack = { .ss_sp = alternative, .ss_size = sizeof alternative };
    sigaltstack(&stack, NULL);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = crash;
    action.sa_flags = (int)(SA_ONSTACK | SA_RESETHAND);
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) sigaction(crashes[i], &action, NULL);
}
