/* The floor: the least a server can do for the workloads, with no Lua, no limits and no timeouts. It trusts its client, so
 * it is a measure and not an example. Also the backend behind the proxies:
 *
 *   GET /hello      14 bytes of text
 *   POST /echo      the body, sent back whole
 *   GET /bytes/N    N zero bytes, as fast as the peer reads
 *   POST /sink      reads the body away, then says how long it was
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_SIZE = 256 * 1024, EVENTS = 128 };

static const char HELLO[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\nhello, docker\n";
static const char NOT_FOUND[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

/* Shared by all connections: what is read is nearly always answered at once, so only a rest is kept with its connection. */
static char input[READ_SIZE];
static char zeros[READ_SIZE]; /* not const: in .bss, and never touched */

struct connection {
    int fd;
    char *kept; /* an incomplete request, `kept_size` of the `kept_capacity` bytes that it will have */
    size_t kept_size, kept_capacity;
    char *unsent; /* what the socket did not take of the last answer */
    size_t unsent_start, unsent_size;
    size_t zeros_left; /* of GET /bytes/N */
    size_t sink_left, sink_size; /* of POST /sink */
    bool writing;
};

static int poller;

static void *must(void *memory) {
    if (!memory) {
        perror("floor: malloc");
        exit(1);
    }
    return memory;
}

static void end(struct connection *c) {
    close(c->fd);
    free(c->kept);
    free(c->unsent);
    free(c);
}

/* Sends head and body; keeps what the socket does not take. False when the connection is gone. */
static bool answer(struct connection *c, const char *head, size_t head_size, const char *body, size_t body_size) {
    struct iovec parts[2] = {{(void *)head, head_size}, {(void *)body, body_size}};
    size_t total = head_size + body_size;
    ssize_t sent = writev(c->fd, parts, body_size ? 2 : 1);
    if (sent < 0 && errno != EAGAIN) return false;
    size_t done = sent < 0 ? 0 : (size_t)sent;
    if (done == total) return true;
    c->unsent = must(malloc(total - done));
    c->unsent_start = 0;
    c->unsent_size = total - done;
    size_t of_head = done < head_size ? head_size - done : 0;
    memcpy(c->unsent, head + head_size - of_head, of_head);
    memcpy(c->unsent + of_head, body + (done + of_head - head_size), body_size - (done + of_head - head_size));
    return true;
}

static bool answer_sink(struct connection *c) {
    char text[32], head[128];
    int size = snprintf(text, sizeof text, "%zu\n", c->sink_size);
    int head_size = snprintf(head, sizeof head,
                             "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", size);
    return answer(c, head, (size_t)head_size, text, (size_t)size);
}

/* Sends what is still to be sent. False when the connection is gone. */
static bool flush(struct connection *c) {
    while (c->unsent || c->zeros_left) {
        const char *from = c->unsent ? c->unsent + c->unsent_start : zeros;
        size_t size = c->unsent ? c->unsent_size : c->zeros_left < READ_SIZE ? c->zeros_left : READ_SIZE;
        ssize_t sent = write(c->fd, from, size);
        if (sent < 0) return errno == EAGAIN;
        if (!c->unsent) {
            c->zeros_left -= (size_t)sent;
        } else if ((c->unsent_size -= (size_t)sent)) {
            c->unsent_start += (size_t)sent;
        } else {
            free(c->unsent);
            c->unsent = NULL;
        }
    }
    return true;
}

static size_t content_length(const char *head, const char *head_end) {
    static const char name[] = "content-length:";
    for (const char *line = head; line && line < head_end; line = memchr(line, '\n', (size_t)(head_end - line))) {
        if (*line == '\n') line++;
        if (strncasecmp(line, name, sizeof name - 1) == 0) return strtoull(line + sizeof name - 1, NULL, 10);
    }
    return 0;
}

static bool starts(const char *request, size_t size, const char *with) {
    size_t length = strlen(with);
    return size >= length && memcmp(request, with, length) == 0;
}

/* Answers the requests in `size` bytes until one has to wait. Returns the bytes used, or -1 when the connection is gone;
 * `*wanted` is the size of the request at which it stopped, where that is known. */
