/* What the C files of the VM share. */
#ifndef DOGGER_VM_INTERNAL_H
#define DOGGER_VM_INTERNAL_H

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <signal.h>

#include "deadline.h"
#include "dogger_buffer.h"
#include "dogger_vm.h"

typedef struct dg_chunk_name dg_chunk_name;

struct dg_vm {
    lua_State *L;                       /* the main state: the only one that lua_pcall is called on from outside */
    size_t memory, memory_limit;
    size_t settled;                     /* what was in use after the last full collection */
    bool unsettled;                     /* a request failed at a limit: much of what is in use is its garbage */
    uint64_t script_timeout;
    dg_host host;
    const dg_module *modules;
    size_t module_count;

    lua_State *volatile running;        /* read by the deadline's signal handler */
    volatile sig_atomic_t expired;
    uint64_t waited;                    /* nanoseconds that this run has had the thread wait for the host; see dg_deadline_waited */
    char place[LUA_IDSIZE + 16];        /* where the deadline struck */
    bool is_failing;                    /* what has failed is being told */

    dg_task *task;                      /* whose coroutine runs now; NULL while a script loads */
    bool awaiting;                      /* the yield that is under way is a wait for the host, not the script's own */
    const dg_answer *answer;            /* for the host call that is being resumed */
    dg_bytes version;
    int no_wait;                        /* C frames below that can't yield: a wait must be refused, not begun */
    char *stack;                        /* where the C stack was when Lua was entered */
    size_t handler_count;
    bool has_upstream, has_clock, runs_tests;
    struct dg_coverage *coverage;       /* NULL: nobody counts */

    dg_task *pool;
    dg_buffer json;                     /* the JSON body of the response at hand */
    dg_header *headers;                 /* the headers of the response at hand */
    size_t header_capacity;
    dg_chunk_name *chunk_names;         /* those that Lua cuts */
    char *message, *traceback;          /* texts of the last failure; outside of the VM's own memory */
};

/* A thread's extra space holds its VM, with these marks in the pointer's low bits. */
#define DG_THREAD_IS_TASK 1u            /* a request's own coroutine: a script can't resume it */
#define DG_THREAD_WAITS 2u              /* a script's coroutine inside a wait: only that wait's end resumes it */
#define DG_THREAD_MARKS 3u

static inline uintptr_t *dg_thread_word(lua_State *L) { return (uintptr_t *)lua_getextraspace(L); }
static inline dg_vm *dg_vm_of(lua_State *L) { return (dg_vm *)(*dg_thread_word(L) & ~(uintptr_t)DG_THREAD_MARKS); }

/* Registry keys: the addresses of these. */
extern const char dg_key_handlers, dg_key_loaded, dg_key_forward, dg_key_response;

/* The object that a script knows as `req`. A task is there for as long as the VM, an object only while somebody holds it: so it is
   the task that knows which request it is at, and not the object that is told when its own is over. */
typedef struct dg_object {
    dg_task *task;
    uint64_t turn;
} dg_object;

static inline bool dg_is_over(const dg_object *object) { return object->turn != object->task->turn; }

/* What req:forward() runs. A script can't require it: to run it again would make response objects of another kind. */
#define DG_FORWARD_MODULE "dogger.forward"

#define DG_REQUEST_TYPE "dogger.request"
/* Its user values. */
enum {
    DG_OWN_FIELDS = 1,      /* a table of what the script set, and of what was made on first use */
    DG_BODY_STRING,         /* the body: the client's once it was read, or what the script set in its place */
    DG_CLIENT_BODY,         /* the client's, once it was read */
    DG_ANSWERING,           /* the script's function that answers: an error about its result names its line */
    DG_USER_VALUES = DG_ANSWERING
};

/* vm.c: gives memory back after a request that used much */
void dg_vm_settle(dg_vm *vm);

/* deadline.c */
void dg_deadline_enter(dg_vm *vm, lua_State *co);
void dg_deadline_switch(dg_vm *vm, lua_State *now);
void dg_deadline_leave(dg_vm *vm, lua_State *co);
const char *dg_deadline_what_else(const dg_vm *vm);     /* beside CPU, what a script that was stopped took its time with; or "" */
void dg_deadline_check_waited(lua_State *L);    /* stops a script whose calls have had the thread wait up to its limit; before such a call */
lua_State *dg_deadline_running(void);       /* on this thread; NULL outside of scripts */

/* last_words.c: ends the process, whose script can't be stopped; safe in a signal handler */
_Noreturn void dg_end_hung(lua_State *L);

/* host.c */
int dg_host_call(lua_State *L, dg_call *call, lua_KContext context, lua_KFunction then);
int dg_push_answer(lua_State *L, const dg_answer *answer);
void dg_host_ask(lua_State *L, dg_call *call);  /* for what never waits: leaves the answer in the call, and raises what is an error */
int dg_host_returns(lua_State *L, int status, lua_KContext context);
int dg_raise(lua_State *L, int status);     /* raises the message on the top as an error with that status */
void dg_push_place(lua_State *L);
void dg_push_caller(lua_State *L, int level);   /* "file:line: " of one level, or "" */
void dg_error_type(lua_State *L);
dg_bytes dg_caller(lua_State *L, int level);

