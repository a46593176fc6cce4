// SPDX-License-Identifier: ISC
//
// The bytes of a saved connection, and what can be true of them: the invariants of tcp_check.c,
// asked of numbers that a stranger may have written.

#include "tcp_saved.h"

#include "fa/tcp_handover.h"
#include "tcp_priv.h"

static const uint8_t magic[4] = {'F', 'A', 't', 'c'};

enum {
    OFF_VERSION = 4,
    OFF_LOCAL = 16,
    OFF_REMOTE = 32,
    OFF_ZERO = 195,    /* one byte */
    LEN_MAX = 1 << 30, /* windows, and distances between numbers (RFC 7323 2.3) */
    BACKOFF_MAX = 16,
};

#define TIME_MAX_NS (UINT64_C(1) << 50) /* 13 days; longer waits than any of ours */

/* One number: where in the bytes, and which member. */
struct field {
    uint8_t off;
    uint8_t len;
    uint8_t member;
};

#define FIELD(at, name)                                                                            \
    {                                                                                              \
        (at), sizeof(((struct fa__saved *)0)->name), offsetof(struct fa__saved, name)              \
    }

static const struct field fields[] = {
    FIELD(6, state),
    FIELD(7, error),
    FIELD(8, total_len),
    FIELD(12, flags),
    FIELD(48, local_port),
    FIELD(50, remote_port),
    FIELD(52, iss),
    FIELD(56, snd_una),
    FIELD(60, sent_len),
    FIELD(64, tx_len),
    FIELD(68, snd_wnd),
    FIELD(72, snd_wnd_max),
    FIELD(76, snd_wl1),
    FIELD(80, snd_wl2),
    FIELD(84, irs),
    FIELD(88, rcv_nxt),
    FIELD(92, promised_len),
    FIELD(96, unacked_len),
    FIELD(100, fin_off),
    FIELD(104, rx_len),
    FIELD(108, ooo_count),
    FIELD(112, cwnd),
    FIELD(116, ssthresh),
    FIELD(120, srtt_ns),
    FIELD(128, rttvar_ns),
    FIELD(136, end_in_ns),
    FIELD(144, no_progress_ns),
    FIELD(152, retransmit_in_ns),
    FIELD(160, silent_ms),
    FIELD(164, user_timeout_ms),
    FIELD(168, rx_space),
    FIELD(172, ts_value),
    FIELD(176, ts_recent),
    FIELD(180, ts_recent_age),
    FIELD(184, mss),
    FIELD(186, rx_mss),
    FIELD(188, rx_full),
    FIELD(190, tx_scale),
    FIELD(191, rx_scale),
    FIELD(192, backoff),
    FIELD(193, tries),
    FIELD(194, congestion),
};

static uint64_t load_member(const uint8_t *at, size_t len)
{
    switch (len) {
    case 1:
        return *at;
    case 2:
        return *(const uint16_t *)(const void *)at;
    case 4:
        return *(const uint32_t *)(const void *)at;
    default:
        return *(const uint64_t *)(const void *)at;
    }
}

static void store_member(uint8_t *at, size_t len, uint64_t value)
{
    switch (len) {
    case 1:
        *at = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)(void *)at = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)(void *)at = (uint32_t)value;
        break;
    default:
        *(uint64_t *)(void *)at = value;
    }
}

void fa__saved_encode(const struct fa__saved *saved, uint8_t at[FA__SAVED_FIXED_LEN])
{
    fa_zero(at, FA__SAVED_FIXED_LEN);
    fa_copy(at, magic, sizeof magic);
    at[OFF_VERSION] = FA__SAVED_VERSION;
    fa_copy(at + OFF_LOCAL, &saved->local, sizeof saved->local);
    fa_copy(at + OFF_REMOTE, &saved->remote, sizeof saved->remote);
    for (size_t i = 0; i < FA_COUNT_OF(fields); i++) {
        const struct field *field = &fields[i];
        uint64_t value = load_member((const uint8_t *)saved + field->member, field->len);
        for (size_t byte = 0; byte < field->len; byte++) {
            at[field->off + byte] = (uint8_t)(value >> 8 * byte);
        }
    }
}

static uint64_t load_le(const uint8_t *at, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value |= (uint64_t)at[i] << 8 * i;
    }
    return value;
}

static void decode_fields(const uint8_t *at, struct fa__saved *saved)
{
    fa_copy(&saved->local, at + OFF_LOCAL, sizeof saved->local);
    fa_copy(&saved->remote, at + OFF_REMOTE, sizeof saved->remote);
    for (size_t i = 0; i < FA_COUNT_OF(fields); i++) {
        const struct field *field = &fields[i];
        uint64_t value = load_le(at + field->off, field->len);
        store_member((uint8_t *)saved + field->member, field->len, value);
    }
}

