// SPDX-License-Identifier: ISC
//
// test/sim/boxes.c: see boxes.h.

#include "test/sim/boxes.h"

#include "fa/fmt.h"
#include "fa/sim.h"
#include "fa/wire/ip6.h"

enum kind {
    STRIP_BLANK,
    STRIP_REMOVE,
    STRIP_MANGLE,
    NO_SACK_BACK, /* SACK is agreed on, but blocks do not come through */
    CLAMP,
    THIN_ACKS,
    TWO_PATHS,
    SMALL_MTU,  /* with ICMP */
    BLACK_HOLE, /* without */
    ECN_BLEACH,
    ECN_MARK,
    ECN_DENY,
    SHIFT_SEQ,
    SHIFT_SEQ_NOT_SACK,
    NAT_REBIND,
    NAT_REBIND_RESET,
    IDLE_FORGET,
    IDLE_FORGET_RESET,
    KIND_COUNT,
};

_Static_assert((int)KIND_COUNT == (int)BOXES_KIND_COUNT, "boxes.h says how many");

static const char *const kind_names[KIND_COUNT] = {"strip-blank", "strip-remove", "strip-mangle",
    "sack-lost", "mss-clamp", "ack-thinning", "two-paths", "small-mtu", "black-hole", "ecn-bleach",
    "ecn-mark", "ecn-deny", "seq-shift", "seq-shift-not-sack", "nat-rebind", "nat-rebind-reset",
    "idle-forget", "idle-forget-reset"};

static const uint32_t breaking =
    1u << NAT_REBIND | 1u << NAT_REBIND_RESET | 1u << IDLE_FORGET | 1u << IDLE_FORGET_RESET;

const uint32_t boxes_black_hole = 1u << BLACK_HOLE;

/* With these another box's ICMP errors quote what the sender does not know: a black hole. */
static const uint32_t translating =
    1u << SHIFT_SEQ | 1u << SHIFT_SEQ_NOT_SACK | 1u << NAT_REBIND | 1u << NAT_REBIND_RESET;

static uint64_t between(struct fa_rand *rand, uint64_t low, uint64_t high)
{
    return low + fa_rand_below(rand, high - low + 1);
}

/* Some of the options that are agreed on in SYNs; what is agreed on is left alone afterwards. */
static uint32_t choose_options(struct fa_rand *rand)
{
    static const uint32_t options[] = {
        MIDDLEBOX_SCALE, MIDDLEBOX_SACK_OK, MIDDLEBOX_TS, MIDDLEBOX_UNKNOWN, MIDDLEBOX_MSS};
    uint32_t chosen = options[fa_rand_below(rand, FA_COUNT_OF(options))];
    for (size_t i = 0; i < FA_COUNT_OF(options); i++) {
        chosen |= fa_rand_below(rand, 2) != 0 ? options[i] : 0;
    }
    return chosen;
}

static void add_strip(struct fa_rand *rand, enum middlebox_strip how, struct middlebox_config *box)
{
    box->strip |= choose_options(rand);
    box->how = how;
}

static void add_memory(enum kind kind, struct fa_rand *rand, struct middlebox_config *box)
{
    box->nat = kind == NAT_REBIND || kind == NAT_REBIND_RESET;
    box->reset = kind == NAT_REBIND_RESET || kind == IDLE_FORGET_RESET;
    if (!box->nat) {
        box->idle_ns = between(rand, 5, 40) * FA_NS_S;
    }
}

static void add_kind(struct fa_rand *rand, enum kind kind, struct middlebox_config *box)
{
    switch (kind) {
    case STRIP_BLANK:
        add_strip(rand, MIDDLEBOX_BLANK, box);
        break;
    case STRIP_REMOVE:
        add_strip(rand, MIDDLEBOX_REMOVE, box);
        break;
    case STRIP_MANGLE:
        add_strip(rand, MIDDLEBOX_MANGLE, box);
        break;
    case NO_SACK_BACK:
        box->strip |= MIDDLEBOX_SACK;
        break;
    case CLAMP:
        box->mss_max = (uint16_t)between(rand, 200, 1400);
        break;
    case THIN_ACKS:
        box->ack_hold_ns = between(rand, 100 * FA_NS_US, 10 * FA_NS_MS);
        break;
    case TWO_PATHS:
        box->path_ns[0] = between(rand, 0, 5 * FA_NS_MS);
        box->path_ns[1] = box->path_ns[0] + between(rand, 100 * FA_NS_US, 30 * FA_NS_MS);
        break;
    case SMALL_MTU:
    case BLACK_HOLE:
        box->mtu_bytes = (uint16_t)between(rand, 600, 1400);
        box->mtu_icmp = kind == SMALL_MTU;
        break;
    case ECN_BLEACH:
    case ECN_MARK:
    case ECN_DENY:
        box->ecn = (enum middlebox_ecn)(MIDDLEBOX_ECN_BLEACH + (int)(kind - ECN_BLEACH));
        break;
    case SHIFT_SEQ:
    case SHIFT_SEQ_NOT_SACK:
        box->shift_seq = true;
        box->shift_sack = kind == SHIFT_SEQ;
        break;
    case NAT_REBIND:
    case NAT_REBIND_RESET:
    case IDLE_FORGET:
    case IDLE_FORGET_RESET:
        add_memory(kind, rand, box);
        break;
    case KIND_COUNT:
        break;
    }
}

