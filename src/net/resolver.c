// SPDX-License-Identifier: ISC
//
// The DNS client on a stack.

#include "fa/resolver.h"

/* ---- slots ---- */

static bool has_socket(const struct fa_resolver_slot *slot)
{
    return fa_list_linked(&slot->socket.node);
}

static void close_slot(struct fa_resolver *resolver, struct fa_resolver_slot *slot)
{
    resolver->open_count -= has_socket(slot) || slot->flow != NULL;
    fa_udp_close(&slot->socket);
    if (slot->flow != NULL) {
        fa_flow_abort(slot->flow);
        slot->flow = NULL;
    }
}

/* The interface that a server with a link-local address was heard of at. */
static uint8_t iface_of(const struct fa_resolver *resolver, const struct fa_ip *server)
{
    const struct fa_names_list *dns = &resolver->config.stack->names.lists[FA_NAMES_DNS];
    for (uint32_t i = 0; i < dns->count; i++) {
        if (fa_ip_equal(&dns->at[i].ip, server)) {
            return dns->at[i].iface;
        }
    }
    return 0;
}

/* A fresh port, chosen at random by the stack, that hears the server alone. */
static fa_err open_udp(
    struct fa_resolver *resolver, struct fa_resolver_slot *slot, const struct fa_dns_send *send)
{
    struct fa_stack *stack = resolver->config.stack;
    struct fa_udp_socket_config config = {
        .iface = iface_of(resolver, &send->server.ip), .pool = stack->config.pool};
    FA_TRY(fa_udp_bind(&stack->udp, &slot->socket, &config));
    resolver->open_count++;
    FA_TRY(fa_udp_connect(&slot->socket, &send->server));
    return fa_udp_send(&slot->socket, (struct fa_slice){send->bytes, send->len}, NULL, NULL);
}

static fa_err open_tcp(
    struct fa_resolver *resolver, struct fa_resolver_slot *slot, const struct fa_dns_send *send)
{
    fa_be16_store(slot->query, (uint16_t)send->len);
    fa_copy(slot->query + 2, send->bytes, send->len);
    slot->query_len = (uint32_t)send->len + 2;
    slot->query_sent = 0;
    slot->answer_len = 0;
    struct fa_flow *flow;
    struct fa_tcp_connect_config config = {
        .remote = send->server, .iface = iface_of(resolver, &send->server.ip)};
    FA_TRY(fa_stack_connect_from(resolver->config.stack, &config, &flow));
    resolver->open_count++;
    slot->flow = flow;
    return FA_OK;
}

/* Begin what the DNS client wants to send. */
static void open_slot(struct fa_resolver *resolver, fa_ns now, const struct fa_dns_send *send)
{
    struct fa_resolver_slot *slot = &resolver->config.slots[send->slot];
    close_slot(resolver, slot);
    fa_err err = send->tcp ? open_tcp(resolver, slot, send) : open_udp(resolver, slot, send);
    if (err != FA_OK) {
        close_slot(resolver, slot);
        fa_dns_failed(&resolver->dns, now, send->slot);
    }
}

/* ---- answers ---- */

static bool poll_udp(struct fa_resolver *resolver, fa_ns now, uint32_t idx)
{
    struct fa_resolver_slot *slot = &resolver->config.slots[idx];
    struct fa_udp_from from;
    struct fa_buf *buf;
    fa_err err;
    bool did = false;
    while ((err = fa_udp_recv(&slot->socket, &buf, &from)) == FA_OK) {
        fa_dns_input(&resolver->dns, now, idx, false, &from.remote, fa_buf_slice(buf));
        fa_buf_drop(buf);
        did = true;
    }
    if (err != FA_AGAIN) {
        fa_dns_failed(&resolver->dns, now, idx);
        did = true;
    }
    return did;
}

/* Write what is left of the query. Returns: FA_OK; FA_AGAIN; why the connection broke. */
static fa_err write_query(struct fa_resolver_slot *slot)
{
    while (slot->query_sent < slot->query_len) {
        uint8_t *at;
        size_t cap;
        FA_TRY(fa_flow_reserve(slot->flow, &at, &cap));
        size_t len = fa_min(cap, slot->query_len - slot->query_sent);
        fa_copy(at, slot->query + slot->query_sent, len);
        fa_flow_commit(slot->flow, len);
        slot->query_sent += (uint32_t)len;
    }
    return FA_OK;
}

