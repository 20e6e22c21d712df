/* The Linux headers and calls that Swift's Glibc module lacks: whole headers, and one-call wrappers for what Swift can't
   import (variadic functions, function-like macros, system calls without a glibc wrapper). No logic. */
#ifndef DOGGER_LINUX_H
#define DOGGER_LINUX_H

/* No _GNU_SOURCE here: it would give types like fd_set another shape than they have in Swift's Glibc. */
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

/* pidfd_open(2); glibc has it since 2.36 only. */
static inline int dg_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

/* fcntl(2) is variadic. */
static inline int dg_fcntl(int fd, int command, int argument) { return fcntl(fd, command, argument); }

/* How many bytes of a stream socket the peer has not taken yet, or -1: SIOCOUTQ, unix(7) and tcp(7). */
static inline int dg_unsent(int fd) {
    int count = 0;
    return ioctl(fd, SIOCOUTQ, &count) < 0 ? -1 : count;
}

/* accept4(2), whose declaration needs _GNU_SOURCE. */
static inline int dg_accept(int fd) {
    return (int)syscall(SYS_accept4, fd, (void *)0, (void *)0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

#endif
