/* System calls by their numbers, for tests of what a filter does with them. */
#ifndef DOGGER_SYSTEM_CALLS_H
#define DOGGER_SYSTEM_CALLS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct system_call {
    const char *_Nonnull name;
    long number;
    long arguments[4];      /* such that the call does nothing, whoever makes it */
    bool is_free;           /* anybody may make it, in a container too: without a filter its error is not EPERM */
} system_call;

/* What a worker may not call, whatever it connects to. */
const system_call *_Nonnull denied_call_table(void);
extern const size_t denied_call_count;

/* 0, or the error. */
int try_call(const system_call *_Nonnull call);
/* Of a number that is not in the table. */
int try_number(long number, long first, long second);

enum { CALL_CLONE3, CALL_TOO_NEW, CALL_KILL, CALL_TYPE, CALL_WINDOW };
int try_special(int which, long argument);
/* On x86-64, getpid of the x32 cousin; elsewhere nothing. */
bool has_x32(void);
void call_x32(void);

#endif
