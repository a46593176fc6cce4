// SPDX-License-Identifier: ISC
//
// What is lost in the sandbox, seen from inside, in a process of its own.

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/tender/sandbox.h"
#include "test/t.h"

enum {
    SANDBOX_FAILED = 100,
    OPENED = 101,
};

/* Returns: why `path` could not be opened within. */
static int open_within(const char *path, int flags)
{
    pid_t child = fork();
    if (child == 0) {
        struct sentence why;
        if (!sandbox_enter(false, &why)) {
            _exit(SANDBOX_FAILED);
        }
        _exit(open(path, flags | O_CLOEXEC, 0600) >= 0 ? OPENED : errno);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

T(no_file_can_be_reached_by_name)
{
    const long landlock = syscall(444 /* landlock_create_ruleset */, NULL, 0, 1 /* its version */);
    if (landlock <= 0) {
        t_skip("this kernel has no Landlock");
        return;
    }
    CHECK_EQ(open_within("/", O_RDONLY | O_DIRECTORY), EACCES);
    CHECK_EQ(open_within("/etc/passwd", O_RDONLY), EACCES);
    CHECK_EQ(open_within("/tmp/fata-sandbox-test", O_WRONLY | O_CREAT), EACCES);
}
