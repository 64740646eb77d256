/*
 * Futexes: sleeping until a word of user memory changes. The words belong to the programs (lib/mp): the kernel is
 * asked only when somebody has to wait, or waits. Waiters are found by the word's key (mem/word.h), so processes that
 * map one memory object at different addresses meet. Flags and FUTEX_WAITERS: <kinglet/futex.h>.
 */
#ifndef KERNEL_IPC_FUTEX_H
#define KERNEL_IPC_FUTEX_H

#include "mem/word.h"
#include "proc/proc.h"

struct futex_wait {
    user_addr address;
    uint32_t expected;
    uint64_t when;     /* ticks; SCHED_NEVER: for ever */
    int32_t owner;     /* tid of who holds what is waited for, 0: nobody in particular */
    unsigned flags;    /* FUTEX_ */
    user_addr release; /* a lock's word that is let go once we are on the queue; 0: none */
};

/* Sleep while the word is what is expected. 0: woken; -EAGAIN: it is another; -ETIMEDOUT; -EOWNERDEAD: FUTEX_ROBUST,
 * and the owner, a thread, has ended; -EINVAL, -EFAULT, -ENOMEM: an address; -EINTR: killed. With an error other than
 * -ETIMEDOUT nothing was let go; not with FUTEX_ROBUST. */
int futex_wait(const struct futex_wait *wait);

/* Wake up to n of those who have waited longest, and who do wait: one that was killed or whose time is up does not
 * count. How many; -EINVAL, -EFAULT. */
int64_t futex_wake(user_addr address, uint64_t n);

/* As one step: make the word `new` if it is `old`, and wake as above. If others wait still, FUTEX_WAITERS is added.
 * -EAGAIN: it is another. */
int64_t futex_change(user_addr address, uint32_t old, uint32_t new, uint64_t n);

/* The thread p ends, or begins another program: a wake-up that it may have got in vain goes on to the next. */
void futex_hand_on(struct proc *p);

void futexes_init(void);

#endif
