// SPDX-License-Identifier: ISC
//
// What an image says at its end: how much it did, and by name whatever did not go as usual.

#include "fa/boot.h"

/* Counters of ordinary work. Every other one that is not zero is worth a word. */
static const uint16_t ordinary[] = {
    FA_COUNTER_net_rx_frames,
    FA_COUNTER_net_tx_frames,
    FA_COUNTER_stream_opened,
    FA_COUNTER_stream_closed,
    FA_COUNTER_ip4_rx_packets,
    FA_COUNTER_ip4_rx_fragments,
    FA_COUNTER_ip6_rx_packets,
    FA_COUNTER_ip6_rx_fragments,
    FA_COUNTER_ip_tx_packets,
    FA_COUNTER_ip_tx_fragmented,
    FA_COUNTER_ip_tx_fragments,
    FA_COUNTER_reass_rx_fragments,
    FA_COUNTER_reass_done,
    FA_COUNTER_arp_rx_packets,
    FA_COUNTER_arp_rx_ignored,
    FA_COUNTER_arp_tx_requests,
    FA_COUNTER_arp_tx_replies,
    FA_COUNTER_arp_tx_probes,
    FA_COUNTER_arp_tx_announcements,
    FA_COUNTER_ndp_rx_messages,
    FA_COUNTER_ndp_rx_router_adverts,
    FA_COUNTER_ndp_tx_solicits,
    FA_COUNTER_ndp_tx_adverts,
    FA_COUNTER_ndp_tx_router_solicits,
    FA_COUNTER_mld_rx_queries,
    FA_COUNTER_mld_tx_messages,
    FA_COUNTER_igmp_rx_queries,
    FA_COUNTER_igmp_rx_ignored,
    FA_COUNTER_igmp_tx_messages,
    FA_COUNTER_icmp_rx_echoes,
    FA_COUNTER_icmp_tx_answers,
    FA_COUNTER_icmp_tx_echoes,
    FA_COUNTER_udp_rx_datagrams,
    FA_COUNTER_udp_tx_datagrams,
    FA_COUNTER_dns_requests,
    FA_COUNTER_dns_local,
    FA_COUNTER_dns_cache_hits,
    FA_COUNTER_dns_coalesced,
    FA_COUNTER_dns_tx_queries,
    FA_COUNTER_dns_rx_answers,
    FA_COUNTER_sntp_tx_requests,
    FA_COUNTER_sntp_rx_samples,
    FA_COUNTER_sntp_clock_set,
    FA_COUNTER_dhcp_rx_messages,
    FA_COUNTER_dhcp_tx_messages,
    FA_COUNTER_dhcp_bound,
    FA_COUNTER_dhcp_informed,
    FA_COUNTER_dhcp6_tx_messages,
    FA_COUNTER_dhcp6_informed,
    FA_COUNTER_tcp_rx_segments,
    FA_COUNTER_tcp_tx_segments,
    FA_COUNTER_tcp_conn_opened,
    FA_COUNTER_tcp_fast_rx,
    FA_COUNTER_tcp_fast_tx,
    FA_COUNTER_tcp_delayed_ack,
    FA_COUNTER_http_accepted,
    FA_COUNTER_http_requests,
    FA_COUNTER_http_sent_bytes,
    FA_COUNTER_http_idle_closed,
};

static bool is_ordinary(size_t counter)
{
    for (size_t i = 0; i < FA_COUNT_OF(ordinary); i++) {
        if (ordinary[i] == counter) {
            return true;
        }
    }
    return false;
}

static unsigned long long value_of(const struct fa_counters *counters, enum fa_counter_id id)
{
    return counters->cell[id];
}

void fa_boot_summary_text(
    const char *name, const struct fa_counters *counters, fa_ns up_ns, struct fa_text *text)
{
    fa_text_add(text, "%s: up for %llu.%03llu s; %llu frames in, %llu out; %llu connections", name,
        (unsigned long long)(up_ns / FA_NS_S), (unsigned long long)(up_ns % FA_NS_S / FA_NS_MS),
        value_of(counters, FA_COUNTER_net_rx_frames), value_of(counters, FA_COUNTER_net_tx_frames),
        value_of(counters, FA_COUNTER_tcp_conn_opened));
    fa_text_add(text, "; %llu requests\n", value_of(counters, FA_COUNTER_http_requests));
    bool any = false;
    for (size_t i = 0; i < FA_COUNTER_COUNT; i++) {
        if (counters->cell[i] == 0 || is_ordinary(i)) {
            continue;
        }
        if (!any) {
            fa_text_add(text, "%s: dropped or unusual", name);
        }
        fa_text_add(text, "%s%s %llu", any ? ", " : ": ", fa_counter_names[i],
            (unsigned long long)counters->cell[i]);
        any = true;
    }
    if (any) {
        fa_text_add(text, "\n");
    } else {
        fa_text_add(text, "%s: nothing was dropped\n", name);
    }
}
