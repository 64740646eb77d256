/*
 * The harts' structures and the stacks that belong to a hart and not to a process: its idle stack
 * (for the boot hart also the boot stack) and its emergency stack, for panics.
 */
#include "riscv/hart.h"
#include "riscv/switch.h"

#define STATIC_OFFSET(type, member, offset) \
    _Static_assert(offsetof(type, member) == (offset), "assembly relies on this")

STATIC_OFFSET(struct hart, kernel_stack_top, HART_KERNEL_STACK_TOP);
STATIC_OFFSET(struct hart, scratch, HART_SCRATCH);
STATIC_OFFSET(struct hart, work, HART_WORK);
STATIC_OFFSET(struct hart, emergency_stack_top, HART_EMERGENCY_TOP);
STATIC_OFFSET(struct hart, id, HART_ID);
_Static_assert(sizeof(struct hart) == HART_SIZE, "assembly relies on this");
STATIC_OFFSET(struct context, sp, 8);
STATIC_OFFSET(struct context, s, 16);

struct hart harts[MAX_HARTS];
unsigned hart_count;
unsigned harts_up;

/* Seen by entry.S too. */
char idle_stacks[MAX_HARTS][KSTACK_SIZE] __attribute__((aligned(KSTACK_SIZE)));
static char emergency_stacks[MAX_HARTS][EMERGENCY_STACK_SIZE] __attribute__((aligned(16)));

void *kstack_init(void *bottom)
{
    *(uint64_t *)bottom = KSTACK_CANARY;
    return (char *)bottom + KSTACK_SIZE;
}

bool kstack_intact(const void *in_stack)
{
    return *(const uint64_t *)((uint64_t)in_stack & -(uint64_t)KSTACK_SIZE) == KSTACK_CANARY;
}

void harts_init(void)
{
    for (unsigned i = 0; i < MAX_HARTS; i++) {
        struct hart *hart = &harts[i];
        hart->index = i;
        hart->kernel_stack_top = (uint64_t)kstack_init(idle_stacks[i]);
        hart->emergency_stack_top = (uint64_t)(emergency_stacks[i] + EMERGENCY_STACK_SIZE);
    }
}

void hart_set_online(void)
{
    __atomic_store_n(&this_hart()->online, true, __ATOMIC_RELEASE);
    __atomic_fetch_add(&harts_up, 1, __ATOMIC_RELEASE);
}

void harts_tlb_totals(uint64_t *flushes, uint64_t *remote)
{
    *flushes = *remote = 0;
    for (unsigned i = 0; i < hart_count; i++) {
        *flushes += __atomic_load_n(&harts[i].tlb_flushes, __ATOMIC_RELAXED);
        *remote += __atomic_load_n(&harts[i].tlb_remote, __ATOMIC_RELAXED);
    }
}
