/*
 * Copies to and from user memory (user_copy.h). Two ways to reach a page: when the space is the running
 * process's alone, look at the table and use the frame; otherwise pin the frame under the lock. Never holds a
 * lock while it copies.
 */
#include <common/string.h>
#include <kinglet/errno.h>
#include "mem/fault.h"
#include "mem/table.h"
#include "mem/user_copy.h"
#include "riscv/hart.h"

/* Entry bits that an access needs. */
static inline pte_t needed(int access)
{
    return PTE_V | PTE_U | (access & REGION_WRITE ? PTE_W : PTE_R);
}

/* An entry that allows the access and has none of the bits in `but`. */
static inline bool allows(const pte_t *pte, int access, pte_t but)
{
    return pte != NULL && (*pte & (needed(access) | but)) == needed(access);
}

static inline size_t part_of_page(uint64_t va, size_t n)
{
    size_t rest = PAGE_SIZE - (va & PAGE_MASK);
    return n < rest ? n : rest;
}

static inline bool in_user_half(uint64_t va, size_t n)
{
    return va < USER_END && n <= USER_END - va;
}

/* See the header: nobody else can change the tables. */
static inline bool is_ours_alone(const struct space *space)
{
    return this_hart()->active_space == space && __atomic_load_n(&space->refs, __ATOMIC_ACQUIRE) == 1;
}

/* Lock, fault the page in if need be, add a reference to its frame, unlock. */
static int pin_page(struct space *space, uint64_t va, int access, struct frame **out)
{
    int result = 0;

    if (va >= USER_END)
        return -EFAULT;
    spin_lock(&space->lock);
    pte_t *pte = table_lookup(space, va);
    if (!allows(pte, access, PTE_DEVICE)) {
        result = fault_page(space, va, access, space->user_sp != NULL ? *space->user_sp : USER_END);
        pte = table_lookup(space, va);
    }
    if (result == 0 && (*pte & PTE_DEVICE))
        result = -EFAULT;
    if (result == 0) {
        *out = frame_at(pte_phys(*pte));
        frame_get(*out);
    }
    spin_unlock(&space->lock);
    return result;
}

/* The fast way: `n` bytes (not 0) at `va`, all in one page that is there, of a space that is the running
 * process's alone. NULL: go the long way. */
static inline void *at_hand(const struct space *space, uint64_t va, size_t n, int access)
{
    if (n - 1 > PAGE_MASK - (va & PAGE_MASK) || va >= USER_END || !is_ours_alone(space))
        return NULL;
    const pte_t *pte = table_lookup(space, va);
    return allows(pte, access, PTE_DEVICE | PTE_SHARED) ? (char *)phys_to_virt(pte_phys(*pte)) + (va & PAGE_MASK) : NULL;
}

/* The long way: a reference to the frame, which may have to be found first. */
static int pin_frame(struct space *space, uint64_t va, size_t n, int access, struct user_pin *pin)
{
    *pin = (struct user_pin){.n = n};
    int result = pin_page(space, va, access, &pin->frame);
    if (result == 0)
        pin->p = (char *)frame_pointer(pin->frame) + (va & PAGE_MASK);
    return result;
}

int user_pin(struct space *space, user_addr address, size_t n, int access, struct user_pin *pin)
{
    spin_assert_none_held("user_pin");
    n = part_of_page(address.v, n);
    if (n == 0) {
        *pin = (struct user_pin){.n = 0};
        return 0;
    }
    void *p = at_hand(space, address.v, n, access);
    if (p == NULL)
        return pin_frame(space, address.v, n, access, pin);
    *pin = (struct user_pin){.p = p, .n = n}; /* nobody else can take it away while we run */
    return 0;
}

void user_unpin(struct user_pin *pin)
{
    if (pin->frame != NULL)
        frame_put(pin->frame);
    pin->frame = NULL;
}

/* The page at `va` for a copy of `n` bytes inside it. An ordinary pin, but that a page of our own that is
 * to be overwritten whole is not filled before. */
