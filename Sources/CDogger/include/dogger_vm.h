/*
 * The Lua VM as Swift sees it. Life of a request, in order:
 *
 *   dg_task_take    a task from the VM's pool; the caller fills task->request
 *   dg_task_start   one call into Lua: makes the request object, resumes a pooled coroutine, reads the result in place
 *   dg_task_resume  each time that what the script waited for is there
 *   dg_task_stream  where the response's body is a function: runs it on the same coroutine
 *   dg_task_end     gives the task back; a coroutine that still waits is closed, its __close values run
 *
 * Every function here must be called on the thread that made the VM. None of them raises: whatever can raise, yield or
 * run out of memory runs inside under lua_pcall on the main state, and comes back as an outcome.
 */
#ifndef DOGGER_VM_H
#define DOGGER_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dg_vm dg_vm;
typedef struct dg_task dg_task;

typedef struct dg_bytes {
    const char *_Nullable start;
    size_t length;
} dg_bytes;

/* A run of bytes inside the request's head. */
typedef struct dg_slice {
    uint32_t offset, length;
} dg_slice;

typedef struct dg_field {
    dg_slice name, value;
} dg_field;

/* Who calls, where it is not the kernel that tells: dogger.test has requests come from anybody. */
typedef struct dg_peer {
    int pid, uid, gid;
    char address[64];       /* over TCP; empty: over a Unix socket */
} dg_peer;

/* What the request object reads from. All slices point into `head`, which must stay valid while the task runs; it may be
   moved between two calls, by changing `head` and `fields`. */
typedef struct dg_request {
    const char *_Nullable head;
    const dg_field *_Nullable fields;
    size_t field_count;
    dg_slice method, target, path, query;
    bool has_query;
    bool body_is_here;      /* `body` holds the whole body: req.body takes it without asking the host */
    dg_bytes body;          /* valid during the call that starts the task */
    int descriptor;         /* the connection's socket, for req.peer */
    const dg_peer *_Nullable peer;  /* in place of what the socket tells */
    int service;            /* in a VM of tests: which of its fake upstreams is asked; 0: none, a test is to be run */
    uint64_t id;
} dg_request;

/* What a script asks of the host (Swift). */
typedef enum dg_op {
    DG_OP_LOG,              /* text: the line; source: where it was called */
    DG_OP_SLEEP,            /* number: seconds */
    DG_OP_READ_FILE,        /* text: a path; source: the caller's chunk */
    DG_OP_VARIABLE,         /* text: a name; gives the value of that variable of the environment, or nil */
    DG_OP_FIND_MODULE,      /* text: a module's name; source: the caller's chunk; gives its path */
    DG_OP_READ_MODULE,      /* text: a path that DG_OP_FIND_MODULE gave */
    DG_OP_BODY,             /* gives the whole body */
    DG_OP_CHUNK,            /* gives the next run of the body, nil at its end */
    DG_OP_WRITE,            /* text: bytes of a streamed body */
    DG_OP_STREAM_READ,      /* gives raw bytes, nil at the peer's half-close */
    DG_OP_STREAM_WRITE,     /* text: raw bytes */
    DG_OP_STREAM_CLOSE,
    DG_OP_FORWARD,          /* forward: the request to send; gives DG_UPSTREAM */
    DG_OP_UPSTREAM_BODY,    /* number: the upstream's answer; gives all that is left of its body */
    DG_OP_UPSTREAM_CHUNK,   /* number; gives the next run of its body, nil at its end */
    DG_OP_TAP_NEXT,         /* number; gives DG_FROM_CLIENT or DG_FROM_UPSTREAM: bytes, or none at that side's end; nil after both */
    DG_OP_TAP_WRITE,        /* number; text: bytes; to_client: which way */
    DG_OP_TAP_CLOSE,        /* number; to_client: which way ends */
    DG_OP_NOW,              /* gives the controlled clock's time, in seconds since 1970 */
    /* What tests ask for, in a VM made for them. A request's number is what DG_OP_TEST_SEND gave. */
    DG_OP_TEST_LOAD,        /* text: handlers' paths, with '\0' between; source: the caller's chunk; number: its upstream, 0 for none;
                               gives the loaded chain's number */
    DG_OP_TEST_SEND,        /* number: the chain; forward: the request; peer; gives the request's number */
    DG_OP_TEST_ANSWER,      /* number; gives DG_UPSTREAM when the answer's head is there */
    DG_OP_TEST_CHUNK,       /* number; gives the next run of the answer's body, nil at its end */
    DG_OP_TEST_ARRIVED,     /* number; gives a run that is there already, nil where there is none */
    DG_OP_TEST_WRITE,       /* number; text: bytes of the request's body, or after an upgrade raw ones */
    DG_OP_TEST_END,         /* number: its body is whole; after an upgrade, its side is half-closed */
    DG_OP_TEST_CLOSE,       /* number: the client goes */
    DG_OP_TEST_LOGS,        /* gives what was logged during the test, a line feed after each line */
    DG_OP_TEST_SET_CLOCK,   /* number: seconds since 1970 */
    DG_OP_ASK,              /* text: a URL; number: seconds of patience; forward: method, headers, body; gives DG_UPSTREAM */
    DG_OP_ASKED_BODY,       /* number: the answer's; gives all that is left of its body */
    DG_OP_ASKED_CHUNK,      /* number; gives the next run of its body, nil at its end */
    /* text: the key, in all of these */
    DG_OP_STORE_GET,        /* gives the value, nil where there is none */
    DG_OP_STORE_SET,        /* store: value; number: seconds that it lives, 0: for ever */
    DG_OP_STORE_DELETE,     /* gives whether there was one */
    DG_OP_STORE_REPLACE,    /* store: value, expected; gives true, or nil: another than the expected one is there */
    DG_OP_STORE_ADD,        /* store: number; gives the sum */
    DG_OP_STORE_KEYS        /* text: a prefix; gives DG_LIST */
} dg_op;

