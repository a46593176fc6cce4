// SPDX-License-Identifier: ISC
//
// Where an image begins as a Linux process.

#include "fa/plat.h"
#include "plat/linux/linux.h"

int main(int argc, char **argv)
{
    fa__linux_args_init(argc, argv);
    fa__linux_signals_init();
    return fa_main();
}
