// SPDX-License-Identifier: ISC
//
// Tests of captures: the bytes of the format, the ring that keeps them, and the file, which
// Debian's tshark must read as we meant it.

#include "fa/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fa/capture_file.h"
#include "fa/vnet.h"
#include "test/frame.h"
#include "test/t.h"

static struct fa_vnet vnet;
static struct fa_vnet_mac macs[8];
static struct fa_vnet_port ports[2];
static struct fa_pool pool;
static _Alignas(64) uint8_t memory[16 * FA_BUF_SIZE];
static struct fa_capture capture;
static struct fa_capture_dev captured[2];
static struct fa_counters counters;

/* A sink that keeps all. */
static uint8_t bytes[1 << 20];
static size_t bytes_len;

static void keep_bytes(void *ctx, struct fa_slice piece)
{
    (void)ctx;
    FA_ASSERT(piece.len <= sizeof bytes - bytes_len);
    fa_copy(bytes + bytes_len, piece.at, piece.len);
    bytes_len += piece.len;
}

static const struct fa_capture_sink keep_all = {.write = keep_bytes};

static void open_wire(const struct fa_capture_config *config)
{
    static const char *const names[] = {"left", "right"};
    bytes_len = 0;
    fa_pool_init(&pool, memory, sizeof memory, FA_BUF_SIZE);
    fa_vnet_init(&vnet, &(struct fa_vnet_config){.macs = macs, .mac_count = 8});
    fa_capture_init(&capture, config);
    for (unsigned i = 0; i < 2; i++) {
        fa_vnet_port_open(
            &vnet, &ports[i], &(struct fa_vnet_port_config){.name = names[i], .pool = &pool});
        fa_capture_wrap(&captured[i], &capture, &ports[i].dev);
    }
}

static void close_wire(void)
{
    fa_netdev_close(&captured[0].dev);
    fa_netdev_close(&captured[1].dev);
    CHECK_EQ(pool.used_count, 0);
}

static void pass_frame(fa_ns now, uint32_t mark, size_t len)
{
    CHECK(frame_send(&captured[0].dev, now, frame_broadcast, mark, len));
    fa_netdev_tx_flush(&captured[0].dev, now);
    CHECK_EQ(frame_drain(&captured[1].dev, now + 1), 1);
}

static uint32_t load_le32(size_t off)
{
    return (uint32_t)bytes[off + 3] << 24 | (uint32_t)bytes[off + 2] << 16 |
           (uint32_t)bytes[off + 1] << 8 | bytes[off];
}

/* One block of the file. */
struct seen_block {
    uint32_t type;
    size_t off; /* of its body */
    size_t len; /* of its body */
};

/* Step to the block at *off, checking its frame. Returns: false at the end. */
static bool next_block(size_t *off, struct seen_block *ret_block)
{
    if (*off == bytes_len) {
        return false;
    }
    FA_ASSERT(*off + 12 <= bytes_len);
    uint32_t len = load_le32(*off + 4);
    CHECK(len >= 12 && len % 4 == 0 && len <= bytes_len - *off);
    CHECK_EQ(load_le32(*off + len - 4), len);
    *ret_block = (struct seen_block){.type = load_le32(*off), .off = *off + 8, .len = len - 12};
    *off += len;
    return true;
}

T(section_and_interface_blocks_are_byte_for_byte_these)
{
    static const uint8_t section[] = {0x0a, 0x0d, 0x0d, 0x0a, 52, 0, 0, 0, /* type, length */
        0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,                                /* magic, version */
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,                    /* length unknown */
        1, 0, 5, 0, 'h', 'e', 'l', 'l', 'o', 0, 0, 0,                      /* comment */
        4, 0, 4, 0, 'f', 'a', 't', 'a', 0, 0, 0, 0,                        /* application, end */
        52, 0, 0, 0};
    static const uint8_t iface[] = {1, 0, 0, 0, 52, 0, 0, 0, /* type, length */
        1, 0, 0, 0, 0, 0, 0, 0,                              /* Ethernet, whole frames */
        2, 0, 4, 0, 'l', 'e', 'f', 't',                      /* name */
        6, 0, 6, 0, 2, 0, 0, 0, 0, 1, 0, 0,                  /* address */
        9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0,                  /* nanoseconds, end */
        52, 0, 0, 0};
    open_wire(&(struct fa_capture_config){.sink = keep_all, .comment = "hello"});
    size_t section_len = load_le32(4);
    CHECK_EQ(section_len, sizeof section);
    CHECK(fa_equal(bytes, section, sizeof section));
    CHECK_EQ(load_le32(section_len + 4), sizeof iface);
    CHECK(fa_equal(bytes + section_len, iface, sizeof iface));
    close_wire();
}

