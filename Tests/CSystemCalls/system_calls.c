#define _GNU_SOURCE

#include "system_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name, ...) { #name, SYS_##name, { __VA_ARGS__ }, false }
#define FREE(name, ...) { #name, SYS_##name, { __VA_ARGS__ }, true }
#define NOWHERE ((long)"/no such directory/x")

static const system_call denied_calls[] = {
    FREE(execve, NOWHERE), FREE(execveat, -1, NOWHERE), CALL(ptrace, -1), CALL(process_vm_readv, -1), CALL(process_vm_writev, -1),
    FREE(pidfd_open, -1), CALL(pidfd_getfd, -1), FREE(pidfd_send_signal, -1), CALL(setns, -1), CALL(unshare, 1), FREE(setuid, -1),
    FREE(setgid, -1), FREE(setreuid, -1, -1), FREE(setresuid, -1, -1, -1), CALL(setgroups, -1), FREE(capset, 0),
    FREE(setpriority, 9), FREE(ioprio_set, 9), FREE(sched_setscheduler, -1), FREE(sched_setparam, -1), FREE(sched_setattr, -1),
    FREE(sched_setaffinity, -1), FREE(move_pages, -1), FREE(prlimit64, -1),
    CALL(mount, 0), CALL(umount2, 0, -1), CALL(pivot_root, 0, 0), CALL(chroot, NOWHERE), CALL(open_tree, -1, NOWHERE), CALL(move_mount, -1, 0, -1),
    CALL(fsopen, 0, -1), CALL(name_to_handle_at, -1, NOWHERE), CALL(open_by_handle_at, -1), FREE(mknodat, -1, NOWHERE), FREE(mkdirat, -1, NOWHERE),
    FREE(linkat, -1, NOWHERE, -1, NOWHERE), FREE(symlinkat, NOWHERE, -1, NOWHERE), FREE(renameat2, -1, NOWHERE, -1, NOWHERE),
    FREE(unlinkat, -1, NOWHERE, AT_REMOVEDIR), FREE(fchmod, -1), FREE(fchown, -1), FREE(fchmodat, -1, NOWHERE), FREE(fchownat, -1, NOWHERE), FREE(utimensat, -1, NOWHERE), FREE(truncate, NOWHERE),
    FREE(setxattr, NOWHERE, (long)"user.x"), FREE(lsetxattr, NOWHERE, (long)"user.x"), FREE(removexattr, NOWHERE, (long)"user.x"), CALL(acct, NOWHERE), CALL(swapon, NOWHERE), CALL(fanotify_init, -1),
    CALL(bpf, -1), CALL(perf_event_open, 0), CALL(userfaultfd, -1), CALL(io_uring_setup, 0, 0), CALL(io_uring_enter, -1), CALL(io_uring_register, -1),
    CALL(keyctl, -1), CALL(add_key, 0), CALL(request_key, 0), CALL(init_module, 0, 0, 0), CALL(finit_module, -1, 0, -1), CALL(delete_module, 0, -1),
    CALL(kexec_load, 0, 0, 0, -1), CALL(reboot, 0), CALL(syslog, -1), CALL(clock_settime, -1), CALL(sethostname, 0, -1),
    FREE(shmget, -1, 0, 0), FREE(shmat, -1), FREE(msgget, -1, 0), FREE(msgsnd, -1), FREE(semget, -1, 0, 0), FREE(semop, -1), FREE(mq_open, 0),
    FREE(listen, -1), FREE(socketpair, -1, -1), FREE(fcntl, -1, F_SETOWN), FREE(fcntl, -1, F_SETOWN_EX), FREE(fcntl, -1, F_SETSIG),
    FREE(ioctl, -1, FIOSETOWN), FREE(ioctl, -1, SIOCSPGRP),
#ifdef __x86_64__
    FREE(mkdir, NOWHERE), FREE(rmdir, NOWHERE), FREE(rename, NOWHERE, NOWHERE), FREE(link, NOWHERE, NOWHERE), FREE(symlink, NOWHERE, NOWHERE),
    FREE(chmod, NOWHERE), FREE(chown, NOWHERE), FREE(lchown, NOWHERE), FREE(utimes, NOWHERE), CALL(iopl, 99), CALL(ioperm, -1, 0), FREE(modify_ldt, -1),
#endif
};
const size_t denied_call_count = sizeof denied_calls / sizeof *denied_calls;

const system_call *denied_call_table(void) { return denied_calls; }

int try_number(long number, long first, long second) { return syscall(number, first, second, 0, 0, 0, 0) < 0 ? errno : 0; }

int try_call(const system_call *call) {
    const long *a = call->arguments;
    return syscall(call->number, a[0], a[1], a[2], a[3], 0, 0) < 0 ? errno : 0;
}

int try_special(int which, long argument) {
    switch (which) {
    case CALL_CLONE3: return try_number(SYS_clone3, 0, 0);
    case CALL_TOO_NEW: return try_number(500, 0, 0);
    case CALL_KILL: return kill((pid_t)argument, 0) < 0 ? errno : 0;
    case CALL_TYPE: return ioctl((int)argument, TIOCSTI, "x") < 0 ? errno : 0;
    default: return ioctl((int)argument, TIOCGWINSZ, 0) < 0 ? errno : 0;
    }
}

#ifdef __x86_64__
bool has_x32(void) { return true; }
void call_x32(void) { syscall(0x40000000 | SYS_getpid); }
#else
bool has_x32(void) { return false; }
void call_x32(void) { }
#endif
