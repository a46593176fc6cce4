// SPDX-License-Identifier: ISC
//
// Versions and the demands that a fata.lua makes on them.

#include "host/fata/package.c"

#include "test/t.h"

T(versions_are_compared_number_by_number)
{
    static const struct {
        const char *a;
        const char *b;
        int order;
    } rows[] = {
        {"0.1.0", "0.1", 0},
        {"0.1", "0.1.1", -1},
        {"0.10", "0.9", 1},
        {"1", "0.99.99", 1},
        {"2.0.0.1", "2", 1},
        {"", "0", 0},
        {"0.1.0-rc", "0.1.0", 0},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        CHECK_EQ(version_compare(rows[i].a, rows[i].b), rows[i].order);
        CHECK_EQ(version_compare(rows[i].b, rows[i].a), -rows[i].order);
    }
}

T(a_demand_holds_if_each_of_its_parts_does)
{
    static const struct {
        const char *demand;
        int fulfils; /* by 0.4.2; -1: no demand */
    } rows[] = {
        {">= 0.1", 1},
        {">=0.4.2", 1},
        {"> 0.4.2", 0},
        {"< 0.5", 1},
        {"<= 0.4.1", 0},
        {"= 0.4.2", 1},
        {"== 0.4", 0},
        {">= 0.1, < 1", 1},
        {">= 0.1, < 0.4", 0},
        {">= 0.1 ,<= 0.4.2 , = 0.4.2", 1},
        {"", -1},
        {"0.1", -1},
        {">=", -1},
        {">= .1", -1},
        {">= 0.1,", -1},
        {">= 0.1 < 2", -1},
        {"~ 0.1", -1},
        {">= new", -1},
    };
    for (size_t i = 0; i < FA_COUNT_OF(rows); i++) {
        CHECK_EQ(version_fulfils("0.4.2", rows[i].demand), rows[i].fulfils);
    }
}

T(packages_are_found_by_their_whole_name)
{
    static const struct package packages[] = {{.name = "fa-core"}, {.name = "fa-http"}};
    CHECK(package_find(packages, 2, "fa-http") == &packages[1]);
    CHECK(package_find(packages, 2, "fa-htt") == NULL);
    CHECK(package_find(packages, 0, "fa-core") == NULL);
}
