#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dogger_confine.h"

/* What headers older than the kernel don't have. A kernel takes the longer structure as long as it is 0 where it ends. */
typedef struct attributes {
    uint64_t files, tcp, scopes;
} attributes;

typedef struct port_rule {
    uint64_t access, port;
} port_rule;

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define TRUNCATE (1ULL << 14)           /* version 3 */
#define IOCTL_DEVICE (1ULL << 15)       /* version 5 */
#define BIND_TCP (1ULL << 0)            /* version 4 */
#define CONNECT_TCP (1ULL << 1)
#define RULE_PORT 2
#define SCOPE_ABSTRACT_SOCKETS (1ULL << 0)      /* version 6 */
#define SCOPE_SIGNALS (1ULL << 1)

int dg_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

int dg_landlock_version(void) {
    int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : version;
}

int dg_landlock_begin(int version, bool any_tcp) {
    attributes a = { .files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
    if (version >= 2) a.files |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3) a.files |= TRUNCATE;
    if (version >= 4) a.tcp = any_tcp ? BIND_TCP : BIND_TCP | CONNECT_TCP;
    if (version >= 5) a.files |= IOCTL_DEVICE;
    if (version >= 6) a.scopes = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS;
    return (int)syscall(SYS_landlock_create_ruleset, &a, sizeof a, 0);
}

int dg_landlock_allow_path(int rules, int version, const char *path, bool writes) {
    int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0) return -1;
    uint64_t access = READ;
    if (writes) access |= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | (version >= 3 ? TRUNCATE : 0);
    /* A rule about a file may not name what only directories have. */
    if (!S_ISDIR(status.st_mode)) access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE;
    struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };
    int result = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int code = errno;
    close(fd);
    errno = code;
    return result;
}

int dg_landlock_allow_port(int rules, uint16_t port) {
    port_rule rule = { .access = CONNECT_TCP, .port = port };
    return (int)syscall(SYS_landlock_add_rule, rules, RULE_PORT, &rule, 0);
}

int dg_landlock_enter(int rules) {
    int result = (int)syscall(SYS_landlock_restrict_self, rules, 0);
    int code = errno;
    close(rules);
    errno = code;
    return result;
}
