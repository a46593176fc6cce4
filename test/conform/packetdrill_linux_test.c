// SPDX-License-Identifier: ISC
//
// The packetdrill suite, on the shared object as packetdrill loads it, and on the same sources
// linked in, where sanitizers see into them.

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/packetdrill/interface.h"
#include "test/conform/packetdrill_conform.h"
#include "test/t.h"

T(the_linked_in_one_conforms)
{
    conform_packetdrill(packetdrill_interface_init);
}

T(the_shared_object_conforms)
{
    const char *out = getenv("O");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/linux/libfata_packetdrill.so", out != NULL ? out : "o");
    if (access(path, R_OK) != 0) {
        t_skip("the shared object is not built");
        return;
    }
    char *real = realpath(path, NULL);
    REQUIRE(real != NULL);
    void *handle = dlopen(real, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    free(real);
    if (handle == NULL) {
        t_note("%s", dlerror());
    }
    REQUIRE(handle != NULL);
    // POSIX lets a function's address pass through a void pointer.
    packetdrill_init_fn init;
    void *symbol = dlsym(handle, "packetdrill_interface_init");
    REQUIRE(symbol != NULL);
    __builtin_memcpy(&init, &symbol, sizeof init);
    CHECK(init != packetdrill_interface_init);
    conform_packetdrill(init);
    dlclose(handle);
}