/* chunk_names.c: remembers a chunk's name, as Lua takes it, where Lua will cut it; gives the text with the full names in their places, to
   be freed, or NULL where nothing is to be replaced; has an error message on the top, which a script catches, tell them */
void dg_chunk_names_add(dg_vm *vm, const char *name);
char *dg_chunk_names_expand(const dg_vm *vm, const char *text, size_t *length);
void dg_chunk_names_mend(lua_State *L);
void dg_chunk_names_free(dg_vm *vm);

/* load.c: pushes the chunk as a function, or raises; `name` as luaL_loadbufferx takes it */
void dg_load_text(lua_State *L, dg_bytes text, const char *name);

/* Each opens a part of the library: a lua_CFunction that leaves its table or function on the stack. */
int dg_open_environment(lua_State *L);      /* environment.c: the globals of every script */
int dg_open_coroutine(lua_State *L);        /* coroutine.c */
int dg_open_table(lua_State *L);            /* table_library.c */
int dg_load(lua_State *L);                  /* load.c: the global of that name */
int dg_pcall(lua_State *L);                 /* protected_call.c: likewise */
int dg_xpcall(lua_State *L);
int dg_open_dogger(lua_State *L);           /* dogger_module.c */
int dg_open_json_locked(lua_State *L);
int dg_open_store(lua_State *L);            /* store.c */
int dg_require(lua_State *L);               /* require.c */
void dg_module_type(lua_State *L);
void dg_lock(lua_State *L, const char *name);   /* environment.c: replaces the table on the top by a read-only view of it */
bool dg_is_locked(lua_State *L, int index);
void dg_bound_string_functions(lua_State *L);   /* bounds.c: of the library table on the top */
void dg_bound_os_functions(lua_State *L);
void dg_pattern_functions(lua_State *L);        /* string_library.c: likewise */

/* request.c, headers.c, stream.c, peer.c */
void dg_request_types(lua_State *L);
void dg_headers_type(lua_State *L);
void dg_stream_types(lua_State *L);
dg_object *dg_check_request(lua_State *L, int index);
dg_object *dg_check_own_request(lua_State *L, int index);   /* the one that runs now: what is asked of the host is asked for that one */
void dg_push_headers(lua_State *L, int request);                            /* those of the request */
void dg_push_message_headers(lua_State *L, const dg_upstream *message);     /* a copy of a response's */
bool dg_headers_changed(lua_State *L, int index);
void dg_read_header_list(lua_State *L, int index, const dg_header **list, size_t *count);
bool dg_is_headers(lua_State *L, int index);
void dg_push_stream(lua_State *L, int request, bool upgraded);
void dg_push_peer(lua_State *L, const dg_request *request);
/* A field of the request at index 1 that a script has set to a string, which the request keeps; false where there is none. */
bool dg_own_string(lua_State *L, const char *name, dg_bytes *bytes);
/* Of the request at index 1, raw: as it came, or of the target that a script has set in its place. */
void dg_target_parts(lua_State *L, dg_bytes *path, dg_bytes *query);
void dg_overlay_set(lua_State *L, int request, const char *name);   /* pops a value into the object's own fields */

/* percent.c: a hex digit's value, or something so far below 0 that 16 times another's does not make up for it */
int dg_hex(char c);
/* pushes the decoded bytes */
void dg_push_decoded(lua_State *L, const char *bytes, size_t length, bool plus_is_space);

/* route.c: pushes a handler function made of the table of routes at `index` */
void dg_push_router(lua_State *L, int index, bool versioned);
int dg_routes(lua_State *L);
int dg_versioned_routes(lua_State *L);

/* chain.c: pushes what runs the chain from its first handler; calls the handlers behind the one that runs */
int dg_next_handler(lua_State *L);
void dg_push_chain(lua_State *L, int request);

/* http.c: what dogger's own modules get for lua/http.lua */
int dg_http_ask(lua_State *L);
int dg_http_chunk(lua_State *L);
int dg_http_body(lua_State *L);
int dg_fail_in_script(lua_State *L);
int dg_with_frame(lua_State *L);

/* forward.c: what dogger's own modules get beside their name, and req:forward() */
void dg_push_natives(lua_State *L);
int dg_forward_request(lua_State *L);

/* test.c: pushes what dogger.test gets beside the others' natives */
void dg_push_test_natives(lua_State *L);

/* coverage.c: has new coroutines of L counted; notes the lines of the function on the top, whose text this is; sets the hook that
   L has when no deadline strikes */
void dg_coverage_note(lua_State *L, dg_bytes text, const char *name);
void dg_coverage_hook(lua_State *L);

/* response.c: one more place in the VM's list of headers */
dg_header *dg_add_header(lua_State *L, dg_vm *vm, size_t *count);
void dg_check_header_bytes(lua_State *L, const dg_header *headers, size_t count);

/* response.c: reads the value at `index` of L; strings that it makes are kept alive on `co` */
void dg_read_response(lua_State *L, int index, lua_State *co, dg_outcome *outcome);

#endif
