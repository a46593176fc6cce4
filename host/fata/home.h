// SPDX-License-Identifier: ISC
//
// home.h: where this fata finds headers, libraries and the other programs it needs.
//
// In a source tree they are found from its own place (o/linux/fata: ../image, ../../include);
// installed, below the prefix it was installed to.

#ifndef FATA_HOME_H
#define FATA_HOME_H

#include "model.h"

struct home {
    struct arena arena;
    bool in_tree;
    const char *root;    /* source tree, or prefix */
    const char *include; /* folder that holds fa/ */
    const char *output;  /* o/ of the source tree; NULL: installed */
    const char *embed;   /* program that compiles a folder into an image */
    const char *machine; /* "x86_64" */
    struct package *packages;
    size_t package_count;
};

/* Returns: whether headers and packages are there; if not, a sentence is printed. */
bool home_find(struct home *home);
void home_done(struct home *home);

/* The folder of a target's libraries. */
const char *home_libraries(struct home *home, const char *target);

#endif
