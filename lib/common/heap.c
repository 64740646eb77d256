/*
 * Pairing heap: see <common/heap.h>. Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap: a new
 * form of self-adjusting heap" (1986), with the two-pass merge of children.
 */
#include <common/heap.h>

/* Make one tree of two; both are roots without siblings. Gives its root. */
static struct heap_node *meld(struct heap_node *a, struct heap_node *b)
{
    if (b->key < a->key || (b->key == a->key && b->order < a->order)) {
        struct heap_node *swap = a;

        a = b;
        b = swap;
    }
    b->next = a->child;
    if (b->next != NULL)
        b->next->previous = b;
    b->previous = a;
    a->child = b;
    return a;
}

/* Make one tree of a list of siblings, or NULL of none. First pass: meld them in pairs from the left, and
 * push each pair on a stack that `next` links. Second pass: meld those, the last pair first. */
static struct heap_node *meld_siblings(struct heap_node *first)
{
    struct heap_node *stack = NULL;

    while (first != NULL) {
        struct heap_node *a = first, *b = a->next;

        first = b != NULL ? b->next : NULL;
        a->next = NULL;
        if (b != NULL) {
            b->next = NULL;
            a = meld(a, b);
        }
        a->next = stack;
        stack = a;
    }
    if (stack == NULL)
        return NULL;

    struct heap_node *root = stack;

    stack = root->next;
    root->next = NULL;
    while (stack != NULL) {
        struct heap_node *tree = stack;

        stack = tree->next;
        tree->next = NULL;
        root = meld(root, tree);
    }
    return root;
}

static void add_tree(struct heap *heap, struct heap_node *tree)
{
    heap->root = heap->root == NULL ? tree : meld(heap->root, tree);
    heap->root->previous = heap->root;
}

void heap_insert(struct heap *heap, struct heap_node *node)
{
    node->child = NULL;
    node->next = NULL;
    add_tree(heap, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    if (node == heap->root) {
        heap->root = NULL;
    } else {
        if (node->previous->child == node)
            node->previous->child = node->next; /* previous is the parent */
        else
            node->previous->next = node->next;
        if (node->next != NULL)
            node->next->previous = node->previous;
    }

    struct heap_node *rest = meld_siblings(node->child);

    heap_node_init(node);
    if (rest != NULL)
        add_tree(heap, rest);
}
