/*
 * The filter of system calls. It names what is denied and not what is allowed: what glibc, SQLite and a sanitizer call differs
 * with their versions, and a worker that an update breaks would be run without any filter. What has been added to Linux after
 * this list was written is denied too.
 *
 * The kernel remembers for each system call whether it is allowed whatever its arguments (since 5.11), so that those of a
 * request cost nothing.
 */
#define _GNU_SOURCE

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dogger_confine.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define X32 0x40000000          /* set in the number of a call of x86-64's 32-bit cousin: the same calls by other numbers */
#define LAST_KNOWN 462          /* mseal */
#define FCHMODAT2 452

static const int denied[] = {
    /* programs and processes */
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, SYS_kcmp, SYS_pidfd_open,
    SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_setns, SYS_unshare, SYS_personality, SYS_setuid, SYS_setgid, SYS_setreuid,
    SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_setfsuid, SYS_setfsgid, SYS_capset, SYS_setpriority, SYS_ioprio_set,
    SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr, SYS_sched_setaffinity, SYS_migrate_pages, SYS_move_pages,
    /* what files are, whose they are and where: a worker opens files, and no more. Landlock has no word about modes and owners */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
    SYS_mount_setattr, SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_mknodat, SYS_mkdirat, SYS_linkat, SYS_symlinkat, SYS_renameat2,
    SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_truncate, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr,
    SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, SYS_quotactl, SYS_acct, SYS_swapon, SYS_swapoff, SYS_fanotify_init, FCHMODAT2,
    /* the kernel */
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_keyctl, SYS_add_key,
    SYS_request_key, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_syslog, SYS_settimeofday,
    SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex, SYS_sethostname, SYS_setdomainname, SYS_vhangup,
    /* memory and messages that other processes of the same user share */
    SYS_shmget, SYS_shmat, SYS_shmctl, SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_semget, SYS_semop, SYS_semctl, SYS_mq_open,
    /* sockets: the one that is served came from the parent */
    SYS_listen,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_quotactl_fd
    SYS_quotactl_fd,
#endif
#ifdef SYS_memfd_secret
    SYS_memfd_secret,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
#ifdef __x86_64__
    /* the older of what has two names, and the machine's own */
    SYS_fork, SYS_vfork, SYS_mknod, SYS_mkdir, SYS_rmdir, SYS_link, SYS_symlink, SYS_rename, SYS_chmod, SYS_chown, SYS_lchown, SYS_utime,
    SYS_utimes, SYS_futimesat, SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib, SYS__sysctl,
#endif
};

/* The code at hand loads no word of the call but its number, so that each piece below begins with that and ends with a verdict. */
typedef struct filter {
    struct sock_filter code[2 * sizeof denied / sizeof *denied + 96];
    unsigned short length;
} filter;

static void put(filter *f, uint16_t code, uint32_t k, uint8_t yes, uint8_t no) {
    f->code[f->length++] = (struct sock_filter){ code, yes, no, k };
}

static void load(filter *f, size_t offset) { put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }

/* The lower half, which is all of an int: both machines are little-endian. */
static void load_argument(filter *f, int index) { load(f, offsetof(struct seccomp_data, args) + 8 * (size_t)index); }

static void decide(filter *f, uint32_t verdict) { put(f, BPF_RET | BPF_K, verdict, 0, 0); }

/* Skips so many instructions where the value at hand is not, or is, this one. */
static void unless(filter *f, uint32_t value, uint8_t skipped) { put(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped); }
static void when(filter *f, uint32_t value, uint8_t skipped) { put(f, BPF_JMP | BPF_JEQ | BPF_K, value, skipped, 0); }

#define DENY (SECCOMP_RET_ERRNO | EPERM)
#define NOT_THERE (SECCOMP_RET_ERRNO | ENOSYS)      /* callers then take an older way */

static void deny(filter *f, int number, uint32_t verdict) {
    unless(f, (uint32_t)number, 1);
    decide(f, verdict);
}

