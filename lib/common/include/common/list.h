/*
 * Intrusive doubly linked lists: the node lives inside the object, so that putting an
 * object on a list allocates nothing and taking it off is O(1). Used by kernel, servers
 * and programs. Takes no lock: whoever owns the list brings its own.
 */
#ifndef COMMON_LIST_H
#define COMMON_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *next; /* both point at the node itself, or are NULL, when it is on no list */
    struct list_node *prev;
};

struct list {
    struct list_node head; /* a circle: head.next is the first node, head.prev the last */
};

/* The object of type `type` whose field `member` is at `ptr`. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define list_entry(node, type, member) container_of(node, type, member)

/* `node` is a struct list_node *. The body must not take nodes off the list ... */
#define list_for_each(node, list) \
    for ((node) = (list)->head.next; (node) != &(list)->head; (node) = (node)->next)
/* ... but here it may take off (and free) `node` itself; `tmp` is a second struct list_node *. */
#define list_for_each_safe(node, tmp, list) \
    for ((node) = (list)->head.next, (tmp) = (node)->next; (node) != &(list)->head; \
         (node) = (tmp), (tmp) = (node)->next)

static inline void list_init(struct list *list)
{
    list->head.next = &list->head;
    list->head.prev = &list->head;
}

static inline void list_node_init(struct list_node *node)
{
    node->next = node;
    node->prev = node;
}

static inline bool list_empty(const struct list *list)
{
    return list->head.next == &list->head;
}

/* Whether the node is on a list: false for one that is zeroed, initialised or removed. */
static inline bool list_linked(const struct list_node *node)
{
    return node->next != NULL && node->next != node;
}

/* Put `node`, which is on no list, in front of `pos`, a node of a list (or a list's head: at the end). */
static inline void list_insert_before(struct list_node *pos, struct list_node *node)
{
    node->prev = pos->prev;
    node->next = pos;
    pos->prev->next = node;
    pos->prev = node;
}

static inline void list_push_front(struct list *list, struct list_node *node)
{
    list_insert_before(list->head.next, node);
}

static inline void list_push_back(struct list *list, struct list_node *node)
{
    list_insert_before(&list->head, node);
}

/* Take `node` off its list; it may be asked again with list_linked. Nothing happens to an initialised
 * node that is on no list. */
static inline void list_remove(struct list_node *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_node_init(node);
}

/* The first node, or NULL. */
static inline struct list_node *list_first(const struct list *list)
{
    return list_empty(list) ? NULL : list->head.next;
}

/* Take the first node off, or NULL. */
static inline struct list_node *list_pop_front(struct list *list)
{
    struct list_node *node = list_first(list);

    if (node != NULL)
        list_remove(node);
    return node;
}

/* Move all of `src` to the end of `dst`, in order, in O(1); `src` is empty afterwards. */
static inline void list_splice_back(struct list *dst, struct list *src)
{
    if (list_empty(src))
        return;
    src->head.next->prev = dst->head.prev;
    src->head.prev->next = &dst->head;
    dst->head.prev->next = src->head.next;
    dst->head.prev = src->head.prev;
    list_init(src);
}

#endif
