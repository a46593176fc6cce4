// SPDX-License-Identifier: ISC
//
// What an observer of TCP sees: a record at every label, with the words that the schema names.

#include "fa/trace.h"
#include "src/net/tcp_priv.h"
#include "test/unit/tcp_lab.h"

enum {
    S = FA_TCP_SYN,
    A = FA_TCP_ACK,
    F = FA_TCP_FIN,
    RECORDS_MAX = 64,
    WORDS_MAX = 16,
};

/* Words of every record: its own, then the connection's. */
enum {
    TCB_STATE,
    TCB_SND_UNA,
    TCB_SND_NXT,
    TCB_SND_WND,
    TCB_RCV_NXT,
    TCB_RCV_WND,
    TCB_CWND,
    TCB_SSTHRESH,
    TCB_WORDS,
};

static _Alignas(8) uint8_t ring[65536];
static struct fa_trace_record records[RECORDS_MAX];
static uint64_t words[RECORDS_MAX][WORDS_MAX];
static size_t record_count;

static size_t count_fields(const char *fields)
{
    size_t count = 1;
    for (; *fields != '\0'; fields++) {
        count += *fields == ',';
    }
    return count;
}

static void read_ring(void)
{
    const struct fa_trace_ring *from = fa_trace_rings[FA_TRACE_PROTO];
    uint64_t cursor = 0;
    record_count = 0;
    while (record_count < RECORDS_MAX &&
           fa_trace_read(from, sizeof ring, &cursor, &records[record_count], words[record_count],
               sizeof words[0]) == FA_OK) {
        record_count++;
    }
    fa_trace_attach(FA_TRACE_PROTO, NULL, 0);
}

/* One connection: accept, 5 bytes in, a delayed ACK, 3 bytes out, lost once, both close. */
static void live_once(void)
{
    lab_init(NULL);
    lab_listen(NULL);
    fa_trace_attach(FA_TRACE_PROTO, ring, sizeof ring);
    lab_accept();
    IN(.flags = A, .seq = 1, .ack = 1, .len = 5);
    CHECK_EQ(lab_read(5), 5);
    OUT(.flags = A, .seq = 1, .ack = 6, .within_ns = 40 * FA_NS_MS);
    CHECK_EQ(lab_write(3), 3);
    OUT(.flags = A, .seq = 1, .ack = 6, .len = 3);
    OUT(.flags = A, .seq = 1, .ack = 6, .len = 3, .within_ns = 200 * FA_NS_MS);
    IN(.flags = F | A, .seq = 6, .ack = 4);
    OUT(.flags = A, .seq = 4, .ack = 7);
    fa_flow_close(lab.flow);
    lab.flow = NULL;
    OUT(.flags = F | A, .seq = 4, .ack = 7);
    IN(.flags = A, .seq = 7, .ack = 5);
    read_ring();
    lab_end();
}

T(every_label_leaves_a_record)
{
    static const enum fa_event_id want[] = {
        FA_EVENT_tcp_state,       /* SYN_RECEIVED */
        FA_EVENT_tcp_segment_out, /* SYN+ACK */
        FA_EVENT_tcp_segment_in,  /* ACK */
        FA_EVENT_tcp_state,       /* ESTABLISHED */
        FA_EVENT_tcp_call,        /* accept */
        FA_EVENT_tcp_segment_in,  /* data */
        FA_EVENT_tcp_call,        /* peek */
        FA_EVENT_tcp_call,        /* done */
        FA_EVENT_tcp_timer,       /* delayed ACK */
        FA_EVENT_tcp_segment_out, /* ACK */
        FA_EVENT_tcp_call,        /* reserve */
        FA_EVENT_tcp_call,        /* commit */
        FA_EVENT_tcp_segment_out, /* data */
        FA_EVENT_tcp_timer,       /* retransmission */
        FA_EVENT_tcp_segment_out, /* data again */
        FA_EVENT_tcp_segment_in,  /* FIN */
        FA_EVENT_tcp_state,       /* CLOSE_WAIT */
        FA_EVENT_tcp_segment_out, /* ACK */
        FA_EVENT_tcp_call,        /* close */
        FA_EVENT_tcp_state,       /* LAST_ACK */
        FA_EVENT_tcp_segment_out, /* FIN */
        FA_EVENT_tcp_segment_in,  /* ACK */
        FA_EVENT_tcp_state,       /* CLOSED */
    };
    live_once();
    size_t seen = 0;
    for (size_t i = 0; i < record_count; i++) {
        if (seen < FA_COUNT_OF(want) && records[i].event == want[seen]) {
            seen++;
        } else {
            t_fail(__FILE__, __LINE__, "record %u is a %s", (unsigned)i,
                fa_event_infos[records[i].event].name);
        }
    }
    CHECK_EQ(seen, FA_COUNT_OF(want));
}