/* Bytes that are wanted of an answer, as far as is known. */
static uint32_t wanted(const struct fa_resolver_slot *slot)
{
    return slot->answer_len < 2 ? 2 : 2u + fa_be16_load(slot->answer);
}

/* Read up to the end of the answer. Returns: FA_OK, it is whole; FA_AGAIN; FA_ENOSPC: too long; why
 * the connection broke. */
static fa_err read_answer(struct fa_resolver_slot *slot)
{
    while (slot->answer_len < wanted(slot)) {
        struct fa_slice seen;
        FA_TRY(fa_flow_peek(slot->flow, &seen));
        size_t len = fa_min(seen.len, wanted(slot) - slot->answer_len);
        fa_copy(slot->answer + slot->answer_len, seen.at, len);
        fa_flow_done(slot->flow, len);
        slot->answer_len += (uint32_t)len;
        if (wanted(slot) > sizeof slot->answer) {
            return FA_ENOSPC;
        }
    }
    return FA_OK;
}

static bool poll_tcp(
    struct fa_resolver *resolver, fa_ns now, uint32_t idx, const struct fa_endpoint *server)
{
    struct fa_resolver_slot *slot = &resolver->config.slots[idx];
    uint32_t before = slot->query_sent + slot->answer_len;
    fa_err err = write_query(slot);
    if (err == FA_OK) {
        err = read_answer(slot);
    }
    if (err == FA_AGAIN) {
        return slot->query_sent + slot->answer_len != before;
    }
    if (err != FA_OK) {
        FA_COUNT_ADD(resolver->dns.config.counters, dns_rx_too_long, err == FA_ENOSPC);
        fa_dns_failed(&resolver->dns, now, idx);
        return true;
    }
    struct fa_slice answer = {slot->answer + 2, slot->answer_len - 2};
    fa_flow_close(slot->flow);
    slot->flow = NULL;
    resolver->open_count--;
    fa_dns_input(&resolver->dns, now, idx, true, server, answer);
    if (fa_dns_slot_waits(&resolver->dns, idx)) {
        fa_dns_failed(&resolver->dns, now, idx); // it was no answer, and no other will come
    }
    return true;
}

static bool poll_slot(struct fa_resolver *resolver, fa_ns now, uint32_t idx)
{
    struct fa_resolver_slot *slot = &resolver->config.slots[idx];
    const struct fa_dns_query *query = &resolver->config.dns.queries[idx];
    bool did = false;
    if (has_socket(slot)) {
        did = poll_udp(resolver, now, idx);
    } else if (slot->flow != NULL) {
        did = poll_tcp(resolver, now, idx, &resolver->dns.servers[query->server].endpoint);
    }
    if (!fa_dns_slot_waits(&resolver->dns, idx)) {
        close_slot(resolver, slot);
    }
    return did;
}

/* ---- servers ---- */

/* Take over what the stack's network says, where the config names no servers. */
static void follow_names(struct fa_resolver *resolver, fa_ns now)
{
    const struct fa_names *names = &resolver->config.stack->names;
    const struct fa_names_list *dns = &names->lists[FA_NAMES_DNS];
    const struct fa_names_list *domains = &names->lists[FA_NAMES_DOMAIN];
    struct fa_endpoint servers[FA_NAMES_COUNT_MAX];
    struct fa_dns_name search[FA_NAMES_COUNT_MAX];
    size_t search_count = 0;
    if (resolver->names_change_count == names->change_count) {
        return;
    }
    resolver->names_change_count = names->change_count;
    for (uint32_t i = 0; i < dns->count; i++) {
        servers[i] = (struct fa_endpoint){dns->at[i].ip, FA_DNS_PORT};
    }
    for (uint32_t i = 0; i < domains->count; i++) {
        struct fa_slice text = fa_slice_of(domains->at[i].text);
        search_count += fa_dns_name_parse(text, &search[search_count]) == FA_OK;
    }
    if (resolver->config.dns.search[0] == NULL) {
        fa_dns_search_set(&resolver->dns, search, search_count);
    }
    if (resolver->config.servers[0].port == 0) {
        fa_dns_servers_set(&resolver->dns, now, servers, dns->count);
    }
}

/* ---- the poller ---- */

