// SPDX-License-Identifier: ISC
//
// Captures of failed tests.

#include "test/netcap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fa/capture.h"
#include "fa/capture_file.h"
#include "fa/plat.h"
#include "test/t.h"

static struct {
    const char *test; /* that it was begun for */
    struct fa_capture capture;
    struct fa_capture_ring ring;
    struct fa_capture_dev devs[NETCAP_DEV_MAX];
    size_t dev_count;
    uint8_t memory[NETCAP_RING_LEN];
} netcap;

/* Make the folder and those above it. */
static void make_folder(char *path)
{
    for (char *at = path + 1; *at != 0; at++) {
        if (*at == '/') {
            *at = 0;
            (void)mkdir(path, 0777);
            *at = '/';
        }
    }
    (void)mkdir(path, 0777); /* if it is not there then, opening the file says so */
}

static void name_file(char *ret_path, size_t cap)
{
    const char *folder = getenv("FATA_CAPTURE_DIR");
    const char *program = (const char *)fa_plat_arg(0).at;
    const char *slash = strrchr(program, '/');
    size_t len = (size_t)snprintf(ret_path, cap, "%s", folder != NULL ? folder : "o/capture");
    if (len < cap) {
        make_folder(ret_path);
        (void)snprintf(ret_path + len, cap - len, "/%s-%s.pcapng", t_name(),
            slash != NULL ? slash + 1 : program);
    }
}

bool netcap_save(void)
{
    static struct fa_capture_file file;
    char path[512];
    const char *reason;
    name_file(path, sizeof path);
    if (fa_capture_file_open(&file, path, &reason) != FA_OK) {
        t_note("no capture: %s: %s", path, reason);
        return false;
    }
    fa_capture_ring_dump(&netcap.ring, fa_capture_file_sink(&file));
    bool saved = fa_capture_file_close(&file) == FA_OK;
    t_note("capture: %s%s", path, saved ? "" : " (incomplete)");
    return saved;
}

static void save_on_failure(void *ctx)
{
    (void)ctx;
    (void)netcap_save();
}

struct fa_netdev *netcap_wrap(struct fa_netdev *inner)
{
    if (netcap.test != t_name()) {
        netcap.test = t_name();
        netcap.dev_count = 0;
        fa_capture_ring_init(&netcap.ring, netcap.memory, sizeof netcap.memory, NULL);
        fa_capture_init(
            &netcap.capture, &(struct fa_capture_config){
                                 .sink = fa_capture_ring_sink(&netcap.ring), .comment = t_name()});
        t_on_failure(save_on_failure, NULL);
    }
    if (netcap.dev_count == NETCAP_DEV_MAX) {
        return inner;
    }
    struct fa_capture_dev *dev = &netcap.devs[netcap.dev_count++];
    fa_capture_wrap(dev, &netcap.capture, inner);
    return &dev->dev;
}