T(frame_is_recorded_where_it_leaves_and_where_it_arrives)
{
    const size_t section_len = 12 + 16 + 8 + 4;
    const fa_ns wall_offset_ns = UINT64_C(1700000000) * FA_NS_S;
    struct seen_block block;
    open_wire(&(struct fa_capture_config){.sink = keep_all, .wall_offset_ns = wall_offset_ns});
    size_t off = 0;
    for (unsigned i = 0; i < 3; i++) {
        REQUIRE(next_block(&off, &block)); /* section and two interfaces */
    }
    CHECK_EQ(load_le32(4), section_len);
    CHECK_EQ(off, bytes_len);
    for (size_t len = 60; len < 64; len++) { /* every padding */
        pass_frame(1000, 5, len);
        for (unsigned i = 0; i < 2; i++) {
            REQUIRE(next_block(&off, &block));
            size_t padded_len = (len + 3) / 4 * 4;
            CHECK_EQ(block.type, 6);
            CHECK_EQ(block.len, 20 + padded_len + 12);
            CHECK_EQ(load_le32(block.off), i);
            uint64_t at_ns = (uint64_t)load_le32(block.off + 4) << 32 | load_le32(block.off + 8);
            CHECK_EQ(at_ns, wall_offset_ns + 1000 + i);
            CHECK_EQ(load_le32(block.off + 12), len);
            CHECK_EQ(load_le32(block.off + 16), len);
            CHECK(fa_equal(bytes + block.off + 20, frame_broadcast, 6));
            CHECK_EQ(load_le32(block.off + 20 + padded_len), 2 | 4 << 16); /* flags */
            CHECK_EQ(load_le32(block.off + 24 + padded_len), i == 0 ? 2 : 1);
            CHECK_EQ(load_le32(block.off + 28 + padded_len), 0);
        }
    }
    CHECK(!next_block(&off, &block));
    close_wire();
}

T(snap_length_cuts_what_is_kept_and_tells_the_whole)
{
    struct seen_block block;
    size_t off = 0;
    open_wire(&(struct fa_capture_config){.sink = keep_all, .snap_bytes = 64});
    pass_frame(1, 5, 1000);
    for (unsigned i = 0; i < 4; i++) {
        REQUIRE(next_block(&off, &block));
    }
    CHECK_EQ(load_le32(block.off + 12), 64);
    CHECK_EQ(load_le32(block.off + 16), 1000);
    CHECK_EQ(block.len, 20 + 64 + 12);
    close_wire();
}

T(remark_tells_frames_received_and_is_cut_at_its_limit)
{
    char text[FA_CAPTURE_TEXT_MAX + 10];
    struct seen_block block;
    size_t off = 0;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    open_wire(&(struct fa_capture_config){.sink = keep_all, .comment = text});
    CHECK_EQ(load_le32(24) >> 16, FA_CAPTURE_TEXT_MAX);
    pass_frame(1, 5, 60);
    fa_capture_remark(&captured[1], 77, text);
    while (next_block(&off, &block) && block.type != 5) {
    }
    REQUIRE(block.type == 5);
    CHECK_EQ(load_le32(block.off), 1);
    CHECK_EQ(load_le32(block.off + 8), 77);
    CHECK_EQ(load_le32(block.off + 12), 1 | FA_CAPTURE_TEXT_MAX << 16);
    CHECK_EQ(load_le32(block.off + 16 + FA_CAPTURE_TEXT_MAX), 4 | 8 << 16);
    CHECK_EQ(load_le32(block.off + 20 + FA_CAPTURE_TEXT_MAX), 1);
    close_wire();
}

static size_t ring_frame_len(uint32_t mark)
{
    return FRAME_MIN + (mark * 41) % 1400;
}

/* Frames of many lengths through a ring of `ring_len` bytes, each recorded as it leaves (interface
 * 0) and as it arrives (1). After each, the dump must hold the heads and as many of the newest
 * packets as fit, none left out. */
static void check_ring(size_t ring_len)
{
    static struct fa_capture_ring ring;
    static uint8_t ring_memory[8192];
    counters = (struct fa_counters){};
    fa_capture_ring_init(&ring, ring_memory, ring_len, &counters);
    open_wire(&(struct fa_capture_config){.sink = fa_capture_ring_sink(&ring)});
    for (uint32_t mark = 0; mark < 300; mark++) {
        struct seen_block block;
        size_t off = 0;
        size_t head_count = 0;
        size_t packet_bytes = 0;
        uint32_t first = UINT32_MAX; /* of the packets, numbered 2 * mark + interface */
        uint32_t next = 0;
        pass_frame(mark, mark, ring_frame_len(mark));
        bytes_len = 0;
        fa_capture_ring_dump(&ring, keep_all);
        while (next_block(&off, &block)) {
            if (block.type != 6) {
                head_count++;
                continue;
            }
            uint32_t number =
                2 * fa_be32_load(bytes + block.off + 20 + FA_ETH_HDR_LEN) + load_le32(block.off);
            CHECK(first == UINT32_MAX || number == next);
            first = first == UINT32_MAX ? number : first;
            next = number + 1;
            packet_bytes += block.len + 12;
        }
        CHECK_EQ(head_count, 3);
        CHECK_EQ(next, 2 * mark + 2);
        CHECK(packet_bytes <= ring_len);
        size_t older_len =
            first == 0 ? ring_len : 44 + (ring_frame_len((first - 1) / 2) + 3) / 4 * 4;
        CHECK(packet_bytes + older_len > ring_len);
    }
    CHECK_EQ(FA_COUNTER_VALUE(&counters, capture_dropped), 0);
    close_wire();
}

