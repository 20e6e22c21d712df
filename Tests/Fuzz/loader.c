/* Fuzzes the sandbox: a text is loaded as a handler, behind one that answers /ok, and asked; then /ok is still answered. The first
   two bytes set limits and refusals, the rest is the text: the handler's body, or with bit 7 of the first the whole file. */
#include <dlfcn.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dogger_vm.h"

static dg_module modules[2];

static dg_bytes read_file(const char *path) {
    static const size_t most = 1 << 20;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    char *text = malloc(most);
    size_t length = fread(text, 1, most, file);
    fclose(file);
    return (dg_bytes){ text, length };
}

/* In place of last_words.c's, which would end the process without a word to the fuzzer. */
_Noreturn void dg_end_hung(lua_State *L) {
    (void)L;
    fprintf(stderr, "a C function hangs\n");
    abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    modules[0] = (dg_module){ "dogger.forward", read_file(ROOT "/Sources/Scripting/lua/forward.lua") };
    modules[1] = (dg_module){ "dogger.docker", read_file(ROOT "/Sources/Scripting/lua/docker.lua") };
    return 0;
}

/* Answers in turn, so that all kinds come by; waits where a script may. */
typedef struct host {
    unsigned calls;
} host;

static dg_reply answer(void *context, dg_call *call) {
    host *h = context;
    static const char head[] = "Content-Typeapplication/json";
    static const dg_field field = { { 0, 12 }, { 12, 16 } };
    unsigned turn = h->calls++;
    call->answer.kind = DG_NIL;
    switch (call->op) {
    case DG_OP_LOG:
    case DG_OP_STREAM_CLOSE: return DG_DONE;
    case DG_OP_FORWARD:
        call->answer.kind = DG_UPSTREAM;
        call->answer.upstream = (dg_upstream){ .number = 1, .status = 200, .upgraded = turn & 1, .head = head, .fields = &field, .field_count = 1 };
        return DG_DONE;
    case DG_OP_TAP_NEXT:
        if (turn % 5 == 4) return DG_DONE;
        call->answer.kind = turn & 1 ? DG_FROM_CLIENT : DG_FROM_UPSTREAM;
        break;
    case DG_OP_WRITE:
    case DG_OP_STREAM_WRITE:
    case DG_OP_TAP_WRITE:
    case DG_OP_TAP_CLOSE: call->answer.kind = DG_TRUE; break;
    default: call->answer.kind = turn % 4 == 3 ? DG_NIL : DG_BYTES; break;
    }
    call->answer.bytes = (dg_bytes){ "return {[1]=2}", 14 };
    if (call->may_wait && turn % 3 == 2) return DG_WAIT;
    if (turn % 7 == 6) call->answer = (dg_answer){ .kind = DG_ERROR, .status = turn & 1 ? 404 : 500, .bytes = { "refused", 7 } };
    return DG_DONE;
}

/* Returns whether the answer is `expected`. */
static int ask(dg_vm *vm, const char *target, const char *expected, unsigned waits) {
    static const char body[] = "{\"a\":[1,2]}";
    dg_task *task = dg_task_take(vm);
    char *head = malloc(64);
    int length = snprintf(head, 64, "POST%sHosthX-Yz", target);
    uint32_t t = (uint32_t)strlen(target);
    dg_field fields[] = { { { 4 + t, 4 }, { 8 + t, 1 } }, { { 9 + t, 3 }, { 12 + t, 1 } } };
    task->request = (dg_request){ .head = head, .fields = fields, .field_count = 2, .method = { 0, 4 }, .target = { 4, t }, .path = { 4, 3 },
        .query = { 8, t - 3 > 0 ? t - 4 : 0 }, .has_query = t > 3, .body_is_here = waits & 1, .body = { body, sizeof body - 1 }, .descriptor = -1, .id = 7 };
    (void)length;
    dg_outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    dg_task_start(task, &outcome);
    for (unsigned i = 0; i < 32 && i <= waits; i++) {
        if (outcome.state == DG_WAITING) {
            dg_answer late = { .kind = i & 1 ? DG_BYTES : DG_NIL, .bytes = { "late", 4 } };
            dg_task_resume(task, &late, &outcome);
        } else if (outcome.state == DG_RESPONDED && (outcome.response.body_kind == DG_BODY_FUNCTION || outcome.response.body_kind == DG_BODY_UPGRADE || outcome.response.tapped)) {
            dg_task_stream(task, &outcome);
        } else if (outcome.state == DG_NOT_MINE && outcome.touched) {
            dg_task_forward(task, &outcome);
        } else {
            break;
        }
    }
    volatile char sum = 0;      /* reads all that the host would send */
    if (outcome.state == DG_RESPONDED) {
        for (size_t i = 0; i < outcome.response.body.length; i++) sum ^= outcome.response.body.start[i];
        for (size_t i = 0; i < outcome.response.header_count; i++) {
            const dg_header *h = &outcome.response.headers[i];
            for (size_t k = 0; k < h->name.length; k++) sum ^= h->name.start[k];
            for (size_t k = 0; k < h->value.length; k++) sum ^= h->value.start[k];
        }
    }
    int same = expected != NULL && outcome.state == DG_RESPONDED && outcome.response.body.length == strlen(expected)
        && memcmp(outcome.response.body.start, expected, strlen(expected)) == 0;
    dg_task_end(task);
    free(head);
    return same;
}

