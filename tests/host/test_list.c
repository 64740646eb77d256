/*
 * <common/list.h>: each operation, and random sequences of them against an array.
 */
#include <common/list.h>

#include "check.h"

struct item {
    int id;
    struct list_node node;
};

#define ITEMS 32

static struct item items[ITEMS];

static void items_init(void)
{
    for (int i = 0; i < ITEMS; i++) {
        items[i].id = i;
        list_node_init(&items[i].node);
    }
}

/* Both directions of the circle hold exactly these ids. */
static void check_holds(const struct list *list, const int *ids, int n)
{
    const struct list_node *node = &list->head;

    for (int i = 0; i < n; i++) {
        CHECK(node->next->prev == node);
        node = node->next;
        CHECK(node != &list->head);
        CHECK_EQUAL(list_entry(node, struct item, node)->id, ids[i]);
        CHECK(list_linked(node));
    }
    CHECK(node->next == &list->head && list->head.prev == node);
    CHECK_EQUAL(list_empty(list), n == 0);
}

CASE(a_node_knows_whether_it_is_on_a_list)
{
    struct list list;
    struct item zeroed = { 0 };

    items_init();
    list_init(&list);
    CHECK(!list_linked(&zeroed.node));
    CHECK(!list_linked(&items[0].node));
    list_push_back(&list, &items[0].node);
    CHECK(list_linked(&items[0].node));
    list_remove(&items[0].node);
    CHECK(!list_linked(&items[0].node));
    list_remove(&items[0].node); /* harmless on an initialised node */
    CHECK(list_empty(&list));
}

CASE(an_empty_list_has_no_first_node)
{
    struct list list;
    struct list_node *node;

    list_init(&list);
    CHECK(list_empty(&list));
    CHECK(list_first(&list) == NULL);
    CHECK(list_pop_front(&list) == NULL);
    list_for_each(node, &list)
        CHECK(!"a node in an empty list");
}

CASE(for_each_safe_lets_the_body_free_the_node)
{
    struct list list;
    struct list_node *node, *next;
    int seen = 0;

    list_init(&list);
    for (int i = 0; i < 10; i++) {
        struct item *item = malloc(sizeof(*item));

        item->id = i;
        list_push_back(&list, &item->node);
    }
    list_for_each_safe(node, next, &list) {
        CHECK_EQUAL(list_entry(node, struct item, node)->id, seen++);
        list_remove(node);
        free(list_entry(node, struct item, node));
    }
    CHECK_EQUAL(seen, 10);
    CHECK(list_empty(&list));
}

CASE(splicing_keeps_the_order_and_empties_the_source)
{
    for (int left = 0; left < 3; left++) {
        for (int right = 0; right < 3; right++) {
            struct list a, b;
            int ids[ITEMS];

            items_init();
            list_init(&a);
            list_init(&b);
            for (int i = 0; i < left + right; i++) {
                list_push_back(i < left ? &a : &b, &items[i].node);
                ids[i] = i;
            }
            list_splice_back(&a, &b);
            check_holds(&a, ids, left + right);
            check_holds(&b, ids, 0);
        }
    }
}

/* Where `id` is among the ids; -1: nowhere. */
static int position(const int *ids, int n, int id)
{
    for (int i = 0; i < n; i++)
        if (ids[i] == id)
            return i;
    return -1;
}

static void insert(int *ids, int *n, int at, int id)
{
    memmove(ids + at + 1, ids + at, (size_t)(*n - at) * sizeof(*ids));
    ids[at] = id;
    ++*n;
}

static void cut(int *ids, int *n, int at)
{
    --*n;
    memmove(ids + at, ids + at + 1, (size_t)(*n - at) * sizeof(*ids));
}

CASE(random_operations_agree_with_an_array)
{
    struct list list;
    int ids[ITEMS + 1], n = 0;

    items_init();
    list_init(&list);
    for (int round = 0; round < 200000; round++) {
        int id = (int)random_below(ITEMS), at = position(ids, n, id);
        struct list_node *node = &items[id].node;

        CHECK_EQUAL(list_linked(node), at >= 0);
        if (at >= 0) {
            if (random_below(8) == 0) {
                CHECK(list_pop_front(&list) == &items[ids[0]].node);
                cut(ids, &n, 0);
            } else {
                list_remove(node);
                cut(ids, &n, at);
            }
        } else if (n > 0 && random_below(3) == 0) {
            int before = (int)random_below((unsigned)n);

            list_insert_before(&items[ids[before]].node, node);
            insert(ids, &n, before, id);
        } else if (random_below(2) == 0) {
            list_push_front(&list, node);
            insert(ids, &n, 0, id);
        } else {
            list_push_back(&list, node);
            insert(ids, &n, n, id);
        }
        if (round % 16 == 0)
            check_holds(&list, ids, n);
        CHECK(list_first(&list) == (n > 0 ? &items[ids[0]].node : NULL));
    }
}