/* ---- what can be true ---- */

static bool has(const struct fa__saved *saved, enum fa__saved_flags flag)
{
    return (saved->flags & flag) != 0;
}

/* What a state says about the two FINs; -1: anything. */
struct state_rule {
    int8_t fin_queued;
    int8_t fin_acked;
    int8_t fin_received;
};

static const struct state_rule state_rules[FA_TCP_STATE_COUNT] = {
    [FA_TCP_CLOSED] = {-1, -1, -1},
    [FA_TCP_SYN_SENT] = {0, 0, 0},
    [FA_TCP_SYN_RECEIVED] = {-1, 0, 0},
    [FA_TCP_ESTABLISHED] = {0, 0, 0},
    [FA_TCP_FIN_WAIT_1] = {1, 0, 0},
    [FA_TCP_FIN_WAIT_2] = {1, 1, 0},
    [FA_TCP_CLOSE_WAIT] = {0, 0, 1},
    [FA_TCP_CLOSING] = {1, 0, 1},
    [FA_TCP_LAST_ACK] = {1, 0, 1},
    [FA_TCP_TIME_WAIT] = {1, 1, 1},
};

static bool keeps(int8_t rule, bool value)
{
    return rule < 0 || (rule != 0) == value;
}

/* SYN_SENT may have a FIN waiting behind it (fa_flow_shutdown()). */
static bool check_state(const struct fa__saved *saved)
{
    if (saved->state >= FA_TCP_STATE_COUNT) {
        return false;
    }
    struct state_rule rule = state_rules[saved->state];
    if (saved->state == FA_TCP_SYN_SENT) {
        rule.fin_queued = -1;
    }
    return keeps(rule.fin_queued, has(saved, FA__SAVED_FIN_QUEUED)) &&
           keeps(rule.fin_acked, has(saved, FA__SAVED_FIN_ACKED)) &&
           keeps(rule.fin_received, has(saved, FA__SAVED_FIN_RECEIVED));
}

/* Whose it is: a flow's, a listener's, or nobody's. */
static bool check_owner(const struct fa__saved *saved)
{
    bool held = has(saved, FA__SAVED_HELD);
    bool listener = has(saved, FA__SAVED_LISTENER);
    bool waits = saved->state == FA_TCP_SYN_RECEIVED || saved->state == FA_TCP_ESTABLISHED ||
                 saved->state == FA_TCP_CLOSE_WAIT;
    if (saved->state == FA_TCP_CLOSED) {
        return !listener && (held || has(saved, FA__SAVED_RESET_DUE)) &&
               saved->error >= (uint8_t)-FA_ECLOSED && saved->error <= (uint8_t)-FA_EREFUSED;
    }
    if (has(saved, FA__SAVED_RESET_DUE) || saved->error != 0 || (held && listener)) {
        return false;
    }
    if (saved->state == FA_TCP_SYN_RECEIVED && listener != has(saved, FA__SAVED_PASSIVE)) {
        return false;
    }
    if (listener) {
        return waits && has(saved, FA__SAVED_PASSIVE) && !has(saved, FA__SAVED_FIN_QUEUED);
    }
    bool ends = saved->state == FA_TCP_TIME_WAIT || (saved->state == FA_TCP_FIN_WAIT_2 && !held);
    bool orphan = saved->state != FA_TCP_SYN_SENT && has(saved, FA__SAVED_FIN_QUEUED);
    return (held || orphan) && (!ends || saved->end_in_ns != FA__SAVED_NEVER);
}

static bool check_send(const struct fa__saved *saved)
{
    bool opening = saved->state == FA_TCP_SYN_SENT || saved->state == FA_TCP_SYN_RECEIVED;
    bool fin = has(saved, FA__SAVED_FIN_QUEUED);
    if (saved->tx_len > LEN_MAX || saved->snd_wnd > LEN_MAX || saved->snd_wnd_max > LEN_MAX) {
        return false;
    }
    if (opening) {
        return saved->snd_una == saved->iss && saved->sent_len <= 1 && saved->tx_len == 0;
    }
    if (has(saved, FA__SAVED_FIN_ACKED) || saved->state == FA_TCP_CLOSED) {
        return saved->sent_len == 0 && saved->tx_len == 0;
    }
    return saved->sent_len <= saved->tx_len + (fin ? 1u : 0u);
}