static ssize_t serve(struct connection *c, const char *bytes, size_t size, size_t *wanted) {
    size_t used = 0;
    while (used < size && !c->unsent && !c->zeros_left) {
        const char *request = bytes + used;
        size_t left = size - used;
        if (c->sink_left) {
            size_t taken = left < c->sink_left ? left : c->sink_left;
            used += taken;
            if (!(c->sink_left -= taken) && !answer_sink(c)) return -1;
            continue;
        }
        const char *head_end = memmem(request, left, "\r\n\r\n", 4);
        if (!head_end) break;
        size_t head_size = (size_t)(head_end - request) + 4;
        bool alive;
        if (starts(request, left, "GET /hello ")) {
            alive = answer(c, HELLO, sizeof HELLO - 1, NULL, 0);
        } else if (starts(request, left, "POST /echo ")) {
            size_t length = content_length(request, head_end);
            if (left < head_size + length) {
                *wanted = head_size + length;
                break;
            }
            char head[128];
            int answer_size = snprintf(head, sizeof head,
                                       "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
                                       "Content-Length: %zu\r\n\r\n", length);
            alive = answer(c, head, (size_t)answer_size, request + head_size, length);
            head_size += length;
        } else if (starts(request, left, "GET /bytes/")) {
            size_t length = strtoull(request + strlen("GET /bytes/"), NULL, 10);
            char head[128];
            int answer_size = snprintf(head, sizeof head,
                                       "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
                                       "Content-Length: %zu\r\n\r\n", length);
            c->zeros_left = length;
            alive = answer(c, head, (size_t)answer_size, NULL, 0) && flush(c);
        } else if (starts(request, left, "POST /sink ")) {
            c->sink_left = c->sink_size = content_length(request, head_end);
            alive = c->sink_left || answer_sink(c);
        } else {
            alive = answer(c, NOT_FOUND, sizeof NOT_FOUND - 1, NULL, 0);
        }
        if (!alive) return -1;
        used += head_size;
    }
    return (ssize_t)used;
}

static void keep(struct connection *c, const char *bytes, size_t size, size_t wanted) {
    size_t capacity = wanted > size ? wanted : size + 4096;
    if (capacity > c->kept_capacity) {
        char *larger = must(malloc(capacity));
        memcpy(larger, bytes, size);
        free(c->kept);
        c->kept = larger;
        c->kept_capacity = capacity;
    } else {
        memmove(c->kept, bytes, size);
    }
    c->kept_size = size;
}

/* Serves what was kept or can be read. False when the connection is gone. */
static bool receive(struct connection *c, bool readable) {
    char *bytes = input;
    size_t size = 0, wanted = 0;
    if (readable) {
        if (c->kept_size && c->kept_size == c->kept_capacity) keep(c, c->kept, c->kept_size, 0);
        bytes = c->kept_size ? c->kept + c->kept_size : input;
        ssize_t got = read(c->fd, bytes, c->kept_size ? c->kept_capacity - c->kept_size : READ_SIZE);
        if (got <= 0) return got < 0 && errno == EAGAIN;
        size = (size_t)got;
    }
    if (c->kept_size) {
        bytes = c->kept;
        size += c->kept_size;
    }
    ssize_t used = serve(c, bytes, size, &wanted);
    if (used < 0) return false;
    size_t rest = size - (size_t)used;
    if (rest) keep(c, bytes + used, rest, wanted);
    else c->kept_size = 0;
    return true;
}

static void handle(struct connection *c, uint32_t events) {
    bool alive = c->writing ? flush(c) : receive(c, true);
    /* A pipelined request that waited for its predecessor's answer: no event will come for it. */
    if (alive && c->writing && !c->unsent && !c->zeros_left && c->kept_size) alive = receive(c, false);
    if (!alive || (events & EPOLLERR)) {
        end(c);
        return;
    }
    bool writing = c->unsent || c->zeros_left;
    if (writing != c->writing) {
        struct epoll_event change = {.events = writing ? EPOLLOUT : EPOLLIN, .data.ptr = c};
        epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &change);
        c->writing = writing;
    }
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = must(calloc(1, sizeof *c));
        c->fd = fd;
        struct epoll_event interest = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &interest);
    }
}

int main(int count, char **arguments) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (count != 2 || strlen(arguments[1]) >= sizeof address.sun_path) {
        fprintf(stderr, "usage: floor SOCKET\n");
        return 2;
    }
    strcpy(address.sun_path, arguments[1]);
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) {
        perror("floor: can't listen");
        return 1;
    }
    poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &interest);
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poller, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR) return 1;
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr) handle(events[i].data.ptr, events[i].events);
            else accept_all(listener);
        }
    }
}
