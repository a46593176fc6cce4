// SPDX-License-Identifier: ISC
//
// The network of user mode: libslirp in this process, at the other end of the image's wire.

#include <fcntl.h>
#include <unistd.h>

#include "run.h"
#include "user_net.h"

int run_user(struct run *run)
{
    struct user_net_forward forwards[FORWARD_COUNT_MAX];
    for (size_t i = 0; i < run->forward_count; i++) {
        forwards[i] = (struct user_net_forward){.address = run->forwards[i].address,
            .host_port = run->forwards[i].host_port,
            .guest_port = run->forwards[i].guest_port,
            .udp = run->forwards[i].udp};
    }
    const struct user_net_config config = {
        .forwards = forwards, .forward_count = run->forward_count};
    char error[256];
    int image_fd;
    /* Before the image starts: a port in use is told before anything else happens. */
    struct user_net *net = user_net_open(&config, &image_fd, error, sizeof error);
    if (net == NULL) {
        fprintf(stderr, "fata: %s\n", error);
        return STATUS_MISSING;
    }
    bool started = run_start(run, image_fd);
    close(image_fd);
    bool fine = started && user_net_run(net);
    int status = started ? run_finish(run) : STATUS_FAILED;
    user_net_close(net);
    if (started && !fine) {
        fprintf(
            stderr, "fata: %s sent what is no frame, and was cut off\n", run->project->config.name);
    }
    return status;
}
