/* Pages, and the registers that a user program can read. */
#ifndef XV6_RISCV_H
#define XV6_RISCV_H

#define PGSIZE 4096
#define PGSHIFT 12
#define PGROUNDUP(size) (((size) + PGSIZE - 1) & ~(PGSIZE - 1))
#define PGROUNDDOWN(address) ((address) & ~(PGSIZE - 1))

/* Where xv6 programs take user memory to end. From here up to the stack nothing is ever mapped, and the
 * addresses that follow from doubling it are no user addresses (docs/architecture.md, "Memory layout"). */
#define MAXVA (1L << 36)

#ifndef __ASSEMBLER__

typedef uint64 pte_t;
typedef uint64 *pagetable_t;

static inline uint64 r_sp(void)
{
    uint64 value;
    __asm__ volatile("mv %0, sp" : "=r"(value));
    return value;
}

static inline uint64 r_fp(void)
{
    uint64 value;
    __asm__ volatile("mv %0, s0" : "=r"(value));
    return value;
}

static inline uint64 r_ra(void)
{
    uint64 value;
    __asm__ volatile("mv %0, ra" : "=r"(value));
    return value;
}

static inline uint64 r_tp(void)
{
    uint64 value;
    __asm__ volatile("mv %0, tp" : "=r"(value));
    return value;
}

#endif
#endif
