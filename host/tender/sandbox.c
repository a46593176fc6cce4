// SPDX-License-Identifier: ISC
//
// Namespaces, capabilities, Landlock. Raw numbers, as headers of older systems lack Landlock's.

#include "sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    CREATE_RULESET = 444, /* the same on every architecture */
    RESTRICT_SELF = 446,
    RULESET_VERSION = 1 << 0,
};

/* All that each version of Landlock's ABI can deny of files; version 6 and later deny no more. */
static uint64_t denied_files(long version)
{
    static const unsigned bits[] = {13, 14, 15, 15, 16};
    const size_t idx = fa_min((size_t)version, FA_COUNT_OF(bits)) - 1;
    return (UINT64_C(1) << bits[idx]) - 1;
}

/* A kernel without it, or with it switched off, is no reason not to start. */
static bool deny_files(struct sentence *why)
{
    const long version = syscall(CREATE_RULESET, NULL, 0, RULESET_VERSION);
    if (version <= 0) {
        return true;
    }
    const uint64_t files = denied_files(version);
    const int rules = (int)syscall(CREATE_RULESET, &files, sizeof files, 0);
    const bool fine = rules >= 0 && syscall(RESTRICT_SELF, rules, 0) == 0;
    const int err = errno;
    if (rules >= 0) {
        close(rules);
    }
    return fine || sentence_say(why, "Landlock: %s", strerror(err));
}

static bool drop_capabilities(struct sentence *why)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
    return syscall(SYS_capset, &head, none) == 0 ||
           sentence_say(why, "capabilities: %s", strerror(errno));
}

bool sandbox_enter(bool isolate, struct sentence *why)
{
    const int spaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    if (isolate && unshare(spaces) != 0) {
        return sentence_say(why,
            "--isolate: %s; the kernel gives no namespaces here (sysctl user.max_user_namespaces, "
            "kernel.unprivileged_userns_clone)",
            strerror(errno));
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return sentence_say(why, "no_new_privs: %s; this needs Linux 3.5", strerror(errno));
    }
    return deny_files(why) && drop_capabilities(why);
}
