// SPDX-License-Identifier: ISC
//
// src/http/http_status.c: statuses, their words, and which fault gets which.

#include "fa/counter.h"
#include "src/http/http_priv.h"

/* Sorted by status. */
static const struct {
    uint16_t status;
    char reason[30];
} reasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {429, "Too Many Requests"},
    {431, "Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

static const struct {
    uint16_t status;
    uint16_t counter;
} faults[FA_HTTP_FAULT_COUNT] = {
    [FA_HTTP_FAULT_LINE] = {400, FA_COUNTER_http_bad_line},
    [FA_HTTP_FAULT_LINE_END] = {400, FA_COUNTER_http_bad_line_end},
    [FA_HTTP_FAULT_VERSION] = {505, FA_COUNTER_http_bad_version},
    [FA_HTTP_FAULT_TARGET] = {400, FA_COUNTER_http_bad_target},
    [FA_HTTP_FAULT_TARGET_LEN] = {414, FA_COUNTER_http_target_too_long},
    [FA_HTTP_FAULT_HEADER] = {400, FA_COUNTER_http_bad_header},
    [FA_HTTP_FAULT_HEADER_LEN] = {431, FA_COUNTER_http_head_too_large},
    [FA_HTTP_FAULT_HOST] = {400, FA_COUNTER_http_bad_host},
    [FA_HTTP_FAULT_LENGTH] = {400, FA_COUNTER_http_bad_length},
    [FA_HTTP_FAULT_FRAMING] = {400, FA_COUNTER_http_bad_framing},
    [FA_HTTP_FAULT_CODING] = {501, FA_COUNTER_http_bad_coding},
    [FA_HTTP_FAULT_EXPECT] = {417, FA_COUNTER_http_bad_expect},
    [FA_HTTP_FAULT_BODY] = {400, FA_COUNTER_http_bad_body},
    [FA_HTTP_FAULT_BODY_LEN] = {413, FA_COUNTER_http_body_too_large},
    [FA_HTTP_FAULT_SLOW] = {408, FA_COUNTER_http_slow_request},
    [FA_HTTP_FAULT_BUSY] = {503, FA_COUNTER_http_busy},
};

const char *fa_http_reason(uint16_t status)
{
    for (size_t i = 0; i < FA_COUNT_OF(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Unknown";
}

uint16_t fa_http_fault_status(enum fa_http_fault fault)
{
    FA_ASSERT(fault > FA_HTTP_FAULT_NONE);
    FA_ASSERT(fault < FA_HTTP_FAULT_COUNT);
    return faults[fault].status;
}

void fa__http_fault_count(struct fa_counters *counters, enum fa_http_fault fault)
{
    FA_ASSERT(fault > FA_HTTP_FAULT_NONE);
    FA_ASSERT(fault < FA_HTTP_FAULT_COUNT);
    counters->cell[faults[fault].counter]++;
}
