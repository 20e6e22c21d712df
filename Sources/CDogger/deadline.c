#define _GNU_SOURCE

/*
 * The time limit of a script, in CPU time of its thread, at no cost to a script that keeps it.
 *
 * A POSIX timer on the thread's CPU clock ticks only while the thread burns CPU, so an idle server has no wake-ups and a
 * request no system call. Each tick looks whether the run of the last tick is still on; when it has been for as long as the
 * limit, the tick's handler sets a hook on the coroutine that is running, the way lua.c stops on Ctrl-C (lua_sethook is
 * the one Lua function that a signal handler may call). The hook yields, and whoever resumed the coroutine never resumes it
 * again: no pcall can catch that, and it takes the same time however deep the pcalls are nested. (To raise an error in each
 * would cost the square of their number: Lua walks all calls each time that a pcall ends by an error.) Where Lua can't yield,
 * in the comparison of a table.sort, say, the hook raises at every instruction until a place is reached where it can.
 *
 * A C function that does not return meets no hook. Then the tick ends the process, from inside of the hang; see
 * last_words.c, and docs/decisions/007-parent-and-worker.md for why it is not the parent that looks.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"
#include "vm.h"

/*
 * The thread sanitizer keeps a signal back until the program's next call into the C library, and a script that loops makes none. So
 * with it the handler is set past the sanitizer, which then must not be told of anything that the handler does.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
int __sigaction(int number, const struct sigaction *action, struct sigaction *old);    /* glibc's own name of it */
#define sigaction(number, action, old) __sigaction(number, action, old)
#define UNSEEN __attribute__((disable_sanitizer_instrumentation))
#endif
#endif
#ifndef UNSEEN
#define UNSEEN
#endif

#define TICK_NANOSECONDS 10000000
/* Past the limit. A hook stops a script within one tick, but the memory limit's last collection may be under way. */
#define TICKS_TO_STOP 40

static _Thread_local dg_vm *volatile current;       /* the VM that runs on this thread */
static _Thread_local volatile unsigned run;         /* counts the entries into Lua, of whichever VM */
static _Thread_local volatile unsigned ticked_run;  /* the one that the last tick saw */
static _Thread_local volatile uint64_t ticks;       /* how often in a row */
static _Thread_local bool armed;

/* Where the deadline struck first: a pcall on the way out would make it another line. */
static void keep_place(dg_vm *vm, lua_State *L) {
    if (vm->place[0] == 0) dg_innermost_place(L, vm->place, sizeof vm->place);
}

static void stop(lua_State *L, lua_Debug *ar) {
    (void)ar;                           /* a count hook: the one kind that may yield (manual 4.7, lua_Hook) */
    dg_vm *vm = dg_vm_of(L);
    if (!vm->expired) {     /* the coroutine outlived the run that rang; another run took it up */
        dg_coverage_hook(L);
        return;
    }
    keep_place(vm, L);
    if (lua_isyieldable(L)) {
        lua_yield(L, 0);
        return;
    }
    lua_pushfstring(L, "%s: stopped after %f s of CPU%s", vm->place, (lua_Number)vm->script_timeout / 1e9, dg_deadline_what_else(vm));
    lua_error(L);
}

const char *dg_deadline_what_else(const dg_vm *vm) {
    return vm->waited >= TICK_NANOSECONDS ? " and of waiting for the store" : "";
}

UNSEEN static void set_hook(lua_State *L) { lua_sethook(L, stop, LUA_MASKCOUNT, 1); }

UNSEEN static void count_from_the_start_of_a_run(void) {
    if (run == ticked_run) return;
    ticked_run = run;
    ticks = 0;
}

UNSEEN static uint64_t ticks_of_limit(const dg_vm *vm) {
    return vm->script_timeout < TICK_NANOSECONDS ? 1 : vm->script_timeout / TICK_NANOSECONDS;
}

UNSEEN static void tick(int signal) {
    (void)signal;
    dg_vm *vm = current;
    if (vm == NULL) return;
    count_from_the_start_of_a_run();
    /* The first tick of a run may come right after its start: so the limit is reached with one tick more. */
    uint64_t limit = ticks_of_limit(vm);
    if (++ticks <= limit) return;
    vm->expired = 1;
    lua_State *running = vm->running;
    if (ticks > limit + TICKS_TO_STOP) dg_end_hung(running);
    if (running != NULL) set_hook(running);
}

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static void arm(void) {
    armed = true;
    int number = SIGRTMIN + 1;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = tick;
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, NULL);
    sigset_t unblocked;
    sigemptyset(&unblocked);
    sigaddset(&unblocked, number);
    pthread_sigmask(SIG_UNBLOCK, &unblocked, NULL);
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = number;
    event.sigev_notify_thread_id = gettid();
    timer_t timer;
    struct itimerspec every = { { 0, TICK_NANOSECONDS }, { 0, TICK_NANOSECONDS } };
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) != 0 || timer_settime(timer, 0, &every, NULL) != 0)
        fprintf(stderr, "dogger: no timer for --script-timeout (%s): scripts run without a time limit\n", strerror(errno));
}

/* Up to the last tick before the limit, and no further: the script may still say why a call failed that took long, but makes no more
   calls that wait. (A tick that comes in between is lost or done twice: 10 ms.) */
void dg_deadline_waited(uint64_t nanoseconds) {
    dg_vm *vm = current;
    if (vm == NULL) return;
    count_from_the_start_of_a_run();
    uint64_t most = ticks_of_limit(vm) - 1;
    uint64_t more = (vm->waited % TICK_NANOSECONDS + nanoseconds) / TICK_NANOSECONDS;
    vm->waited += nanoseconds;
    if (ticks < most) ticks = ticks + more < most ? ticks + more : most;
}

void dg_deadline_check_waited(lua_State *L) {
    dg_vm *vm = current;
    if (vm == NULL || vm->waited < TICK_NANOSECONDS || ticks + 1 < ticks_of_limit(vm)) return;
    vm->expired = 1;
    set_hook(L);
    dg_deadline_check(L);
}

struct dg_vm *dg_deadline_pause(void) {
    dg_vm *vm = current;
    current = NULL;
    return vm;
}

void dg_deadline_go_on(struct dg_vm *vm) {
    run++;
    current = vm;
}

bool dg_deadline_passed(void) {
    dg_vm *vm = current;
    return vm != NULL && vm->expired;
}

void dg_deadline_check(lua_State *L) {
    if (!dg_deadline_passed()) return;
    keep_place(current, L);
    luaL_error(L, "stopped: the time limit is over");
}

lua_State *dg_deadline_running(void) { return current != NULL ? current->running : NULL; }

void dg_deadline_enter(dg_vm *vm, lua_State *co) {
    if (!armed) arm();
    run++;
    vm->stack = __builtin_frame_address(0);
    vm->waited = 0;
    vm->running = co;
    current = vm;
}

/* Lua goes on in another coroutine of the same run. The alarm goes with it: the one that rang may be dead by now. */
void dg_deadline_switch(dg_vm *vm, lua_State *now) {
    vm->running = now;
    if (vm->expired) set_hook(now);
}

void dg_deadline_leave(dg_vm *vm, lua_State *co) {
    current = NULL;
    vm->running = NULL;
    if (vm->expired) {
        dg_coverage_hook(co);
        vm->expired = 0;
        vm->place[0] = 0;
    }
}
