/*
 * What the ramfs tests can set and see of the stand-ins for its main.c (stubs.c), and the memory for its store.
 */
#ifndef STUBS_H
#define STUBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern size_t stub_memory_left; /* bytes that may still be committed; SIZE_MAX: everything */
extern int stub_closed;         /* the handle ramfs_close was last called with; -1: never */

#define STUB_STORE_MAX (64u << 20)
extern size_t stub_store_bytes; /* STUB_STORE_MAX, unless a test says otherwise before it begins */

/* A new file system in an empty store; `image`: what its initrd holds. */
void stub_make(const void *image);
void stub_make_open(const void *image); /* the same, with the initrd not yet all in: store_sealed is to come */
/* What a new ramfs does at its start: the store is there, and nothing else. Gives what restore() gave. */
int stub_restart(const void *image);
/* The end of a request, as main.c has it. */
struct reply;
void stub_finish(const struct reply *answer);
extern uint64_t stub_token; /* of the request that is under way: changed by stub_finish */
size_t stub_pages(void);    /* with memory */
/* The sessions and kept handles there are outlive ramfs, too. */
struct stub_kept {
    uint64_t key;
    int handle; /* -1: none */
};
#define STUB_KEPT 8
struct stub_shared { /* what the kernel knows */
    struct stub_kept kept[STUB_KEPT];
    bool page[STUB_STORE_MAX / 4096];
};
extern struct stub_shared *stub_shared;
void stub_see_pages(void); /* `page` has been changed from outside */

#endif
