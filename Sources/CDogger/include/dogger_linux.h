/* The Linux headers and calls that Swift's Glibc module lacks: whole headers, and one-call wrappers for what Swift can't
   import (variadic functions, function-like macros, system calls without a glibc wrapper). No logic. */
#ifndef DOGGER_LINUX_H
#define DOGGER_LINUX_H

/* No _GNU_SOURCE here: it would give types like fd_set another shape than they have in Swift's Glibc. */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

/* pidfd_open(2). */
int dg_pidfd_open(pid_t pid);

/* fcntl(2) is variadic. */
int dg_fcntl(int fd, int command, int argument);

/* Sends bytes on a Unix socket with a descriptor beside them: SCM_RIGHTS, unix(7). How many went, or -1 with errno. */
ssize_t dg_send_with(int fd, const void *_Nonnull bytes, size_t count, int descriptor);

/* accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC. */
int dg_accept(int fd);

/* environ(7), which Swift takes for a global that anybody may change. */
char *_Nullable *_Nonnull dg_environment(void);

/* What the program was started with, up to a null pointer. Swift's CommandLine reads /proc/self/cmdline, and where there is no /proc it is
   empty. */
char *_Nullable *_Nonnull dg_arguments(void);

/* openat2(2) to read, at a path that has no links in it: when one has come into it, this fails. -1 with errno. */
int dg_open_real(const char *_Nonnull path);

/* pipe2(2) with O_NONBLOCK and O_CLOEXEC. */
int dg_pipe(int ends[_Nonnull 2]);

/* How many bytes the pipe takes from now on, or -1: F_SETPIPE_SZ, fcntl(2). */
int dg_pipe_resize(int end, int size);

/* splice(2) at the descriptors' own offsets, without waiting. Into a broken socket it raises SIGPIPE. */
ssize_t dg_splice(int from, int to, size_t most);

/* fork(2), which Swift keeps from programs for the sake of those with threads. */
pid_t dg_fork(void);

/* close_range(2). */
int dg_close_range(unsigned first, unsigned last);

/* memfd_create(2) with MFD_CLOEXEC: a file in memory, of which nothing but the descriptor tells. */
int dg_memory_file(const char *_Nonnull name);

/* PR_SET_PDEATHSIG, prctl(2): SIGKILL for this process when the thread that made it ends. */
int dg_die_with_parent(void);

/* How many columns the terminal has, or 0: TIOCGWINSZ, ioctl_tty(2). */
int dg_terminal_columns(int terminal);

/* PR_SET_NAME, prctl(2): what ps(1) and top(1) show; 15 bytes at most. */
int dg_name_process(const char *_Nonnull name);

/* Takes the program's own code and constants, as far as nobody has written to them, out of this process's memory: madvise(2). What is
   used again comes back from the file, page by page. */
void dg_give_back_code(void);

/* Gives the kernel back what malloc(3) holds and nobody uses, where that is some MiB: malloc_trim(3). Takes a tenth of a millisecond for
   each MiB that goes. */
void dg_give_back_memory(void);

#endif