bool fa_resolver_poll(struct fa_resolver *resolver, fa_ns now)
{
    struct fa_dns_send send;
    bool did = false;
    resolver->now = now;
    follow_names(resolver, now);
    if (resolver->dns.busy_count == 0 && resolver->open_count == 0) {
        return false;
    }
    for (uint32_t i = 0; i < resolver->config.dns.query_count_max; i++) {
        did = poll_slot(resolver, now, i) || did;
    }
    if (now >= fa_dns_deadline(&resolver->dns)) {
        fa_dns_tick(&resolver->dns, now);
    }
    while (fa_dns_output(&resolver->dns, now, &send)) {
        open_slot(resolver, now, &send);
        did = true;
    }
    return did;
}

fa_ns fa_resolver_deadline(const struct fa_resolver *resolver)
{
    if (resolver->names_change_count != resolver->config.stack->names.change_count) {
        return 0;
    }
    return fa_dns_deadline(&resolver->dns);
}

static bool poll_resolver(struct fa_poller *poller, fa_ns now)
{
    return fa_resolver_poll(FA_CONTAINER(poller, struct fa_resolver, poller), now);
}

static fa_ns poll_deadline(const struct fa_poller *poller)
{
    return fa_resolver_deadline(FA_CONTAINER(poller, const struct fa_resolver, poller));
}

static const struct fa_poller_ops poller_ops = {.poll = poll_resolver, .deadline = poll_deadline};

void fa_resolver_init(
    struct fa_resolver *resolver, const struct fa_resolver_config *config, fa_ns now)
{
    size_t server_count = 0;
    FA_ASSERT(config->stack != NULL && config->slots != NULL);
    resolver->poller = (struct fa_poller){.ops = &poller_ops};
    resolver->config = *config;
    resolver->config.dns.counters = config->stack->counters;
    resolver->config.dns.rand = &config->stack->rand;
    resolver->loop = NULL;
    resolver->now = now;
    resolver->open_count = 0;
    resolver->names_change_count = config->stack->names.change_count - 1;
    fa_dns_init(&resolver->dns, &resolver->config.dns);
    for (uint32_t i = 0; i < config->dns.query_count_max; i++) {
        config->slots[i].socket = (struct fa_udp_socket){0};
        config->slots[i].flow = NULL;
    }
    while (server_count < FA_DNS_SERVER_COUNT_MAX && config->servers[server_count].port != 0) {
        server_count++;
    }
    fa_dns_servers_set(&resolver->dns, now, config->servers, server_count);
    follow_names(resolver, now);
}

void fa_resolver_start(struct fa_resolver *resolver, struct fa_loop *loop)
{
    FA_ASSERT(resolver->loop == NULL);
    resolver->loop = loop;
    fa_loop_add(loop, &resolver->poller);
}

void fa_resolver_stop(struct fa_resolver *resolver)
{
    for (uint32_t i = 0; i < resolver->config.dns.query_count_max; i++) {
        close_slot(resolver, &resolver->config.slots[i]);
    }
    if (resolver->loop != NULL) {
        fa_loop_remove(resolver->loop, &resolver->poller);
        resolver->loop = NULL;
    }
}

/* ---- waiting ---- */

fa_err fa_resolver_ask_wait(struct fa_resolver *resolver, struct fa_slice name, uint16_t type,
    fa_ns deadline, struct fa_dns_answer *ret_answer)
{
    struct fa_dns_request request; // not zeroed: the answer in it is large
    fa_err err = FA_OK;
    request.watch = NULL;
    FA_TRY(fa_dns_ask(&resolver->dns, fa_resolver_now(resolver), &request, name, type));
    while (err == FA_OK && fa_dns_result(&request) == FA_AGAIN) {
        err = fa_watch_wait(&request.watch, deadline);
    }
    if (err != FA_OK) {
        fa_dns_forget(&request, fa_resolver_now(resolver));
        return err;
    }
    FA_TRY(fa_dns_result(&request));
    *ret_answer = request.answer;
    return FA_OK;
}

fa_err fa_resolver_name_wait(struct fa_resolver *resolver, const struct fa_ip *ip, fa_ns deadline,
    struct fa_dns_answer *ret_answer)
{
    char text[FA_DNS_NAME_TEXT_MAX];
    struct fa_dns_name name;
    fa_dns_name_of_ip(ip, &name);
    size_t len = fa_dns_name_text(&name, text, sizeof text);
    text[len++] = '.'; // as it is, in no search domain
    struct fa_slice slice = {(const uint8_t *)text, len};
    return fa_resolver_ask_wait(resolver, slice, FA_DNS_PTR, deadline, ret_answer);
}