/* Only where an argument is this one. */
static void allow_only(filter *f, int number, int argument, uint32_t value) {
    unless(f, (uint32_t)number, 4);
    load_argument(f, argument);
    unless(f, value, 1);
    decide(f, SECCOMP_RET_ALLOW);
    decide(f, DENY);
}

/* No process of its own; threads look up names. clone3 has its flags in memory, where no filter sees them. */
static void allow_threads(filter *f) {
    deny(f, SYS_clone3, NOT_THERE);
    unless(f, SYS_clone, 5);
    load_argument(f, 0);
    put(f, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 2);
    put(f, BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET, 1, 0);
    decide(f, SECCOMP_RET_ALLOW);
    decide(f, DENY);
}

/* Denied where an argument is one of these. */
static void deny_some(filter *f, int number, int argument, const uint32_t *values, uint8_t count) {
    unless(f, (uint32_t)number, (uint8_t)(count + 3));
    load_argument(f, argument);
    for (uint8_t i = 0; i < count; i++) when(f, values[i], (uint8_t)(count - i));
    decide(f, SECCOMP_RET_ALLOW);
    decide(f, DENY);
}

/*
 * What these two do to descriptors goes further for some commands. Letters typed into the terminal that dogger was started from
 * would be the user's own commands; and who says whom to signal when a descriptor is ready, and how, can end any process of the user.
 */
static void limit_commands(filter *f) {
    static const uint32_t controls[] = { TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP }, commands[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG };
    deny_some(f, SYS_ioctl, 1, controls, sizeof controls / sizeof *controls);
    deny_some(f, SYS_fcntl, 1, commands, sizeof commands / sizeof *commands);
}

static void limit_sockets(filter *f, dg_reach reach) {
    switch (reach) {
    case DG_REACH_NOTHING:
        deny(f, SYS_socket, DENY);
        deny(f, SYS_connect, DENY);
        deny(f, SYS_bind, DENY);
        break;
    case DG_REACH_UNIX:
        allow_only(f, SYS_socket, 0, AF_UNIX);
        deny(f, SYS_bind, DENY);
        break;
    case DG_REACH_INTERNET:
        unless(f, SYS_socket, 7);
        load_argument(f, 0);
        when(f, AF_UNIX, 3);
        when(f, AF_INET, 2);
        when(f, AF_INET6, 1);
        unless(f, AF_NETLINK, 1);       /* getaddrinfo asks which addresses this machine has */
        decide(f, SECCOMP_RET_ALLOW);
        decide(f, DENY);
        break;
    }
}

bool dg_seccomp_is_there(void) {
    uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

int dg_deny_system_calls(dg_reach reach, bool makes_pairs) {
#ifndef ARCHITECTURE
    (void)reach, (void)makes_pairs;
    errno = ENOSYS;
    return -1;
#else
    filter f = { .length = 0 };
    load(&f, offsetof(struct seccomp_data, arch));
    when(&f, ARCHITECTURE, 1);
    decide(&f, SECCOMP_RET_KILL_PROCESS);
    load(&f, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    put(&f, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
    decide(&f, SECCOMP_RET_KILL_PROCESS);
#endif
    put(&f, BPF_JMP | BPF_JGT | BPF_K, LAST_KNOWN, 0, 1);
    decide(&f, NOT_THERE);
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++) deny(&f, denied[i], DENY);
    allow_threads(&f);
    limit_commands(&f);
    limit_sockets(&f, reach);
    if (makes_pairs) allow_only(&f, SYS_socketpair, 0, AF_UNIX);
    else deny(&f, SYS_socketpair, DENY);
    allow_only(&f, SYS_unlinkat, 2, 0);             /* files, no directories */
    allow_only(&f, SYS_prlimit64, 0, 0);            /* limits of this process, which 0 stands for */
    uint32_t own = (uint32_t)getpid();
    static const int signalling[] = { SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo };
    for (size_t i = 0; i < sizeof signalling / sizeof *signalling; i++) allow_only(&f, signalling[i], 0, own);
    decide(&f, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { .len = f.length, .filter = f.code };
    /* Without the flag, kernels before 5.16 make the processor slower, against what a script that is compiled to machine code
       could read in its own process; here no such thing runs. */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0) return 0;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
#endif
}
