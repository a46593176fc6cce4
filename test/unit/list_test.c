// SPDX-License-Identifier: ISC
#include "fa/list.h"
#include "test/t.h"

struct item {
    char name;
    struct fa_list node;
};

/* The names of a list's items, forward; and a check that backward is the same. */
static const char *names_of(const struct fa_list *head)
{
    static char names[16];
    size_t count = 0;
    FA_LIST_EACH(node, head) {
        names[count++] = FA_CONTAINER(node, struct item, node)->name;
    }
    names[count] = '\0';
    size_t left = count;
    for (const struct fa_list *node = head->prev; node != head; node = node->prev) {
        CHECK(left > 0 && names[--left] == FA_CONTAINER(node, struct item, node)->name);
    }
    CHECK_EQ(left, 0);
    return names;
}

T(zeroed_and_initialised_nodes_are_in_no_list)
{
    struct fa_list zeroed = {0};
    struct fa_list fresh;
    fa_list_init(&fresh);
    CHECK(!fa_list_linked(&zeroed));
    CHECK(!fa_list_linked(&fresh));
    fa_list_unlink(&zeroed);
    fa_list_unlink(&fresh);
    CHECK(!fa_list_linked(&zeroed));
    CHECK(!fa_list_linked(&fresh));
}

T(order_is_kept_from_either_end)
{
    struct item a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'}, d = {.name = 'd'};
    struct fa_list head;
    fa_list_init(&head);
    CHECK(fa_list_empty(&head));
    CHECK(fa_list_first(&head) == NULL);
    CHECK(fa_list_pop_front(&head) == NULL);
    fa_list_push_back(&head, &b.node);
    fa_list_push_back(&head, &d.node);
    fa_list_push_front(&head, &a.node);
    fa_list_insert_after(&b.node, &c.node);
    CHECK_TEXT(fa_slice_of(names_of(&head)), "abcd");
    CHECK(fa_list_first(&head) == &a.node);
    fa_list_unlink(&c.node);
    CHECK(!fa_list_linked(&c.node));
    CHECK_TEXT(fa_slice_of(names_of(&head)), "abd");
    CHECK(fa_list_pop_front(&head) == &a.node);
    CHECK_TEXT(fa_slice_of(names_of(&head)), "bd");
    fa_list_push_back(&head, &a.node);
    CHECK_TEXT(fa_slice_of(names_of(&head)), "bda");
}

T(the_body_of_each_safe_may_unlink)
{
    struct item items[5] = {
        {.name = 'a'}, {.name = 'b'}, {.name = 'c'}, {.name = 'd'}, {.name = 'e'}};
    struct fa_list head;
    fa_list_init(&head);
    for (size_t idx = 0; idx < FA_COUNT_OF(items); idx++) {
        fa_list_push_back(&head, &items[idx].node);
    }
    FA_LIST_EACH_SAFE(node, &head) {
        if (FA_CONTAINER(node, struct item, node)->name % 2 == 1) {
            fa_list_unlink(node);
        }
    }
    CHECK_TEXT(fa_slice_of(names_of(&head)), "bd");
}

struct two_lists {
    struct fa_list first;
    struct fa_list second;
    struct fa_list node;
};

static void push_into_second(void *ctx)
{
    struct two_lists *lists = ctx;
    fa_list_push_back(&lists->second, &lists->node);
}

T(a_node_in_one_list_cannot_join_another)
{
    struct two_lists lists = {0};
    fa_list_init(&lists.first);
    fa_list_init(&lists.second);
    fa_list_push_back(&lists.first, &lists.node);
    CHECK(t_traps(push_into_second, &lists));
    fa_list_unlink(&lists.node);
    CHECK(!t_traps(push_into_second, &lists));
    CHECK(fa_list_empty(&lists.first));
}
