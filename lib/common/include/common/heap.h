/*
 * Intrusive pairing heap, smallest key first: the kernel's timers, any of which can be taken out
 * at any time. Inserting is O(1), taking out O(log n) amortised. Allocates nothing, never recurses
 * (kernel stacks are small), takes no lock.
 */
#ifndef COMMON_HEAP_H
#define COMMON_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    uint64_t key;              /* set before heap_insert; not to be changed in the heap */
    uint64_t order;            /* of equal keys: the smaller one first; not to be changed either */
    struct heap_node *child;   /* first child */
    struct heap_node *next;    /* next sibling */
    struct heap_node *previous; /* previous sibling; of a first child: the parent; of the root: itself;
                                   NULL: in no heap */
};

struct heap {
    struct heap_node *root; /* NULL: empty */
};

static inline void heap_init(struct heap *heap)
{
    heap->root = NULL;
}

/* A zeroed node needs no heap_node_init; its order is 0. */
static inline void heap_node_init(struct heap_node *node)
{
    node->order = 0;
    node->child = NULL;
    node->next = NULL;
    node->previous = NULL;
}

static inline bool heap_linked(const struct heap_node *node)
{
    return node->previous != NULL;
}

/* The node with the smallest key and, of those, the smallest order (one of them, in no certain order), or NULL. */
static inline struct heap_node *heap_first(const struct heap *heap)
{
    return heap->root;
}

/* Put in a node that is in no heap, with its key set. */
void heap_insert(struct heap *heap, struct heap_node *node);

/* Take out a node that is in this heap; afterwards it is in none. */
void heap_remove(struct heap *heap, struct heap_node *node);

#endif
