// SPDX-License-Identifier: ISC
//
// Test of the helper that leaves a capture of each failed network test.

#include "test/netcap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fa/vnet.h"
#include "test/frame.h"
#include "test/t.h"

static struct fa_vnet vnet;
static struct fa_vnet_mac macs[8];
static struct fa_vnet_port ports[NETCAP_DEV_MAX + 1];
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[32 * FA_BUF_SIZE];

T(capture_of_a_test_holds_what_its_cards_saw_and_has_its_name)
{
    struct fa_netdev *devs[NETCAP_DEV_MAX + 1];
    char folder[] = "/tmp/fata-netcap-XXXXXX";
    char command[512];
    REQUIRE(mkdtemp(folder) != NULL);
    (void)snprintf(command, sizeof command, "%s/a/b", folder); /* made on the way */
    CHECK(setenv("FATA_CAPTURE_DIR", command, 1) == 0);
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_vnet_init(&vnet, &(struct fa_vnet_config){.macs = macs, .mac_count = 8});
    for (unsigned i = 0; i < FA_COUNT_OF(ports); i++) {
        fa_vnet_port_open(
            &vnet, &ports[i], &(struct fa_vnet_port_config){.name = "port", .pool = &pool});
        devs[i] = netcap_wrap(&ports[i].dev);
    }
    CHECK(devs[NETCAP_DEV_MAX] == &ports[NETCAP_DEV_MAX].dev); /* one too many: as it is */
    CHECK(frame_send(devs[0], 1, frame_broadcast, 1, 100));
    for (unsigned i = 0; i < FA_COUNT_OF(ports); i++) {
        CHECK_EQ(frame_drain(devs[i], 2), i != 0);
        fa_netdev_close(devs[i]);
    }
    CHECK_EQ(pool.used_count, 0);
    CHECK(netcap_save());
    (void)snprintf(command, sizeof command,
        "test $(stat -c %%s %s/a/b/capture_of_a_test_holds*-netcap_test*.pcapng) -gt 800", folder);
    CHECK_EQ(system(command), 0);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_EQ(system(command), 0);
    CHECK(unsetenv("FATA_CAPTURE_DIR") == 0);
}

T(folder_that_cannot_be_made_costs_a_note_and_no_more)
{
    CHECK(setenv("FATA_CAPTURE_DIR", "/proc/nowhere", 1) == 0);
    CHECK(!netcap_save());
    CHECK(unsetenv("FATA_CAPTURE_DIR") == 0);
}
