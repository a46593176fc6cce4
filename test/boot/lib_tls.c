// SPDX-License-Identifier: ISC
//
// OpenSSL, as Debian compiled it, shakes hands with itself inside an image: TLS 1.3 through memory,
// the certificate checked against the image's wall clock.

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "fa/plat.h"
#include "fa/wall.h"
#include "test/t.h"

enum {
    STEP_COUNT_MAX = 20, /* flights of a handshake, more than enough */
    BULK_BYTES = 100 * 1000,
};

#define NAME         "image.test"
#define WALL_2026_06 (UINT64_C(1780272000) * FA_NS_S)
#define WALL_2029    (UINT64_C(1861920000) * FA_NS_S)
#define VALID_FROM   "20260101000000Z"
#define VALID_TO     "20270101000000Z"

static struct {
    EVP_PKEY *key;
    X509 *certificate;
    SSL_CTX *server_config;
    SSL_CTX *client_config;
} world;

static void note_errors(void)
{
    unsigned long code;
    while ((code = ERR_get_error()) != 0) {
        char text[256];
        ERR_error_string_n(code, text, sizeof text);
        t_note("%s", text);
    }
}

static bool make_certificate(void)
{
    world.key = EVP_EC_gen("P-256");
    world.certificate = X509_new();
    X509 *certificate = world.certificate;
    if (world.key == NULL || certificate == NULL) {
        return false;
    }
    X509_NAME *name = X509_get_subject_name(certificate);
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *host = a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_DNS, NAME, 0);
    return names != NULL && host != NULL && sk_GENERAL_NAME_push(names, host) == 1 &&
           X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)NAME, -1, -1, 0) ==
               1 &&
           X509_set_issuer_name(certificate, name) == 1 &&
           X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1 &&
           ASN1_TIME_set_string(X509_getm_notBefore(certificate), VALID_FROM) == 1 &&
           ASN1_TIME_set_string(X509_getm_notAfter(certificate), VALID_TO) == 1 &&
           X509_set_pubkey(certificate, world.key) == 1 &&
           X509_sign(certificate, world.key, EVP_sha256()) > 0;
}

/* Once for all tests. Returns: whether both ends can begin. */
static bool begin(void)
{
    fa_wall_set(WALL_2026_06);
    if (world.client_config != NULL) {
        return true;
    }
    world.server_config = SSL_CTX_new(TLS_server_method());
    world.client_config = SSL_CTX_new(TLS_client_method());
    const bool good =
        make_certificate() && world.server_config != NULL && world.client_config != NULL &&
        SSL_CTX_use_certificate(world.server_config, world.certificate) == 1 &&
        SSL_CTX_use_PrivateKey(world.server_config, world.key) == 1 &&
        X509_STORE_add_cert(SSL_CTX_get_cert_store(world.client_config), world.certificate) == 1;
    note_errors();
    SSL_CTX_set_verify(world.client_config, SSL_VERIFY_PEER, NULL);
    return good;
}

struct ends {
    SSL *client, *server;
    bool client_done, server_done;
};

static void open_ends(struct ends *ends, const char *name)
{
    BIO *up = BIO_new(BIO_s_mem());
    BIO *down = BIO_new(BIO_s_mem());
    *ends = (struct ends){SSL_new(world.client_config), SSL_new(world.server_config), false, false};
    (void)BIO_up_ref(up);
    (void)BIO_up_ref(down);
    SSL_set_bio(ends->client, down, up);
    SSL_set_bio(ends->server, up, down);
    SSL_set_connect_state(ends->client);
    SSL_set_accept_state(ends->server);
    CHECK(SSL_set1_host(ends->client, name) == 1);
}

static void close_ends(struct ends *ends)
{
    SSL_free(ends->client);
    SSL_free(ends->server);
}

static void shake_hands(struct ends *ends)
{
    for (int i = 0; i < STEP_COUNT_MAX && !(ends->client_done && ends->server_done); i++) {
        ends->client_done = SSL_do_handshake(ends->client) == 1;
        ends->server_done = SSL_do_handshake(ends->server) == 1;
    }
}

T(a_tls13_handshake_with_a_checked_certificate_succeeds)
{
    struct ends ends;
    REQUIRE(begin());
    open_ends(&ends, NAME);
    shake_hands(&ends);
    CHECK(ends.client_done && ends.server_done);
    note_errors();
    CHECK_EQ(SSL_version(ends.client), TLS1_3_VERSION);
    CHECK_EQ(SSL_get_verify_result(ends.client), X509_V_OK);
    t_note("%s, %s", SSL_get_version(ends.client), SSL_get_cipher(ends.client));
    close_ends(&ends);
}

T(bytes_pass_both_ways)
{
    static uint8_t sent[BULK_BYTES], got[BULK_BYTES];
    struct ends ends;
    REQUIRE(begin());
    open_ends(&ends, NAME);
    shake_hands(&ends);
    SSL *way[2][2] = {{ends.client, ends.server}, {ends.server, ends.client}};
    for (size_t i = 0; i < FA_COUNT_OF(way); i++) {
        size_t sent_len = 0;
        fa_entropy_fill(sent, sizeof sent);
        REQUIRE(SSL_write_ex(way[i][0], sent, sizeof sent, &sent_len) == 1);
        CHECK_EQ(sent_len, sizeof sent);
        size_t len = 0;
        for (size_t part;
             len < sizeof got && SSL_read_ex(way[i][1], got + len, sizeof got - len, &part) == 1;) {
            len += part;
        }
        CHECK_EQ(len, sizeof got);
        CHECK(fa_equal(sent, got, sizeof got));
    }
    close_ends(&ends);
}

/* Returns: what the client thinks of the certificate. */
static long judge(const char *name, uint64_t wall_ns)
{
    struct ends ends;
    open_ends(&ends, name);
    fa_wall_set(wall_ns);
    shake_hands(&ends);
    const long result = SSL_get_verify_result(ends.client);
    CHECK(ends.client_done == (result == X509_V_OK));
    ERR_clear_error();
    close_ends(&ends);
    fa_wall_set(WALL_2026_06);
    return result;
}

T(a_clock_before_or_after_the_certificate_refuses_it)
{
    REQUIRE(begin());
    CHECK_EQ(judge(NAME, 1), X509_V_ERR_CERT_NOT_YET_VALID); /* nobody knows the time: 1970 */
    CHECK_EQ(judge(NAME, WALL_2029), X509_V_ERR_CERT_HAS_EXPIRED);
    CHECK_EQ(judge(NAME, WALL_2026_06), X509_V_OK);
}

T(another_name_is_refused)
{
    REQUIRE(begin());
    CHECK_EQ(judge("other.test", WALL_2026_06), X509_V_ERR_HOSTNAME_MISMATCH);
}

T(openssl_draws_from_the_images_entropy)
{
    uint8_t first[32] = {0};
    uint8_t second[32] = {0};
    CHECK_EQ(RAND_status(), 1);
    CHECK_EQ(RAND_bytes(first, sizeof first), 1);
    CHECK_EQ(RAND_priv_bytes(second, sizeof second), 1);
    CHECK(!fa_equal(first, second, sizeof first));
}
