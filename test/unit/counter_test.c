// SPDX-License-Identifier: ISC
#include "fa/counter.h"
#include "test/t.h"

T(counting_adds_to_one_cell_of_one_page)
{
    struct fa_counters page = {0};
    FA_COUNT(&page, fiber_refused);
    FA_COUNT_ADD(&page, fiber_refused, 4);
    CHECK_EQ(FA_COUNTER_VALUE(&page, fiber_refused), 5);
    for (size_t id = 0; id < FA_COUNTER_COUNT; id++) {
        CHECK_EQ(page.cell[id], id == FA_COUNTER_fiber_refused ? 5 : 0);
    }
}

T(every_counter_has_a_name_of_its_own_a_unit_and_a_meaning)
{
    for (size_t id = 0; id < FA_COUNTER_COUNT; id++) {
        const struct fa_counter_info *info = &fa_counter_infos[id];
        REQUIRE(info->name != NULL && info->unit != NULL && info->doc != NULL);
        CHECK(fa_slice_equal(fa_slice_of(info->name), fa_slice_of(fa_counter_names[id])));
        CHECK(info->name[0] != '\0' && info->unit[0] != '\0' && info->doc[0] != '\0');
        for (size_t other = 0; other < id; other++) {
            const char *name = fa_counter_infos[other].name;
            CHECK(!fa_slice_equal(fa_slice_of(name), fa_slice_of(info->name)));
        }
    }
    CHECK_TEXT(fa_slice_of(fa_counter_infos[FA_COUNTER_log_dropped].name), "log_dropped");
}