/* A value as the store has it: a string's bytes, or the JSON of any other value. `bytes.start` is NULL where there is none. */
typedef struct dg_value {
    dg_bytes bytes;
    bool is_json;
} dg_value;

typedef struct dg_store {
    dg_value value, expected;
    int64_t number;
} dg_store;

/* A request for the upstream: as the client sent it, but for what is not NULL here. */
typedef struct dg_forward {
    dg_bytes method, target;
    const struct dg_header *_Nullable headers;
    size_t header_count;
    bool headers_changed;
    bool has_body;          /* `body` goes in place of what the client sends */
    bool chunked;           /* of a test's request: its body follows in pieces */
    dg_bytes body;
} dg_forward;

typedef enum dg_answer_kind { DG_NIL, DG_TRUE, DG_NUMBER, DG_BYTES, DG_ERROR, DG_UPSTREAM, DG_FROM_CLIENT, DG_FROM_UPSTREAM,
    DG_JSON,                /* bytes: a value's JSON */
    DG_LIST                 /* bytes: strings, each behind its length, a uint32_t */
} dg_answer_kind;

/* An upstream's answer: its number for further calls, and its head, which stays in place while the task lives. */
typedef struct dg_upstream {
    int number;
    int status;
    bool upgraded;
    const char *_Nullable head;
    const struct dg_field *_Nullable fields;
    size_t field_count;
} dg_upstream;

/* `bytes` need to stay valid only until the call that takes the answer returns; they are copied into Lua. */
typedef struct dg_answer {
    dg_answer_kind kind;
    int status;             /* with DG_ERROR: what the client gets when nobody catches it; 0 is 500 */
    double number;
    dg_bytes bytes;
    dg_upstream upstream;
} dg_answer;

typedef struct dg_call {
    dg_op op;
    bool may_wait;          /* false while a script loads, and where Lua can't yield: then waiting must be an error */
    dg_task *_Nullable task;
    double number;
    dg_bytes text;
    dg_bytes source;
    bool to_client;
    const dg_forward *_Nullable forward;
    const dg_peer *_Nullable peer;
    const dg_store *_Nullable store;
    dg_answer answer;
} dg_call;

typedef enum dg_reply { DG_DONE, DG_WAIT } dg_reply;

typedef struct dg_host {
    void *_Nullable context;
    /* Answers in call->answer and returns DG_DONE; or returns DG_WAIT, and dg_task_resume brings the answer. */
    dg_reply (*_Nonnull call)(void *_Nullable context, dg_call *_Nonnull call);
} dg_host;

typedef struct dg_module {
    const char *_Nonnull name;      /* as `require` takes it */
    dg_bytes text;
} dg_module;

typedef struct dg_options {
    size_t memory_limit;            /* bytes of the whole VM */
    uint64_t script_timeout;        /* nanoseconds of CPU between two waits */
    dg_bytes version;               /* dogger.version */
    const dg_module *_Nullable modules;     /* the Lua half of the API; the texts must outlive the VM */
    size_t module_count;
    dg_host host;
    bool has_upstream;
    bool has_clock;                 /* the host tells the time: DG_OP_NOW */
    bool runs_tests;                /* what it loads after its first chunk are tests, which may require dogger.test */
    struct dg_coverage *_Nullable coverage;     /* counts the lines that run; must outlive the VM */
} dg_options;

