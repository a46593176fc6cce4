// SPDX-License-Identifier: ISC
//
// Libraries' names and versions, and the demands that a fata.lua makes on them.

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

/* Take the next number off a dotted version; what is missing counts as 0. */
static unsigned long next_number(const char **at)
{
    char *end;
    unsigned long number = strtoul(*at, &end, 10);
    *at = *end == '.' ? end + 1 : end;
    return number;
}

int version_compare(const char *a, const char *b)
{
    while (isdigit((unsigned char)*a) || isdigit((unsigned char)*b)) {
        unsigned long left = isdigit((unsigned char)*a) ? next_number(&a) : 0;
        unsigned long right = isdigit((unsigned char)*b) ? next_number(&b) : 0;
        if (left != right) {
            return left < right ? -1 : 1;
        }
    }
    return 0;
}

/* One comparison at *at, such as ">= 0.1". Returns: 1, 0, or -1 if it is none. */
static int fulfils_one(const char *version, const char **at)
{
    static const char *const operators[] = {">=", "<=", "==", "=", ">", "<"};
    while (isspace((unsigned char)**at)) {
        (*at)++;
    }
    size_t op = 0;
    while (op < FA_COUNT_OF(operators) && strncmp(*at, operators[op], strlen(operators[op])) != 0) {
        op++;
    }
    if (op == FA_COUNT_OF(operators)) {
        return -1;
    }
    *at += strlen(operators[op]);
    while (isspace((unsigned char)**at)) {
        (*at)++;
    }
    const char *wanted = *at;
    while (isdigit((unsigned char)**at) || **at == '.') {
        (*at)++;
    }
    if (*at == wanted || !isdigit((unsigned char)*wanted)) {
        return -1;
    }
    int order = version_compare(version, wanted);
    switch (op) {
    case 0:
        return order >= 0;
    case 1:
        return order <= 0;
    case 4:
        return order > 0;
    case 5:
        return order < 0;
    default:
        return order == 0;
    }
}

int version_fulfils(const char *version, const char *demand)
{
    int all = 1;
    for (const char *at = demand;;) {
        int one = fulfils_one(version, &at);
        if (one < 0) {
            return -1;
        }
        all = all && one;
        while (isspace((unsigned char)*at)) {
            at++;
        }
        if (*at == '\0') {
            return all;
        }
        if (*at++ != ',') {
            return -1;
        }
    }
}

const struct package *package_find(const struct package *packages, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(packages[i].name, name) == 0) {
            return &packages[i];
        }
    }
    return NULL;
}
