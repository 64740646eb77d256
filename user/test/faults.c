/*
 * A program's own faults end it, and nobody else, with one line that says what happened. The cases check
 * the signal; tests/test_faults.py reads the lines.
 */
#include "check.h"

#define PAGE 4096ul

static volatile char *at;
static const char constant[16] = "constant";
static uint32_t data_code[2] = {0x00008067, 0x00008067}; /* ret */

static void do_read(void)
{
    (void)*at;
}

static void do_write(void)
{
    *at = 1;
}

static void do_jump(void)
{
    ((void (*)(void))at)();
}

static int faults(void (*how)(void), const volatile void *where)
{
    at = (volatile char *)where;
    return in_child(how);
}

static void null_read(void)
{
    CHECK_EQUAL(faults(do_read, NULL), -SIGSEGV);
}

static void null_write(void)
{
    CHECK_EQUAL(faults(do_write, NULL), -SIGSEGV);
}

static void null_jump(void)
{
    CHECK_EQUAL(faults(do_jump, NULL), -SIGSEGV);
}

static void kernel_memory(void)
{
    CHECK_EQUAL(faults(do_read, (void *)0xffffffc080200000), -SIGSEGV);
    CHECK_EQUAL(faults(do_write, (void *)0xffffffc080200000), -SIGSEGV);
    CHECK_EQUAL(faults(do_jump, (void *)0xffffffc080200000), -SIGSEGV);
    CHECK_EQUAL(faults(do_read, (void *)0x8000000000000000), -SIGSEGV);
    CHECK_EQUAL(faults(do_read, (void *)0x4000000000), -SIGSEGV); /* just past the user half */
}

static void write_to_text(void)
{
    CHECK_EQUAL(faults(do_write, (void *)do_read), -SIGSEGV);
}

static void write_to_constants(void)
{
    CHECK_EQUAL(faults(do_write, constant), -SIGSEGV);
}

static void execute_data(void)
{
    uint32_t stack_code[2] = {0x00008067, 0x00008067};
    uint32_t *heap_code = sbrk(8192);
    memcpy(heap_code, data_code, sizeof data_code);
    CHECK_EQUAL(faults(do_jump, data_code), -SIGSEGV);
    CHECK_EQUAL(faults(do_jump, heap_code), -SIGSEGV);
    CHECK_EQUAL(faults(do_jump, stack_code), -SIGSEGV);
    CHECK_EQUAL(faults(do_jump, constant), -SIGSEGV);
}

static void illegal(void)
{
    __asm__ volatile(".word 0");
}

static void csr_access(void)
{
    __asm__ volatile("csrr t0, sstatus" ::: "t0");
}

static void csr_satp(void)
{
    __asm__ volatile("csrw satp, zero");
}

static void sret(void)
{
    __asm__ volatile("sret");
}

static void fence_vma(void)
{
    __asm__ volatile("sfence.vma");
}

static void breakpoint(void)
{
    __asm__ volatile("ebreak");
}

static void illegal_instruction(void)
{
    CHECK_EQUAL(in_child(illegal), -SIGILL);
}

static void privileged_instructions(void)
{
    CHECK_EQUAL(in_child(csr_access), -SIGILL);
    CHECK_EQUAL(in_child(csr_satp), -SIGILL);
    CHECK_EQUAL(in_child(sret), -SIGILL);
    CHECK_EQUAL(in_child(fence_vma), -SIGILL);
    CHECK_EQUAL(in_child(breakpoint), -SIGILL);
}

/* Also after the floating-point unit has been used: its first use is an illegal instruction as well. */
static void illegal_after_floating_point(void)
{
    volatile double x = 1.5;
    x = x * 3;
    CHECK_EQUAL(in_child(illegal), -SIGILL);
    CHECK_EQUAL(in_child(csr_access), -SIGILL);
    CHECK(x == 4.5);
}

/* With compressed instructions a jump to an even address is aligned; an odd one loses its lowest bit. */
static void misaligned_data_is_no_fault(void)
{
    char bytes[16] = {0};
    volatile uint64_t *odd = (uint64_t *)(bytes + 3);
    *odd = 0x1122334455667788;
    CHECK(*odd == 0x1122334455667788 && bytes[3] == (char)0x88 && bytes[10] == 0x11);
}

