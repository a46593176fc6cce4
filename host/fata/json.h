// SPDX-License-Identifier: ISC
//
// json.h: what fata says as JSON.

#ifndef FATA_JSON_H
#define FATA_JSON_H

#include <jansson.h>

#include "model.h"

json_t *json_of_config(const struct config *config);
json_t *json_of_keys(const struct config *config, enum key_stage stage);

/* Print with a line end; `take` is given up. */
void json_write(json_t *take, FILE *out);

#endif
