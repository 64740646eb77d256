/*
 * lib/common/heap.c: the smallest key is always first, any node can go at any time, and the cost stays
 * logarithmic, in time and (for the kernel's small stack) without recursion.
 */
#include <common/heap.h>

#include "check.h"

#define NODES 200

static struct heap_node nodes[NODES];

/* Links are sound and no child is before its parent; gives the number of nodes. */
static unsigned check_tree(const struct heap_node *node, const struct heap_node *above)
{
    unsigned count = 0;

    for (const struct heap_node *previous = above; node != NULL; previous = node, node = node->next) {
        CHECK(node->previous == previous);
        CHECK(node->key >= above->key);
        count += 1 + check_tree(node->child, node);
    }
    return count;
}

static unsigned check_heap(const struct heap *heap)
{
    const struct heap_node *root = heap_first(heap);

    if (root == NULL)
        return 0;
    CHECK(root->previous == root && root->next == NULL);
    return 1 + check_tree(root->child, root);
}

CASE(a_node_knows_whether_it_is_in_a_heap)
{
    struct heap heap;
    struct heap_node node = { .key = 5 };

    heap_init(&heap);
    CHECK(heap_first(&heap) == NULL);
    CHECK(!heap_linked(&node));
    heap_insert(&heap, &node);
    CHECK(heap_linked(&node) && heap_first(&heap) == &node);
    heap_remove(&heap, &node);
    CHECK(!heap_linked(&node) && heap_first(&heap) == NULL);
    CHECK_EQUAL(node.key, 5);
}

CASE(random_operations_agree_with_a_scan)
{
    struct heap heap;
    unsigned inside = 0;

    heap_init(&heap);
    for (int round = 0; round < 100000; round++) {
        struct heap_node *node = &nodes[random_below(NODES)], *least = NULL;

        if (random_below(3) == 0 && heap_first(&heap) != NULL)
            node = heap_first(&heap);
        if (heap_linked(node)) {
            heap_remove(&heap, node);
            inside--;
        } else {
            /* often equal, sometimes at either end of the range */
            node->key = random_below(10) ? random_below(50) : random_below(2) ? UINT64_MAX : 0;
            heap_insert(&heap, node);
            inside++;
        }
        for (int i = 0; i < NODES; i++)
            if (heap_linked(&nodes[i]) && (least == NULL || nodes[i].key < least->key))
                least = &nodes[i];
        CHECK_EQUAL(heap_first(&heap) != NULL, least != NULL);
        if (least != NULL)
            CHECK_EQUAL(heap_first(&heap)->key, least->key);
        if (round % 8 == 0)
            CHECK_EQUAL(check_heap(&heap), inside);
    }
}

CASE(what_goes_in_comes_out_sorted)
{
    enum { MANY = 300000 }; /* recursion over so many siblings, or quadratic time, would not pass unseen */
    struct heap_node *many = calloc(MANY, sizeof(*many));
    struct heap heap;

    for (int order = 0; order < 3; order++) {
        uint64_t last = 0;

        heap_init(&heap);
        for (unsigned i = 0; i < MANY; i++) {
            many[i].key = order == 0 ? i : order == 1 ? MANY - i : random_u64();
            heap_insert(&heap, &many[i]);
        }
        for (unsigned i = 0; i < MANY; i++) {
            struct heap_node *first = heap_first(&heap);

            CHECK(first != NULL && first->key >= last);
            last = first->key;
            heap_remove(&heap, first);
        }
        CHECK(heap_first(&heap) == NULL);
    }
    free(many);
}
