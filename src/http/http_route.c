// SPDX-License-Identifier: ISC
//
// src/http/http_route.c: which handler answers a request.

#include "src/http/http_priv.h"

static unsigned find_methods(const struct fa_http_route *route)
{
    unsigned methods = route->methods == 0 ? FA_HTTP_ALLOW(GET) : route->methods;
    return (methods & FA_HTTP_ALLOW(GET)) != 0 ? methods | FA_HTTP_ALLOW(HEAD) : methods;
}

/* `host` without its port and the dot of the root. */
static struct fa_slice host_name(struct fa_slice host)
{
    size_t end = host.len;
    while (end != 0 && host.at[end - 1] >= '0' && host.at[end - 1] <= '9') {
        end--;
    }
    if (end != 0 && host.at[end - 1] == ':') {
        host.len = end - 1;
    }
    if (host.len != 0 && host.at[host.len - 1] == '.') {
        host.len--;
    }
    return host;
}

static bool match_host(const char *pattern, struct fa_slice host)
{
    if (pattern == NULL) {
        return true;
    }
    struct fa_slice wanted = fa_slice_of(pattern);
    host = host_name(host);
    if (wanted.len > 2 && wanted.at[0] == '*') {
        wanted = fa_slice_from(wanted, 1);
        host = fa_slice_from(host, host.len > wanted.len ? host.len - wanted.len : host.len);
    }
    return fa_http_name_equal(wanted, host);
}

/* The first segment of `text`, with the '/' behind it, if there is one. */
static struct fa_slice first_segment(struct fa_slice text)
{
    return (struct fa_slice){text.at, fa_min(fa__http_find(text, '/') + 1, text.len)};
}

/* Whether the segment `part` is one that `pattern` stands for; both with their '/'. A parameter is
 * never empty. */
static bool match_segment(struct fa_slice pattern, struct fa_slice part)
{
    if (pattern.len == 0 || pattern.at[0] != ':') {
        return fa_slice_equal(pattern, part);
    }
    bool open = pattern.at[pattern.len - 1] == '/';
    bool slash = part.len != 0 && part.at[part.len - 1] == '/';
    return part.len > (slash ? 1 : 0) && open == slash;
}

/* Whether `route` is for `path`, and what is left of it then. "*" is for all of the server. */
static bool match_path(
    const struct fa_http_route *route, struct fa_slice path, struct fa_slice *ret_tail)
{
    struct fa_slice pattern = fa_slice_of(route->path);
    FA_ASSERT(pattern.len != 0);
    if (path.at[0] == '*') {
        *ret_tail = (struct fa_slice){path.at, 0};
        return true;
    }
    bool below = pattern.at[pattern.len - 1] == '/';
    while (pattern.len != 0) {
        struct fa_slice want = first_segment(pattern);
        struct fa_slice part = first_segment(path);
        if (!match_segment(want, part)) {
            return false;
        }
        pattern = fa_slice_from(pattern, want.len);
        path = fa_slice_from(path, part.len);
    }
    *ret_tail = path;
    return below || path.len == 0;
}

struct fa_slice fa_http_param(const struct fa_http_exchange *x, const char *name)
{
    struct fa_slice pattern = x->route == NULL ? FA_LIT("") : fa_slice_of(x->route->path);
    struct fa_slice path = x->request.path;
    while (pattern.len != 0) {
        struct fa_slice want = first_segment(pattern);
        struct fa_slice part = first_segment(path);
        pattern = fa_slice_from(pattern, want.len);
        path = fa_slice_from(path, part.len);
        if (want.at[0] != ':') {
            continue;
        }
        if (want.at[want.len - 1] == '/') {
            want.len--;
            part.len--;
        }
        if (fa_slice_equal(fa_slice_from(want, 1), fa_slice_of(name))) {
            return part;
        }
    }
    return (struct fa_slice){NULL, 0};
}

void fa_http_to_https(struct fa_http_exchange *x, void *ctx)
{
    const uint16_t *port = ctx;
    struct fa_slice host = host_name(x->request.host);
    if (host.len == 0) {
        fa_http_respond(x, 400);
        return;
    }
    char path[FA_HTTP_RESPONSE_HEAD_MAX / 2];
    size_t len = fa_http_path_encode(x->request.path, path, sizeof path);
    struct fa_slice query = x->request.query;
    if (len == 0 || host.len + len + query.len > sizeof path) {
        fa_http_respond(x, 414);
        return;
    }
    char suffix[8] = "";
    if (port != NULL && *port != 443) {
        (void)fa_fmt(suffix, sizeof suffix, ":%u", *port);
    }
    fa_http_redirect(x, 308, "https://%.*s%s%.*s%s%.*s", (int)host.len, (const char *)host.at,
        suffix, (int)len, path, query.at == NULL ? "" : "?", (int)query.len,
        query.at == NULL ? "" : (const char *)query.at);
}

static void allow_methods(struct fa_http_exchange *x, unsigned methods)
{
    static const char names[][9] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    char memory[64];
    struct fa_text list;
    fa_text_init(&list, memory, sizeof memory);
    for (unsigned i = 0; i < FA_COUNT_OF(names); i++) {
        if ((methods >> i & 1) != 0) {
            fa_text_add(&list, "%s%s", list.len == 0 ? "" : ", ", names[i]);
        }
    }
    fa_http_header(x, "Allow", "%.*s", (int)list.len, list.at);
}

void fa__http_route(struct fa_http_exchange *x)
{
    const struct fa_http_server_config *config = &x->server->config;
    enum fa_http_method method = x->request.method;
    unsigned methods = 0;
    if (method == FA_HTTP_METHOD_OTHER) {
        FA_COUNT(config->counters, http_unknown_method);
        fa_http_respond(x, 501);
        return;
    }
    for (uint32_t i = 0; i < config->route_count; i++) {
        const struct fa_http_route *route = &config->routes[i];
        struct fa_slice tail;
        if (!match_host(route->host, x->request.host) ||
            !match_path(route, x->request.path, &tail)) {
            continue;
        }
        methods |= find_methods(route);
        if ((find_methods(route) >> method & 1) != 0 && x->request.path.at[0] != '*') {
            x->tail = tail;
            x->route = route;
            route->fn(x, route->ctx);
            return;
        }
    }
    if (methods == 0) {
        fa_http_respond(x, 404);
        return;
    }
    fa_http_respond(x, method == FA_HTTP_OPTIONS ? 204 : 405);
    allow_methods(x, methods | FA_HTTP_ALLOW(OPTIONS));
}
