// SPDX-License-Identifier: ISC
//
// The SNTP client in virtual time, with pretended servers.

#include "fa/sntp.h"

#include "test/t.h"

#define WALL_AT_0 (UINT64_C(1700000000) * FA_NS_S) /* what time it is when `now` is 0 */

static struct fa_sntp sntp;
static struct fa_counters counters;
static struct fa_rand rand;
static struct fa_sntp_send sent;
static struct fa_sntp_sample sample;
static fa_ns now;

#define COUNTED(name) ((long long)FA_COUNTER_VALUE(&counters, name))

static void begin(uint32_t server_count, uint8_t exchange_count)
{
    struct fa_endpoint servers[FA_SNTP_SERVER_COUNT_MAX];
    counters = (struct fa_counters){0};
    now = 1000 * FA_NS_S;
    fa_rand_init_seed(&rand, 1);
    fa_sntp_init(
        &sntp, &(struct fa_sntp_config){
                   .counters = &counters, .rand = &rand, .exchange_count = exchange_count});
    for (uint32_t i = 0; i < server_count; i++) {
        servers[i] = (struct fa_endpoint){fa_ip4(10, 0, 0, (uint8_t)(1 + i)), FA_NTP_PORT};
    }
    fa_sntp_servers_set(&sntp, now, servers, server_count);
}

static bool fetch(void)
{
    return fa_sntp_output(&sntp, now, &sent);
}

static void pass(void)
{
    REQUIRE(fa_sntp_deadline(&sntp) != FA_NS_NEVER);
    now = fa_max(now, fa_sntp_deadline(&sntp));
    fa_sntp_tick(&sntp, now);
}

/* A good answer to the request last sent, that was `there` on the way, `held` and `back`. Time
 * passes. */
static struct fa_ntp_packet answer(fa_ns there, fa_ns held, fa_ns back)
{
    struct fa_ntp_packet request;
    CHECK(fa_ntp_decode((struct fa_slice){sent.bytes, FA_NTP_LEN}, &request) == FA_NTP_GOOD);
    CHECK(request.mode == FA_NTP_MODE_CLIENT && request.version == 4);
    struct fa_ntp_packet packet = {
        .version = 4,
        .mode = FA_NTP_MODE_SERVER,
        .stratum = 2,
        .origin = request.transmit,
        .receive = fa_ntp_timestamp(WALL_AT_0 + now + there),
        .transmit = fa_ntp_timestamp(WALL_AT_0 + now + there + held),
    };
    now += there + held + back;
    return packet;
}

static void say(struct fa_ntp_packet packet)
{
    uint8_t bytes[FA_NTP_LEN];
    fa_ntp_encode(bytes, &packet);
    fa_sntp_input(&sntp, now, &sent.server, (struct fa_slice){bytes, sizeof bytes});
}

/* How far the sample is from the truth. */
static fa_ns error_of(const struct fa_sntp_sample *of)
{
    int64_t wrong = (int64_t)(of->ahead_ns - WALL_AT_0);
    return (fa_ns)(wrong < 0 ? -wrong : wrong);
}

T(an_even_way_gives_the_time_exactly)
{
    begin(1, 1);
    REQUIRE(fetch());
    CHECK(!fetch());
    say(answer(10 * FA_NS_MS, 3 * FA_NS_MS, 10 * FA_NS_MS));
    REQUIRE(fa_sntp_take(&sntp, &sample));
    CHECK(!fa_sntp_take(&sntp, &sample));
    CHECK(error_of(&sample) < 10);
    CHECK(sample.delay_ns >= 20 * FA_NS_MS - 10 && sample.delay_ns <= 20 * FA_NS_MS + 10);
    CHECK_EQ(sample.stratum, 2);
}

T(an_uneven_way_is_wrong_by_half_of_the_difference_at_most)
{
    begin(1, 1);
    REQUIRE(fetch());
    say(answer(30 * FA_NS_MS, 0, 10 * FA_NS_MS));
    REQUIRE(fa_sntp_take(&sntp, &sample));
    CHECK(error_of(&sample) > 9 * FA_NS_MS && error_of(&sample) < 11 * FA_NS_MS);
}

T(the_shortest_way_of_a_round_counts)
{
    static const fa_ns ways_ms[] = {90, 7, 50, 60};
    begin(2, 0);
    for (size_t i = 0; i < 4; i++) {
        REQUIRE(fetch());
        CHECK_EQ(sent.server.ip.b[15], 1 + i % 2); // in turn
        CHECK(!fa_sntp_take(&sntp, &sample));
        say(answer(ways_ms[i] * FA_NS_MS, 0, 0));
        if (i < 3) {
            CHECK(!fetch());
            pass(); // at a distance
        }
    }
    REQUIRE(fa_sntp_take(&sntp, &sample));
    CHECK(sample.delay_ns < 8 * FA_NS_MS);
    CHECK_EQ(sample.server.ip.b[15], 2);
    CHECK_EQ(COUNTED(sntp_rx_samples), 4);
}