T(records_have_the_words_that_the_schema_names)
{
    live_once();
    CHECK(record_count > 20);
    for (size_t i = 0; i < record_count; i++) {
        const struct fa_event_info *info = &fa_event_infos[records[i].event];
        CHECK_EQ(records[i].len, count_fields(info->fields) * 8);
        CHECK(records[i].actor != 0);
        CHECK(records[i].at_ns >= 1000 * FA_NS_S);
    }
}

T(a_sent_segment_is_recorded_as_it_is_on_the_wire)
{
    live_once();
    const uint64_t *syn_ack = words[1];
    CHECK_EQ(syn_ack[0], S | A);
    CHECK_EQ(syn_ack[1], lab.iss);
    CHECK_EQ(syn_ack[2], lab.peer_iss + 1);
    CHECK_EQ(syn_ack[3], 65535);
    CHECK_EQ(syn_ack[4], 0);
    const uint64_t *tcb = syn_ack + 5;
    CHECK_EQ(tcb[TCB_STATE], FA_TCP_SYN_RECEIVED);
    CHECK_EQ(tcb[TCB_SND_UNA], lab.iss);
    CHECK_EQ(tcb[TCB_SND_NXT], lab.iss + 1);
    CHECK_EQ(tcb[TCB_RCV_NXT], lab.peer_iss + 1);
}

T(options_and_recovery_leave_records)
{
    lab_init(NULL);
    lab_listen(NULL);
    fa_trace_attach(FA_TRACE_PROTO, ring, sizeof ring);
    IN(.flags = S, .mss = 1000, .sack_ok = true);
    OUT(.flags = S | A, .ack = 1);
    IN(.flags = A, .seq = 1, .ack = 1);
    CHECK_EQ(fa_listener_accept(&lab.end.listener.listener, &lab.flow), FA_OK);
    lab.conn = fa__tcp_conn_of(lab.flow);
    CHECK_EQ(lab_write(5000), 5000);
    lab_sleep(FA_NS_MS);
    IN(.flags = A, .seq = 1, .ack = 1, .sack_count = 1, .sacks = {{1001, 5001}});
    OUT(.flags = A, .seq = 1, .ack = 1, .len = 1000);
    read_ring();
    bool recovery = false;
    bool sack = false;
    for (size_t i = 0; i < record_count; i++) {
        if (records[i].event == FA_EVENT_tcp_recovery) {
            recovery = true;
            CHECK_EQ(words[i][0], FA__TCP_RECOVERY_ENTER);
            CHECK_EQ(words[i][1], 1000);
            CHECK_EQ(words[i][2], 4000);
        } else if (records[i].event == FA_EVENT_tcp_options) {
            sack = true;
            CHECK_EQ(words[i][0], 0);
            CHECK_EQ(words[i][4], 1);
            CHECK_EQ(words[i][5], lab.iss + 1001);
            CHECK_EQ(words[i][6], lab.iss + 5001);
            CHECK_EQ(records[i + 1].event, FA_EVENT_tcp_segment_in);
        }
    }
    CHECK(recovery && sack);
    lab_end();
}

T(states_have_their_names)
{
    CHECK_TEXT(fa_slice_of(fa_tcp_state_name(FA_TCP_SYN_SENT)), "SYN-SENT");
    CHECK_TEXT(fa_slice_of(fa_tcp_state_name(FA_TCP_TIME_WAIT)), "TIME-WAIT");
    CHECK_TEXT(fa_slice_of(fa_tcp_state_name(FA_TCP_STATE_COUNT)), "?");
    for (int state = 0; state < FA_TCP_STATE_COUNT; state++) {
        CHECK(fa_tcp_state_name((enum fa_tcp_state)state)[0] != '\0');
    }
}
