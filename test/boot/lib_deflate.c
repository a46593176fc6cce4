// SPDX-License-Identifier: ISC
//
// libdeflate and zlib, as Debian compiled them, understand one another inside an image.

#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

#include "test/t.h"

enum {
    LEN = 300 * 1000,
};

static uint8_t plain[LEN], again[LEN];

static void fill_plain(void)
{
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)((uint8_t) "the quick brown fox"[i % 19] + (i * i >> 12) % 3);
    }
}

T(what_libdeflate_packs_zlib_unpacks)
{
    fill_plain();
    struct libdeflate_compressor *packer = libdeflate_alloc_compressor(6);
    REQUIRE(packer != NULL);
    const size_t cap = libdeflate_zlib_compress_bound(packer, sizeof plain);
    uint8_t *packed = malloc(cap);
    REQUIRE(packed != NULL);
    const size_t len = libdeflate_zlib_compress(packer, plain, sizeof plain, packed, cap);
    CHECK(len > 0 && len < sizeof plain / 2);
    uLongf again_len = sizeof again;
    CHECK_EQ(uncompress(again, &again_len, packed, len), Z_OK);
    CHECK_EQ(again_len, sizeof plain);
    CHECK(fa_equal(plain, again, sizeof plain));
    packed[len / 2] ^= 1;
    again_len = sizeof again;
    CHECK(uncompress(again, &again_len, packed, len) == Z_DATA_ERROR);
    libdeflate_free_compressor(packer);
    free(packed);
}

T(what_zlib_packs_libdeflate_unpacks)
{
    fill_plain();
    struct libdeflate_decompressor *unpacker = libdeflate_alloc_decompressor();
    uLongf len = compressBound(sizeof plain);
    uint8_t *packed = malloc(len);
    REQUIRE(packed != NULL && unpacker != NULL);
    CHECK_EQ(compress2(packed, &len, plain, sizeof plain, 9), Z_OK);
    size_t again_len = 0;
    CHECK_EQ(libdeflate_zlib_decompress(unpacker, packed, len, again, sizeof again, &again_len),
        LIBDEFLATE_SUCCESS);
    CHECK_EQ(again_len, sizeof plain);
    CHECK(fa_equal(plain, again, sizeof plain));
    libdeflate_free_decompressor(unpacker);
    free(packed);
}

T(a_stream_in_small_pieces_is_the_same)
{
    fill_plain();
    z_stream out = {0};
    z_stream in = {0};
    REQUIRE(deflateInit(&out, 6) == Z_OK && inflateInit(&in) == Z_OK);
    uint8_t piece[1000];
    in.next_out = again;
    in.avail_out = sizeof again;
    out.next_in = plain;
    out.avail_in = sizeof plain;
    int status = Z_OK;
    while (status == Z_OK) {
        out.next_out = piece;
        out.avail_out = sizeof piece;
        status = deflate(&out, Z_FINISH);
        in.next_in = piece;
        in.avail_in = (uInt)(sizeof piece - out.avail_out);
        const int status_in = inflate(&in, Z_NO_FLUSH);
        REQUIRE(status_in == status);
    }
    CHECK_EQ(status, Z_STREAM_END);
    CHECK_EQ(in.total_out, sizeof plain);
    CHECK(fa_equal(plain, again, sizeof plain));
    CHECK(deflateEnd(&out) == Z_OK && inflateEnd(&in) == Z_OK);
}