typedef struct refusal {
    lua_Alloc alloc;
    void *context;
    int left, refused;
} refusal;

static void *refuse(void *context, void *block, size_t old_size, size_t new_size) {
    refusal *r = context;
    if (new_size > (block == NULL ? 0 : old_size) && r->left-- <= 0 && r->refused-- > 0) return NULL;
    return r->alloc(r->context, block, old_size, new_size);
}

static dg_bytes bytes_of(const char *text) { return (dg_bytes){ text, strlen(text) }; }

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 2 || count > 16384) return -1;
    host h = { bytes[0] };
    dg_options options = { .memory_limit = 2 << 20, .script_timeout = 20000000, .version = { "1", 1 }, .modules = modules, .module_count = 2,
        .host = { &h, answer }, .has_upstream = bytes[0] & 0x40 };
    dg_vm *vm = dg_vm_new(&options);
    dg_failure failure;
    if (!dg_vm_load(vm, "first.lua", bytes_of("return function(req) if req.path == '/ok' then return 'ok' end end"), &failure)) {
        if (failure.kind == DG_OUT_OF_TIME) {       /* a busy machine */
            dg_vm_close(vm);
            return -1;
        }
        fprintf(stderr, "the first handler does not load: %.*s\n", (int)failure.message.length, failure.message.start);
        abort();
    }
    char *text = malloc(count + 64);
    int whole = bytes[0] & 0x80;
    int length = snprintf(text, count + 64, "%s", whole ? "" : "local kept = {} return function(req) ");
    memcpy(text + length, bytes + 2, count - 2);
    size_t total = (size_t)length + count - 2;
    if (!whole) {
        memcpy(text + total, "\nend", 4);
        total += 4;
    }
    if (dg_vm_load(vm, "fuzz.lua", (dg_bytes){ text, total }, &failure)) {
        lua_State *L = dg_vm_state(vm);
        static refusal r;       /* a buffer that was made meanwhile gives its memory back by it, at the VM's end */
        r = (refusal){ .left = bytes[1], .refused = bytes[0] & 0x20 ? 1 << 30 : 2 };
        if (bytes[1] != 0) {
            r.alloc = lua_getallocf(L, &r.context);
            lua_setallocf(L, refuse, &r);
        }
        ask(vm, "/a?b=c", NULL, bytes[0] & 0x1F);
        r.left = bytes[1];
        ask(vm, "/a?b=c", NULL, 32);
        if (bytes[1] != 0) lua_setallocf(L, r.alloc, r.context);
        dg_vm_collect(vm);
        if (!ask(vm, "/ok", "ok", 0)) {
            /* What the script keeps in its own variables may fill the VM. */
            if (dg_vm_memory(vm) < 1500000) {
                fprintf(stderr, "the next request is not answered\n");
                abort();
            }
        }
    }
    dg_vm_close(vm);
    free(text);
    return 0;
}
