// SPDX-License-Identifier: ISC
//
// generate.h: from a checked graph to the files of its build.

#ifndef FATA_GENERATE_H
#define FATA_GENERATE_H

#include "home.h"
#include "model.h"

/* How one device is written into main.c. In each text, @ is the device's name, @{option} what that
 * option says (a device, a key's variable or a constant), @{pool} the packet pool it takes from;
 * @{name} of an attached device how it is called outside, @{option:key} is the name of its key,
 * @{option:id} of its device, @{option:pow2} rounds up,
 * @{option:not} turns a flag round. */
struct device_code {
    const char *word;    /* as in classes.c */
    const char *variant; /* "OPTION=VALUE", "target=VALUE" or, of a card that is no stack's own,
                            "bare=false" that must hold; NULL: always */
    const char *headers; /* of fa/, separated by spaces */
    const char *handle;  /* C expression of the device */
    const char *storage;
    const char *start;
    const char *stop;
};

const struct device_code *device_code_of(const struct config *config, const struct node *node);

/* Write one of its texts. */
void device_code_write(
    const struct config *config, const struct node *node, const char *text, FILE *out);

/* The stack whose pool a card takes from; NULL: it has one of its own. */
const struct node *pool_owner(const struct node *card);

/* The value of a key whose type is a number or a size. */
uint64_t number_of(const struct key *key);

/* A text as a C literal. */
void write_literal(const char *text, FILE *out);

/* The files, each as a whole. */
void write_main(const struct config *config, FILE *out);

void write_keys_header(const struct config *config, FILE *out);
void write_header(const struct config *config, FILE *out);
void write_note(const struct config *config, FILE *out);
/* Absolute. */
struct folders {
    const char *app;
    const char *output;
};
void write_ninja(
    const struct config *config, const struct home *home, const struct folders *folders, FILE *out);
void write_graph(const struct config *config, FILE *out);

/* Whether the image brings a library along; `name` is such as "fa-http". */
bool library_used(const struct config *config, const struct home *home, const char *name);

#endif
