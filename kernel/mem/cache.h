/*
 * Object caches: kernel objects of one type, carved out of single frames (slabs). Every room
 * that makes objects has a CACHE for each type; kmalloc serves what has no type of its own.
 * Memory comes charged from the frame allocator and goes back as soon as a slab is empty.
 * Out of memory is NULL, never a panic. Locks: LOCK_CACHE, one per cache.
 */
#ifndef KERNEL_MEM_CACHE_H
#define KERNEL_MEM_CACHE_H

#include <stddef.h>
#include <stdint.h>
#include <common/list.h>
#include "riscv/spinlock.h"

#define CACHE_ALIGN 16       /* of every object */
#define CACHE_SLAB_HEADER 48 /* bytes at the start of each slab */
#define CACHE_MAX_OBJECT (4096 - CACHE_SLAB_HEADER)

struct cache {
    const char *name;
    uint32_t size; /* of one object, rounded up to CACHE_ALIGN */

    struct spinlock lock;
    struct list partial; /* slabs with free objects; set up at the first use */
    uint64_t live;            /* objects handed out */
    uint64_t slabs;
};

#define CACHE_OF_SIZE(name_, size_) \
    { \
        .name = (name_), .size = ((size_) + CACHE_ALIGN - 1) & ~(CACHE_ALIGN - 1), \
        .lock = SPINLOCK_INIT(name_, LOCK_CACHE) \
    }
/* Static initialiser: struct cache proc_cache = CACHE("proc", struct proc);
 * sizeof(struct proc) <= CACHE_MAX_OBJECT. */
#define CACHE(name_, type_) CACHE_OF_SIZE(name_, sizeof(type_))

/* A zeroed object, or NULL when there is no memory. */
void *cache_alloc(struct cache *cache);
/* Give one back; NULL is ignored. Debug builds panic on a double free and on a write after free. */
void cache_free(struct cache *cache, void *object);
/* Objects handed out and not yet given back. */
uint64_t cache_live(const struct cache *cache);

/* Zeroed memory of any size up to 4 MiB (above about 2 KiB in whole blocks of 2^n frames), or NULL. */
void *kmalloc(size_t size);
void kfree(void *memory);   /* NULL is ignored */
uint64_t kmalloc_live(void); /* pieces handed out and not yet given back */

#endif