static struct boxes *boxes_of(const struct fa_poller *poller)
{
    return FA_CONTAINER((struct fa_poller *)(uintptr_t)poller, struct boxes, poller);
}

/* Every box forgets its connections now and then; after that it is calm, and none does any more. */
static bool poll_boxes(struct fa_poller *poller, fa_ns now)
{
    struct boxes *boxes = boxes_of(poller);
    if (now < boxes->forget_ns) {
        return false;
    }
    bool calm = now >= boxes->calm_from_ns;
    boxes->forget_ns = calm ? FA_NS_NEVER : now + between(&boxes->rand, 3, 30) * FA_NS_S;
    for (size_t i = 0; i < boxes->world->station_count; i++) {
        struct middlebox *box = &boxes->world->stations[i].box;
        struct middlebox_config config = box->config;
        if (calm) { /* with the translations there are, but no more idle limits */
            config.idle_ns = config.nat || config.idle_ns == 0 ? config.idle_ns : FA_NS_NEVER;
            middlebox_set(box, &config);
        } else if (config.nat) {
            middlebox_forget(box);
        }
    }
    return true;
}

static fa_ns boxes_deadline(const struct fa_poller *poller)
{
    return boxes_of(poller)->forget_ns;
}

uint32_t boxes_choose(void)
{
    struct fa_rand rand;
    fa_sim_rand_init(&rand, "boxes kinds");
    uint64_t count = between(&rand, 1, BOXES_CHOSEN_MAX);
    uint32_t kinds = 0;
    while ((uint64_t)__builtin_popcount(kinds) < count) {
        kinds |= 1u << fa_rand_below(&rand, KIND_COUNT);
    }
    return (kinds & translating) != 0 ? kinds & ~(1u << SMALL_MTU) : kinds;
}

void boxes_begin(struct boxes *boxes, struct world *world, uint32_t kinds, fa_ns calm_from_ns)
{
    static const struct fa_poller_ops ops = {poll_boxes, boxes_deadline};
    *boxes = (struct boxes){.poller.ops = &ops,
        .world = world,
        .kinds = kinds,
        .forget_ns = FA_NS_NEVER,
        .calm_from_ns = calm_from_ns};
    fa_sim_rand_init(&boxes->rand, "boxes");
    size_t first = fa_rand_below(&boxes->rand, world->station_count);
    for (size_t i = 0; i < world->station_count; i++) {
        struct middlebox_config config = {};
        if (i == first || fa_rand_below(&boxes->rand, 2) == 0) {
            for (int kind = 0; kind < KIND_COUNT; kind++) {
                if ((boxes->kinds & 1u << kind) != 0) {
                    add_kind(&boxes->rand, (enum kind)kind, &config);
                    if (config.mtu_bytes != 0 && world->six) {
                        /* No way of IPv6 takes less (RFC 8200 5). */
                        config.mtu_bytes = (uint16_t)fa_max(config.mtu_bytes, FA_IP6_MTU_MIN);
                    }
                }
            }
        }
        middlebox_set(&world->stations[i].box, &config);
    }
    struct fa_text text;
    fa_text_init(&text, boxes->text, sizeof boxes->text);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if ((boxes->kinds & 1u << kind) != 0) {
            fa_text_add(&text, "+%s", kind_names[kind]);
        }
    }
    if ((boxes->kinds & breaking) != 0) {
        boxes->may_break = true;
        boxes->forget_ns = fa_sim_now() + FA_NS_S;
        fa_loop_add(&world->loop, &boxes->poller);
    }
}