typedef enum dg_failure_kind { DG_SCRIPT_ERROR, DG_OUT_OF_TIME, DG_OUT_OF_MEMORY } dg_failure_kind;

/* The texts belong to the VM and are valid until its next call. */
typedef struct dg_failure {
    dg_failure_kind kind;
    int status;
    dg_bytes message;
    dg_bytes traceback;
} dg_failure;

typedef enum dg_body_kind { DG_NO_BODY, DG_BODY_BYTES, DG_BODY_FUNCTION, DG_BODY_UPGRADE, DG_BODY_UPSTREAM } dg_body_kind;

typedef struct dg_header {
    dg_bytes name, value;
} dg_header;

/* Everything here is valid until the task's next call, or its end; a JSON body only until the VM's next call. */
typedef struct dg_response {
    int status;
    dg_body_kind body_kind;
    dg_bytes body;
    bool has_content_type;
    const char *_Nullable default_content_type;
    const dg_header *_Nullable headers;
    size_t header_count;
    bool is_message;        /* its headers came from a message: those of its hop and its framing are to be left out */
    int upstream;           /* with DG_BODY_UPSTREAM: whose answer goes on */
    bool tapped;            /* with DG_BODY_UPSTREAM: dg_task_stream runs what looks at the bytes */
} dg_response;

typedef enum dg_state {
    DG_RESPONDED,           /* `response` is there */
    DG_NOT_MINE,            /* every handler returned nil */
    DG_WAITING,             /* a host call said DG_WAIT */
    DG_STREAMED,            /* the body's function returned */
    DG_FAILED               /* `failure` is there */
} dg_state;

typedef struct dg_outcome {
    dg_state state;
    bool touched;           /* with DG_NOT_MINE: the script read the body or set a field: dg_task_forward passes on what it made of it */
    dg_response response;
    dg_failure failure;
} dg_outcome;

struct dg_task {
    dg_request request;
    void *_Nullable owner;          /* the host's, untouched here */
    /* the rest is the VM's own */
    dg_vm *_Nonnull vm;
    void *_Nullable coroutine;
    uint64_t turn;
    int anchor;
    bool waiting, streaming;
    int position;                   /* which handler of the chain runs */
    bool body_is_gone;              /* read in chunks */
    dg_task *_Nullable next;
};

/* Lua's, as "5.4.4". */
const char *_Nonnull dg_lua_version(void);

/* Makes a VM with the sandboxed libraries; NULL where there is no memory for it. */
dg_vm *_Nullable dg_vm_new(const dg_options *_Nonnull options);
/* No task may be out. */
void dg_vm_close(dg_vm *_Nonnull vm);
/* Bytes that the VM holds now. */
size_t dg_vm_memory(const dg_vm *_Nonnull vm);
/* Collects all garbage, and gives its memory back. */
void dg_vm_collect(dg_vm *_Nonnull vm);
/* The VM's main state, for tests that take its allocator's place. */
struct lua_State *_Nonnull dg_vm_state(dg_vm *_Nonnull vm);

/* Runs a handler file's text and adds the handler that it returns to the end of the chain. `name` is how errors call it
   ("handlers/ps.lua"). False: `failure` says why. */
bool dg_vm_load(dg_vm *_Nonnull vm, const char *_Nonnull name, dg_bytes text, dg_failure *_Nonnull failure);

/* Around the use of another VM in the midst of a host call: the script that called is not charged meanwhile, and its time begins
   anew. Of what dg_deadline_pause gives, which is NULL outside of scripts. */
dg_vm *_Nullable dg_deadline_pause(void);
void dg_deadline_go_on(dg_vm *_Nullable vm);

/* Charges the script that runs, in the midst of its host call, with time that the thread did nothing but wait for that call (for a
   disk, say): nobody else could be served meanwhile. Nothing outside of scripts. */
void dg_deadline_waited(uint64_t nanoseconds);

/* NULL where there is no memory. */
dg_task *_Nullable dg_task_take(dg_vm *_Nonnull vm);
void dg_task_start(dg_task *_Nonnull task, dg_outcome *_Nonnull outcome);
void dg_task_resume(dg_task *_Nonnull task, const dg_answer *_Nonnull answer, dg_outcome *_Nonnull outcome);
void dg_task_stream(dg_task *_Nonnull task, dg_outcome *_Nonnull outcome);
/* After DG_NOT_MINE: forwards the request as the script left it, as req:forward() would. */
void dg_task_forward(dg_task *_Nonnull task, dg_outcome *_Nonnull outcome);
/* Where the function stands that answered last, "handlers/ps.lua:12"; empty where none has. Valid until the VM's next call. */
dg_bytes dg_task_place(dg_task *_Nonnull task);
void dg_task_end(dg_task *_Nonnull task);

#endif