static int reach(struct space *space, uint64_t va, size_t n, int access, struct user_pin *pin)
{
    if ((access & REGION_WRITE) && n == PAGE_SIZE && is_ours_alone(space))
        access |= FAULT_WHOLE;
    return user_pin(space, user_at(va), n, access, pin);
}

static __attribute__((noinline)) int copy_in_pages(struct space *space, char *to, uint64_t from, size_t n)
{
    if (!in_user_half(from, n))
        return n == 0 ? 0 : -EFAULT;
    for (size_t part; n > 0; n -= part) {
        struct user_pin pin;
        part = part_of_page(from, n);
        int result = reach(space, from, part, REGION_READ, &pin);
        if (result < 0)
            return result;
        memcpy(to, pin.p, part);
        user_unpin(&pin);
        to += part;
        from += part;
    }
    return 0;
}

int copy_in(struct space *space, void *to, user_addr from, size_t n)
{
    spin_assert_none_held("copy_in");
    const void *source = at_hand(space, from.v, n, REGION_READ);
    if (source == NULL)
        return copy_in_pages(space, to, from.v, n);
    memcpy(to, source, n);
    return 0;
}

static __attribute__((noinline)) int copy_out_pages(struct space *space, uint64_t to, const char *from,
                                                    size_t n)
{
    if (!in_user_half(to, n))
        return n == 0 ? 0 : -EFAULT;
    for (size_t part; n > 0; n -= part) {
        struct user_pin pin;
        part = part_of_page(to, n);
        int result = reach(space, to, part, REGION_WRITE, &pin);
        if (result < 0)
            return result;
        memcpy(pin.p, from, part);
        user_unpin(&pin);
        from += part;
        to += part;
    }
    return 0;
}

int copy_out(struct space *space, user_addr to, const void *from, size_t n)
{
    spin_assert_none_held("copy_out");
    void *target = at_hand(space, to.v, n, REGION_WRITE);
    if (target == NULL)
        return copy_out_pages(space, to.v, from, n);
    memcpy(target, from, n);
    return 0;
}

int64_t copy_string_in(struct space *space, char *to, user_addr from, size_t max)
{
    spin_assert_none_held("copy_string_in");
    size_t length = 0;

    while (length < max) {
        struct user_pin pin;
        size_t part = part_of_page(from.v, max - length);
        int result = user_pin(space, from, part, REGION_READ, &pin);
        if (result < 0)
            return result;
        /* Byte by byte: another thread may be changing the string, and what counts is what was copied. */
        const char *text = pin.p;
        bool ended = false;
        for (size_t i = 0; i < part && !ended; i++) {
            to[length] = text[i];
            ended = to[length] == '\0';
            length += !ended;
        }
        user_unpin(&pin);
        if (ended)
            return (int64_t)length;
        from.v += part;
    }
    return -ENAMETOOLONG;
}

int64_t copy_between(struct space *to_space, user_addr to, struct space *from_space, user_addr from, size_t n,
                     int flags)
{
    if (!in_user_half(to.v, n) || !in_user_half(from.v, n))
        return n == 0 ? 0 : -EFAULT;
    int access = REGION_WRITE | (flags & COPY_FORCE ? PIN_FORCE : 0);

    for (size_t part; n > 0; n -= part) {
        struct user_pin source, target;
        part = part_of_page(from.v, part_of_page(to.v, n));
        /* In one space a frame must be held: making the target writable may replace the source's. */
        int result = from_space == to_space ? pin_frame(from_space, from.v, part, REGION_READ, &source)
                                            : user_pin(from_space, from, part, REGION_READ, &source);
        if (result < 0)
            return result;
        int whole = (flags & COPY_FORCE) && part == PAGE_SIZE ? FAULT_WHOLE : 0;
        result = user_pin(to_space, to, part, access | whole, &target);
        if (result == 0)
            memcpy(target.p, source.p, part);
        user_unpin(&target);
        user_unpin(&source);
        if (result < 0)
            return result;
        to.v += part;
        from.v += part;
    }
    return 0;
}
