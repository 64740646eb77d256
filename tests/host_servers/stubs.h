/*
 * What the ramfs tests can set and see of the stand-ins for its main.c (stubs.c).
 */
#ifndef STUBS_H
#define STUBS_H

#include <stddef.h>

extern size_t stub_memory_left; /* what ramfs_may_grow still allows; SIZE_MAX: everything */
extern size_t stub_heap_bytes;  /* how far ramfs_break has moved the end of the heap */
extern int stub_closed;         /* the handle ramfs_close was last called with; -1: never */

#endif
