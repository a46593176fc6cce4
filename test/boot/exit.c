// SPDX-License-Identifier: ISC
//
// exit.c: leaves with the status that its argument says; "bug" is a failed assertion, "exit" with a
// second argument goes by fa_plat_exit().

#include "fa/fmt.h"
#include "fa/plat.h"

int fa_main(void)
{
    uint64_t status = 0;
    FA_ASSERT(!fa_slice_equal(fa_plat_arg(1), FA_LIT("bug")));
    const bool by_call = fa_slice_equal(fa_plat_arg(1), FA_LIT("exit"));
    FA_ASSERT(fa_parse_u64(fa_plat_arg(by_call ? 2 : 1), 255, &status) == FA_OK);
    if (by_call) {
        fa_plat_exit((int)status);
    }
    return (int)status;
}