static bool check_receive(const struct fa__saved *saved)
{
    bool opening = saved->state == FA_TCP_SYN_SENT || saved->state == FA_TCP_SYN_RECEIVED;
    bool ended = has(saved, FA__SAVED_FIN_RECEIVED) || saved->state == FA_TCP_CLOSED || opening;
    bool early = has(saved, FA__SAVED_FIN_EARLY);
    return saved->promised_len <= LEN_MAX && saved->unacked_len <= LEN_MAX &&
           saved->rx_len <= LEN_MAX && (!opening || saved->rx_len == 0) &&
           saved->rx_space <= LEN_MAX && (!ended || (saved->ooo_count == 0 && !early)) &&
           (!early || (saved->fin_off != 0 && saved->fin_off <= saved->promised_len));
}

static bool check_sizes(const struct fa__saved *saved)
{
    return saved->mss >= FA__TCP_MSS_MIN - FA_TCP_TS_LEN && saved->rx_mss >= FA__TCP_MSS_MIN &&
           saved->tx_scale <= FA_TCP_SCALE_MAX && saved->rx_scale <= FA_TCP_SCALE_MAX &&
           saved->cwnd <= LEN_MAX && (saved->cwnd >= saved->mss || saved->cwnd == 0) &&
           saved->srtt_ns <= TIME_MAX_NS && saved->rttvar_ns <= TIME_MAX_NS &&
           saved->no_progress_ns <= TIME_MAX_NS && saved->backoff <= BACKOFF_MAX &&
           saved->congestion < FA_TCP_CONGESTION_COUNT &&
           (saved->end_in_ns <= TIME_MAX_NS || saved->end_in_ns == FA__SAVED_NEVER) &&
           (saved->retransmit_in_ns <= TIME_MAX_NS || saved->retransmit_in_ns == FA__SAVED_NEVER);
}

static bool check_tuple(const struct fa__saved *saved)
{
    bool itself =
        saved->local_port == saved->remote_port && fa_ip_equal(&saved->local, &saved->remote);
    return saved->local_port != 0 && saved->remote_port != 0 && !itself &&
           !fa_ip_is_zero(&saved->local) && !fa_ip_is_zero(&saved->remote) &&
           fa_ip_is4(&saved->local) == fa_ip_is4(&saved->remote);
}

/* Runs beyond a hole: in order, apart, inside of what was promised. */
static bool check_payload(const struct fa__saved *saved, struct fa_slice payload)
{
    uint64_t edge = 0;
    size_t off = saved->rx_len;
    if (off > payload.len) {
        return false;
    }
    for (uint32_t i = 0; i < saved->ooo_count; i++) {
        if (payload.len - off < FA__SAVED_OOO_HEADER_LEN) {
            return false;
        }
        uint64_t from = load_le(payload.at + off, 4);
        uint64_t len = load_le(payload.at + off + 4, 4);
        off += FA__SAVED_OOO_HEADER_LEN;
        if (len == 0 || len > payload.len - off || from < edge || from == 0 ||
            from + len > saved->promised_len) {
            return false;
        }
        edge = from + len;
        off += len;
    }
    return payload.len - off == saved->tx_len;
}

fa_err fa__saved_decode(
    struct fa_slice bytes, struct fa__saved *ret_saved, struct fa_slice *ret_payload)
{
    if (bytes.len < FA_TCP_SAVED_LEN_MIN || !fa_equal(bytes.at, magic, sizeof magic) ||
        load_le(bytes.at + OFF_VERSION, 2) != FA__SAVED_VERSION || bytes.at[OFF_ZERO] != 0) {
        return FA_ECORRUPT;
    }
    struct fa_slice covered = {bytes.at, bytes.len - FA__SAVED_CRC_LEN};
    struct fa__saved saved = {0};
    decode_fields(bytes.at, &saved);
    if (saved.total_len != bytes.len ||
        fa_crc32c(0, covered) != load_le(bytes.at + covered.len, 4)) {
        return FA_ECORRUPT;
    }
    struct fa_slice payload = {bytes.at + FA__SAVED_FIXED_LEN, covered.len - FA__SAVED_FIXED_LEN};
    if ((saved.flags & ~(uint32_t)FA__SAVED_FLAGS_ALL) != 0 || !check_tuple(&saved) ||
        !check_state(&saved) || !check_owner(&saved) || !check_send(&saved) ||
        !check_receive(&saved) || !check_sizes(&saved) || !check_payload(&saved, payload)) {
        return FA_ECORRUPT;
    }
    *ret_saved = saved;
    *ret_payload = payload;
    return FA_OK;
}
