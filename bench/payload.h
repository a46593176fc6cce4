// SPDX-License-Identifier: ISC
//
// bench/payload.h: the work on bytes that both sides of a comparison do alike, and their clock.
//
// The sender writes fresh bytes, the receiver reads each, the wire verifies one frame in
// BENCH_VERIFY_EVERY. Time is this process's processor time, so that a busy machine takes nothing
// from anyone. For benches of Fata and of its peers; needs a hosted libc.

#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { BENCH_VERIFY_EVERY = 64 };

/* Processor time of this process, seconds. */
static inline double bench_cpu_s(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* The harness's own work is by vectors, or it would be most of what is measured. */
typedef uint64_t bench_lanes __attribute__((vector_size(16)));

/* Write `len` fresh bytes: those of the stream from offset `off` on, 8 at a time. */
static inline void bench_fill(uint8_t *at, size_t len, uint64_t off)
{
    bench_lanes words = {off, off + 8};
    size_t i = 0;
    for (; i + 32 <= len; i += 32) {
        bench_lanes next = words + 16;
        memcpy(at + i, &words, 16);
        memcpy(at + i + 16, &next, 16);
        words += 32;
    }
    for (; i + 8 <= len; i += 8) {
        uint64_t word = off + i;
        memcpy(at + i, &word, 8);
    }
    memset(at + i, 0x5a, len - i);
}

/* Whether these are the bytes of the stream from offset `off` on, written by multiples of 8. */
static inline bool bench_bytes_good(const uint8_t *at, size_t len, uint64_t off)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t word = (off + i) & ~UINT64_C(7);
        if (at[i] != (uint8_t)(word >> ((off + i) % 8 * 8))) {
            return false;
        }
    }
    return true;
}

/* Make the compiler believe that a sum was wanted. */
static inline void bench_use(uint64_t sum)
{
    __asm__ __volatile__("" : : "r"(sum));
}

/* Read every byte. Returns: a sum for bench_use(). */
static inline uint64_t bench_sum(const uint8_t *at, size_t len)
{
    bench_lanes even = {0};
    bench_lanes odd = {0};
    size_t i = 0;
    for (; i + 32 <= len; i += 32) {
        bench_lanes words[2];
        memcpy(words, at + i, 32);
        even += words[0];
        odd += words[1];
    }
    even += odd;
    uint64_t sum = even[0] + even[1];
    for (; i + 8 <= len; i += 8) {
        uint64_t word;
        memcpy(&word, at + i, 8);
        sum += word;
    }
    for (; i < len; i++) {
        sum += at[i];
    }
    return sum;
}

/* Ones' complement sum of big-endian 16-bit words, not folded. */
static inline uint64_t bench_words(const uint8_t *at, size_t len, uint64_t sum)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        sum += (uint64_t)(at[i] << 8 | at[i + 1]);
    }
    return (len & 1) != 0 ? sum + (uint64_t)(at[len - 1] << 8) : sum;
}

/* Whether a frame is ARP, or IPv4 and TCP with the right sizes and checksums. */
static inline bool bench_frame_good(const uint8_t *frame, size_t len)
{
    if (len >= 42 && frame[12] == 8 && frame[13] == 6) {
        return true;
    }
    if (len < 54 || len > 9014 || frame[12] != 8 || frame[13] != 0) {
        return false;
    }
    const uint8_t *ip = frame + 14;
    size_t header_len = (size_t)(ip[0] & 15) * 4;
    size_t total_len = (size_t)(ip[2] << 8 | ip[3]);
    if (total_len > len - 14 || header_len + 20 > total_len || (total_len < len - 14 && len > 60)) {
        return false;
    }
    uint64_t ip_sum = bench_words(ip, header_len, 0);
    uint64_t pseudo = 6 + (total_len - header_len) + bench_words(ip + 12, 8, 0);
    uint64_t tcp_sum = bench_words(ip + header_len, total_len - header_len, pseudo);
    return ip_sum % 0xffff == 0 && tcp_sum % 0xffff == 0;
}

#endif
