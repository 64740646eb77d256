/*
 * Who I am, to locks: the number that stands in a lock's word while I hold it. The one place that says that a lock's
 * owner is a thread. Inline, since it is part of each acquire.
 */
#ifndef MP_SELF_H
#define MP_SELF_H

#include <kinglet/system.h>

/* My tid, which of a process's first thread is the pid: 1 to 0x3fffffff. So threads of one process exclude each other
 * as processes do. Enters the kernel only the first time in each thread. */
static inline int mp_self(void)
{
    return self_tid();
}

#endif