T(ring_keeps_the_newest_packets_whole)
{
    check_ring(FA_CAPTURE_RING_MIN);
    check_ring(FA_CAPTURE_RING_MIN + 1);
    check_ring(8191);
    check_ring(8192);
}

T(block_larger_than_the_ring_is_dropped_and_counted)
{
    static struct fa_capture_ring ring;
    static uint8_t ring_memory[FA_CAPTURE_RING_MIN];
    static uint8_t block[FA_CAPTURE_RING_MIN + 4] = {6, 0, 0, 0, 0x04, 0x10};
    struct seen_block seen;
    size_t off = 0;
    counters = (struct fa_counters){};
    fa_capture_ring_init(&ring, ring_memory, sizeof ring_memory, &counters);
    struct fa_capture_sink sink = fa_capture_ring_sink(&ring);
    open_wire(&(struct fa_capture_config){.sink = sink});
    pass_frame(1, 5, 60);
    sink.write(sink.ctx, (struct fa_slice){block, 100});
    sink.write(sink.ctx, (struct fa_slice){block + 100, sizeof block - 100});
    pass_frame(2, 6, 60);
    CHECK_EQ(FA_COUNTER_VALUE(&counters, capture_dropped), 1);
    bytes_len = 0;
    fa_capture_ring_dump(&ring, keep_all);
    for (unsigned i = 0; i < 7; i++) {
        CHECK(next_block(&off, &seen));
    }
    CHECK(!next_block(&off, &seen));
    close_wire();
}

/* The first line of a command's output, empty if there is none. */
static const char *first_line(const char *command)
{
    static char line[512];
    FILE *pipe = popen(command, "r");
    line[0] = 0;
    if (pipe != NULL) {
        if (fgets(line, sizeof line, pipe) != NULL) {
            line[strcspn(line, "\n")] = 0;
        }
        while (fgetc(pipe) != EOF) {
        }
        (void)pclose(pipe);
    }
    return line;
}

T(tshark_reads_a_capture_file_as_meant)
{
    static struct fa_capture_file file;
    static const char *const fields =
        "-T fields -e frame.interface_name -e frame.packet_flags_direction "
        "-e frame.time_epoch -e frame.len -e eth.type";
    char path[] = "/tmp/fata-capture-XXXXXX";
    char command[512];
    const char *reason = NULL;
    if (system("command -v tshark capinfos >/dev/null") != 0) {
        t_skip("tshark is not installed");
        return;
    }
    int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    (void)close(fd);
    REQUIRE(fa_capture_file_open(&file, path, &reason) == FA_OK);
    open_wire(&(struct fa_capture_config){.sink = fa_capture_file_sink(&file),
        .wall_offset_ns = UINT64_C(1700000000) * FA_NS_S,
        .comment = "a test"});
    for (uint32_t i = 0; i < 100; i++) { /* more than the file's buffer */
        pass_frame(123456789 + i, i, 1000);
    }
    fa_capture_remark(&captured[0], 5, "done");
    CHECK(fa_capture_file_close(&file) == FA_OK);
    (void)snprintf(command, sizeof command,
        "tshark -r %s %s 2>/dev/null | sed -n '1p;$p' | tr '\\n\\t' '; '", path, fields);
    CHECK_TEXT(fa_slice_of(first_line(command)),
        "left 0x00000002 1700000000.123456789 1000 0x88b5;"
        "right 0x00000001 1700000000.123456889 1000 0x88b5;");
    (void)snprintf(command, sizeof command,
        "capinfos -ckM %s | sed -n 's/.*: *//p' | tail -n +2 | tr '\\n' ';'", path);
    CHECK_TEXT(fa_slice_of(first_line(command)), "200;a test;");
    (void)unlink(path);
    close_wire();
}

T(file_that_cannot_be_made_says_why)
{
    static struct fa_capture_file file;
    const char *reason = NULL;
    CHECK(fa_capture_file_open(&file, "/nonexistent/x.pcapng", &reason) == FA_EIO);
    CHECK(reason != NULL && strlen(reason) > 0);
}

T(full_disk_is_told_at_close_and_stops_nothing)
{
    static struct fa_capture_file file;
    const char *reason = NULL;
    if (access("/dev/full", W_OK) != 0) {
        t_skip("no /dev/full");
        return;
    }
    REQUIRE(fa_capture_file_open(&file, "/dev/full", &reason) == FA_OK);
    open_wire(&(struct fa_capture_config){.sink = fa_capture_file_sink(&file)});
    for (uint32_t i = 0; i < 100; i++) {
        pass_frame(1, i, 1000);
    }
    CHECK(fa_capture_file_close(&file) == FA_EIO);
    close_wire();
}