static void division_by_zero_is_no_fault(void)
{
    volatile long zero = 0, most_negative = INT64_MIN, minus_one = -1, seven = 7;
    long quotient, remainder;
    __asm__ volatile("div %0, %1, %2" : "=r"(quotient) : "r"(seven), "r"(zero));
    __asm__ volatile("rem %0, %1, %2" : "=r"(remainder) : "r"(seven), "r"(zero));
    CHECK(quotient == -1 && remainder == 7);
    __asm__ volatile("div %0, %1, %2" : "=r"(quotient) : "r"(most_negative), "r"(minus_one));
    CHECK(quotient == INT64_MIN);
}

static int deep(int n)
{
    volatile char room[1000];
    room[0] = (char)n;
    return n == 0 ? 0 : deep(n - 1) + room[0];
}

static void recurse_for_ever(void)
{
    deep(1 << 30);
}

static void recurse_for_6_mib(void)
{
    deep(6000);
}

static void stack_overflow(void)
{
    CHECK_EQUAL(in_child(recurse_for_6_mib), 0);
    CHECK_EQUAL(in_child(recurse_for_ever), -SIGSEGV);
}

__attribute__((noinline)) static int fill_frame(int n)
{
    volatile char room[500000];
    for (int i = 0; i < 500000; i += 1000)
        room[i] = (char)(n + i);
    return room[n];
}

static void one_large_frame(void)
{
    CHECK_EQUAL(fill_frame(1000), (char)2000);
}

/* Compiled code that has such a frame touches it before or after it moves sp: see USER_CFLAGS. */
static void large_frames_are_no_fault(void)
{
    CHECK_EQUAL(in_child(one_large_frame), 0);
}

static void write_far_below_sp(void)
{
    __asm__ volatile("li t0, -1048576; add t0, t0, sp; sb zero, 0(t0)" ::: "t0", "memory");
}

static void write_just_below_sp(void)
{
    __asm__ volatile("li t0, -1048576; add sp, sp, t0; li t0, -4096; and sp, sp, t0; sb zero, -1(sp)" ::
                         : "t0", "memory");
}

static void write_at_sp(void)
{
    __asm__ volatile("li t0, -1048576; add sp, sp, t0; sb zero, 0(sp); li t0, 1048576; add sp, sp, t0"
                     ::: "t0", "memory");
}

static void the_stack_grows_at_or_above_sp_only(void)
{
    CHECK_EQUAL(in_child(write_at_sp), 0);
    CHECK_EQUAL(in_child(write_far_below_sp), -SIGSEGV);
    CHECK_EQUAL(in_child(write_just_below_sp), -SIGSEGV);
}

static void access_without_stack(void)
{
    __asm__ volatile("li sp, 0; sd zero, -8(sp)");
}

static void kernel_stack_pointer(void)
{
    __asm__ volatile("li a7, 7; lui sp, 0x80000; ecall; li sp, -16; ecall; sd zero, 0(sp)" ::: "memory");
}

/* The kernel never uses the user's sp for itself. */
static void a_bad_stack_pointer_harms_only_its_owner(void)
{
    CHECK_EQUAL(in_child(access_without_stack), -SIGSEGV);
    CHECK_EQUAL(in_child(kernel_stack_pointer), -SIGSEGV);
}

static void bad_thread_pointer(void)
{
    __asm__ volatile("li tp, 0; li gp, -1; li a7, 7; ecall; li tp, -1; ecall; lui tp, 0x80000; ecall" ::: "a0", "a7");
    _exit(3); /* needs neither */
}

static void tp_and_gp_are_the_users_own(void)
{
    CHECK_EQUAL(in_child(bad_thread_pointer), 3);
}

static void fault_with_a_bad_name(void)
{
    CHECK_EQUAL(setname("a\nb\r\033[2J\177"), 0);
    do_read();
}

static void a_name_cannot_break_the_line(void)
{
    at = NULL;
    CHECK_EQUAL(in_child(fault_with_a_bad_name), -SIGSEGV);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(null_read);
    RUN(null_write);
    RUN(null_jump);
    RUN(kernel_memory);
    RUN(write_to_text);
    RUN(write_to_constants);
    RUN(execute_data);
    RUN(illegal_instruction);
    RUN(privileged_instructions);
    RUN(illegal_after_floating_point);
    RUN(misaligned_data_is_no_fault);
    RUN(division_by_zero_is_no_fault);
    RUN(stack_overflow);
    RUN(large_frames_are_no_fault);
    RUN(the_stack_grows_at_or_above_sp_only);
    RUN(a_bad_stack_pointer_harms_only_its_owner);
    RUN(tp_and_gp_are_the_users_own);
    RUN(a_name_cannot_break_the_line);
    return check_end();
}
