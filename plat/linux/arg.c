// SPDX-License-Identifier: ISC
//
// Arguments and environment of the process.

#include <unistd.h>

#include "fa/plat.h"
#include "plat/linux/linux.h"

static char **args;
static size_t arg_count;

void fa__linux_args_init(int count, char **values)
{
    FA_ASSERT(count >= 0);
    args = values;
    arg_count = (size_t)count;
}

struct fa_slice fa_plat_arg(size_t idx)
{
    return idx < arg_count ? fa_slice_of(args[idx]) : (struct fa_slice){NULL, 0};
}

struct fa_slice fa_plat_env(struct fa_slice name)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        struct fa_slice text = fa_slice_of(*entry);
        if (text.len > name.len && fa_equal(text.at, name.at, name.len) &&
            text.at[name.len] == '=') {
            return fa_slice_from(text, name.len + 1);
        }
    }
    return (struct fa_slice){NULL, 0};
}
