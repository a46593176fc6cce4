// SPDX-License-Identifier: ISC
//
// fa/list.h: doubly linked intrusive list.
//
// The node lives in the struct that is listed, so linking never allocates and unlinking is O(1)
// without the head. A node is in at most one list. Lists and linked nodes are pinned. No ordering,
// no count. Tested by test/unit/list_test.c.
//
//     struct job { int work; struct fa_list node; };
//     fa_list_push_back(&jobs, &job->node);
//     FA_LIST_EACH(node, &jobs) { run(FA_CONTAINER(node, struct job, node)); }

#ifndef FA_LIST_H
#define FA_LIST_H

#include "fa/base.h"

/* A head, or a node: the same two links. A node out of any list points at itself, or is zeroed. */
struct fa_list {
    struct fa_list *prev;
    struct fa_list *next;
};

#define FA_LIST_EACH(node, head)                                                                   \
    for (struct fa_list *node = (head)->next; node != (head); node = node->next)

/* As FA_LIST_EACH, but the body may unlink `node`. */
#define FA_LIST_EACH_SAFE(node, head)                                                              \
    for (struct fa_list *node = (head)->next, *node##_next = node->next; node != (head);           \
         node = node##_next, node##_next = node->next)

/* Make an empty head, or a node in no list. */
static inline void fa_list_init(struct fa_list *list)
{
    list->prev = list;
    list->next = list;
}

static inline bool fa_list_empty(const struct fa_list *head)
{
    return head->next == head;
}

/* Whether `node` is in a list. A zeroed node is not. */
static inline bool fa_list_linked(const struct fa_list *node)
{
    return node->next != NULL && node->next != node;
}

/* Put `node`, which is in no list, right after `place`. */
static inline void fa_list_insert_after(struct fa_list *place, struct fa_list *node)
{
    FA_ASSERT(!fa_list_linked(node));
    node->prev = place;
    node->next = place->next;
    place->next->prev = node;
    place->next = node;
}

static inline void fa_list_push_front(struct fa_list *head, struct fa_list *node)
{
    fa_list_insert_after(head, node);
}

static inline void fa_list_push_back(struct fa_list *head, struct fa_list *node)
{
    fa_list_insert_after(head->prev, node);
}

/* Take `node` out of its list; nothing happens if it is in none. */
static inline void fa_list_unlink(struct fa_list *node)
{
    if (fa_list_linked(node)) {
        node->prev->next = node->next;
        node->next->prev = node->prev;
    }
    fa_list_init(node);
}

/* First node, still linked; NULL if the list is empty. */
static inline struct fa_list *fa_list_first(const struct fa_list *head)
{
    return fa_list_empty(head) ? NULL : head->next;
}

/* Unlink and return the first node; NULL if the list is empty. */
static inline struct fa_list *fa_list_pop_front(struct fa_list *head)
{
    struct fa_list *node = fa_list_first(head);
    if (node != NULL) {
        fa_list_unlink(node);
    }
    return node;
}

#endif
