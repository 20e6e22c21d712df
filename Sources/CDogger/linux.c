#define _GNU_SOURCE

#include "dogger_linux.h"

#include <link.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* By its number: glibc has it since 2.36 only. */
int dg_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int dg_fcntl(int fd, int command, int argument) { return fcntl(fd, command, argument); }

ssize_t dg_send_with(int fd, const void *bytes, size_t count, int descriptor) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof descriptor)];
    } control = { .header = { .cmsg_len = CMSG_LEN(sizeof descriptor), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    struct iovec part = { .iov_base = (void *)bytes, .iov_len = count };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

int dg_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

char **dg_environment(void) { return environ; }

static char **arguments;

/* glibc hands them to such functions as it does to main. */
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    (void)count;
    arguments = values;
}

char **dg_arguments(void) { return arguments; }

int dg_open_real(const char *path) {
    struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK, .resolve = RESOLVE_NO_SYMLINKS };
    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

int dg_pipe(int ends[2]) { return pipe2(ends, O_NONBLOCK | O_CLOEXEC); }

int dg_pipe_resize(int end, int size) { return fcntl(end, F_SETPIPE_SZ, size); }

ssize_t dg_splice(int from, int to, size_t most) {
    return splice(from, NULL, to, NULL, most, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
}

pid_t dg_fork(void) { return fork(); }

/* By its number: glibc has it since 2.34 only. */
int dg_close_range(unsigned first, unsigned last) { return (int)syscall(SYS_close_range, first, last, 0); }

int dg_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int dg_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }

int dg_name_process(const char *name) { return prctl(PR_SET_NAME, name); }

int dg_terminal_columns(int terminal) {
    struct winsize size;
    return ioctl(terminal, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static int give_back(struct dl_phdr_info *program, size_t size, void *unused) {
    (void)size, (void)unused;
    uintptr_t page = (uintptr_t)getpagesize();
    for (int i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &program->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || part->p_flags & PF_W) continue;
        uintptr_t start = program->dlpi_addr + part->p_vaddr, end = start + part->p_memsz;
        madvise((void *)(start & ~(page - 1)), end - (start & ~(page - 1)), MADV_DONTNEED);
    }
    return 1;       /* the program itself comes first; libraries are shared with others anyhow */
}

void dg_give_back_code(void) { dl_iterate_phdr(give_back, NULL); }

#define WORTH_GIVING_BACK (4 << 20)

void dg_give_back_memory(void) {
    if (mallinfo2().fordblks > WORTH_GIVING_BACK) malloc_trim(0);
}
