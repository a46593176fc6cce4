// SPDX-License-Identifier: ISC
//
// Where an image begins in the simulator: the world first, then fa_main().

#include "fa/fmt.h"
#include "fa/plat.h"
#include "fa/sim.h"
#include "plat/linux/linux.h"

enum {
    USAGE_STATUS = 2,
    SEED_USUAL = 1,
};

static uint64_t parse_seed(struct fa_slice text)
{
    uint64_t seed;
    if (fa_parse_u64(text, UINT64_MAX, &seed) != FA_OK) {
        fa_console_write(FA_LIT("sim: the seed is a number from 0 to 18446744073709551615, not '"));
        fa_console_write(text);
        fa_console_write(FA_LIT("'\n"));
        fa_plat_exit(USAGE_STATUS);
    }
    return seed;
}

/* Take every `--seed N` out of the arguments: they are the world's, not the image's. */
static int take_seed(int count, char **args, struct fa_slice *seed)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (fa_slice_equal(fa_slice_of(args[i]), FA_LIT("--seed"))) {
            *seed = i + 1 < count ? fa_slice_of(args[++i]) : FA_LIT("");
        } else {
            args[kept++] = args[i];
        }
    }
    args[kept] = NULL;
    return kept;
}

int main(int argc, char **argv)
{
    struct fa_slice seed = fa_plat_env(FA_LIT("FATA_SIM_SEED"));
    if (seed.len == 0) {
        seed.at = NULL; /* set to nothing is not set */
    }
    fa__linux_args_init(take_seed(argc, argv, &seed), argv);
    fa_sim_reseed(seed.at != NULL ? parse_seed(seed) : SEED_USUAL);
    fa_plat_exit(fa_main());
}