T(answers_that_do_not_repeat_our_number_are_ignored)
{
    begin(1, 1);
    REQUIRE(fetch());
    struct fa_ntp_packet packet = answer(FA_NS_MS, 0, FA_NS_MS);
    struct fa_ntp_packet wrong = packet;
    wrong.origin ^= 1;
    say(wrong);
    CHECK_EQ(COUNTED(sntp_rx_wrong_origin), 1);
    wrong = packet;
    wrong.mode = 5;
    say(wrong);
    wrong.mode = FA_NTP_MODE_SERVER;
    wrong.version = 0;
    say(wrong);
    CHECK_EQ(COUNTED(sntp_rx_not_server), 2);
    struct fa_endpoint other = sent.server;
    other.port++;
    uint8_t bytes[FA_NTP_LEN];
    fa_ntp_encode(bytes, &packet);
    fa_sntp_input(&sntp, now, &other, (struct fa_slice){bytes, sizeof bytes});
    CHECK_EQ(COUNTED(sntp_rx_unasked), 1);
    fa_sntp_input(&sntp, now, &sent.server, (struct fa_slice){bytes, 47});
    CHECK_EQ(COUNTED(sntp_rx_short), 1);
    CHECK(!fa_sntp_take(&sntp, &sample));
    say(packet);
    CHECK(fa_sntp_take(&sntp, &sample));
    say(packet); // once
    CHECK_EQ(COUNTED(sntp_rx_unasked), 2);
}

T(servers_that_do_not_know_the_time_are_not_believed)
{
    for (int i = 0; i < 8; i++) {
        begin(1, 1);
        REQUIRE(fetch());
        struct fa_ntp_packet packet = answer(FA_NS_MS, 0, FA_NS_MS);
        switch (i) {
        case 0:
            packet.leap = FA_NTP_LEAP_ALARM;
            break;
        case 1:
            packet.stratum = 16;
            break;
        case 2:
            packet.root_delay = 1 << 16;
            break;
        case 3:
            packet.root_dispersion = 1 << 16;
            break;
        case 4:
            packet.transmit = 0;
            break;
        case 5:
            packet.receive = packet.transmit + (UINT64_C(1) << 32); // sent before it came
            break;
        case 6:
            packet.receive = packet.transmit - (UINT64_C(5) << 32); // held longer than we waited
            break;
        case 7:
            now += 2 * FA_NS_S; // too long a way
        }
        say(packet);
        CHECK_EQ(COUNTED(sntp_rx_insane), 1);
        CHECK(!fa_sntp_take(&sntp, &sample));
        CHECK_EQ(COUNTED(sntp_rounds_failed), 1);
    }
}

T(kisses_of_death_are_heeded)
{
    begin(2, 2);
    for (int i = 0; i < 2; i++) {
        REQUIRE(fetch());
        struct fa_ntp_packet packet = answer(FA_NS_MS, 0, FA_NS_MS);
        packet.stratum = 0;
        fa_copy(packet.ref_id, i == 0 ? "DENY" : "RATE", 4);
        say(packet);
        if (i == 0) {
            pass();
        }
    }
    CHECK_EQ(COUNTED(sntp_rx_kisses), 2);
    fa_ns rested = fa_sntp_deadline(&sntp) - now;
    CHECK(rested > 64 * FA_NS_S && rested <= 128 * FA_NS_S); // twice the least distance
    for (int i = 0; i < 4; i++) {
        pass();
        REQUIRE(fetch());
        CHECK_EQ(sent.server.ip.b[15], 2); // the first has sent us away
        say(answer(FA_NS_MS, 0, FA_NS_MS));
    }
}

T(when_all_have_sent_us_away_nobody_is_asked_again)
{
    begin(1, 1);
    REQUIRE(fetch());
    struct fa_ntp_packet packet = answer(FA_NS_MS, 0, FA_NS_MS);
    packet.stratum = 0;
    fa_copy(packet.ref_id, "RSTR", 4);
    say(packet);
    pass();
    CHECK(!fetch());
    CHECK(fa_sntp_deadline(&sntp) == FA_NS_NEVER);
}

T(rounds_grow_apart_up_to_a_limit)
{
    fa_ns last = 0;
    begin(1, 1);
    for (int i = 0; i < 8; i++) {
        REQUIRE(fetch());
        say(answer(FA_NS_MS, 0, FA_NS_MS));
        CHECK(fa_sntp_take(&sntp, &sample));
        fa_ns rest = fa_sntp_deadline(&sntp) - now;
        CHECK(rest <= FA_SNTP_POLL_MAX_NS);
        CHECK(i == 0 || rest > last + last / 2 || rest > FA_SNTP_POLL_MAX_NS * 7 / 8);
        CHECK(i != 0 || (rest <= FA_SNTP_POLL_MIN_NS && rest >= FA_SNTP_POLL_MIN_NS * 7 / 8));
        last = rest;
        pass();
    }
}

T(silence_is_answered_by_patience)
{
    fa_ns rest = 0;
    begin(1, 1);
    for (int i = 0; i < 10; i++) {
        REQUIRE(fetch());
        if (i % 2 == 0) {
            pass(); // no answer
        } else {
            fa_sntp_failed(&sntp, now);
        }
        CHECK(i != 0 || fa_sntp_deadline(&sntp) - now <= FA_SNTP_RETRY_NS);
        rest = fa_sntp_deadline(&sntp) - now;
        pass();
    }
    CHECK_EQ(COUNTED(sntp_timeouts), 5);
    CHECK_EQ(COUNTED(sntp_unreachable), 5);
    CHECK(rest > FA_SNTP_POLL_MAX_NS / 2 && rest <= FA_SNTP_POLL_MAX_NS);
    CHECK_EQ(COUNTED(sntp_tx_requests), 10);
}

T(without_servers_there_is_nothing_to_do)
{
    begin(0, 0);
    CHECK(!fetch());
    CHECK(fa_sntp_deadline(&sntp) == FA_NS_NEVER);
}
