/* What a process gives up for good, together with its children: no_new_privs in prctl(2), landlock(7), seccomp(2). */
#ifndef DOGGER_CONFINE_H
#define DOGGER_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

/* No program that this process starts gets more rights than it has. What stands below needs this first. -1 with errno. */
int dg_no_new_privileges(void);

/* The kernel's version of Landlock; 0 where it has none, or has it switched off. */
int dg_landlock_version(void);

/* A set of rules, which allow nothing yet: no file, no TCP connection, no socket with an abstract name, no signal to other
   processes; as much of that as the version knows. Not included: what is open already, Unix sockets with a path.
   `any_tcp`: TCP connections are no matter of these rules. Gives a descriptor, or -1 with errno. */
int dg_landlock_begin(int version, bool any_tcp);
/* Allows to read a file, or a directory with all that is in it; `writes`: and to make, change and remove files there. */
int dg_landlock_allow_path(int rules, int version, const char *_Nonnull path, bool writes);
/* Allows TCP connections to a port, whatever the host. */
int dg_landlock_allow_port(int rules, uint16_t port);
/* Puts the rules into force for this thread and all that it starts, and closes them. */
int dg_landlock_enter(int rules);

/* What a process that serves may still connect to. */
typedef enum dg_reach { DG_REACH_NOTHING, DG_REACH_UNIX, DG_REACH_INTERNET } dg_reach;

bool dg_seccomp_is_there(void);
/* From here on the system calls that a worker has no use for fail with EPERM: those that start programs, touch other
   processes, mount, change the kernel or files' owners and modes, and sockets beyond `reach`. With `makes_pairs`, Unix sockets that
   are connected to each other can be made. For this thread and all that it starts. -1 with errno. */
int dg_deny_system_calls(dg_reach reach, bool makes_pairs);

#endif
