/* Addresses that must not be read or written. */
#include "kernel/types.h"
#include "promise.h"

static volatile char *at;
static char sum;

static void read_it(void)
{
    sum += *at;
}

static void write_it(void)
{
    *at = 99;
}

static void faults(uint64 address)
{
    at = (volatile char *)address;
    if (in_child(read_it) != -1 || in_child(write_it) != -1) {
        printf("%p can be used\n", address);
        exit(1);
    }
}

static void the_null_page_and_the_top_of_memory_fault(void)
{
    static const uint64 forbidden[] = {0,            8,            0xfff,        0x3fffffc000, 0x3fffffd000,
                                       0x3fffffe000, 0x3ffffff000, 0x4000000000, 0x8000000000, 0xffffffffffffffff};

    for (int i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        faults(forbidden[i]);
    faults(TRAPFRAME);
    faults(TRAMPOLINE);
}

static void the_kernels_memory_faults(void)
{
    for (uint64 address = KERNBASE; address < KERNBASE + 2000000; address += 200000)
        faults(address);
    faults(0xffffffc080200000);
}

static void MAXVA_and_all_above_faults(void)
{
    for (uint64 address = MAXVA; address != 0; address <<= 1)
        faults(address);
}

static void what_lies_above_the_break_faults(void)
{
    char *top = sbrk(0);

    top += -(uint64)top % PGSIZE;
    faults((uint64)top);
    faults((uint64)top + 100 * PGSIZE);
}

static void text_cannot_be_written(void)
{
    at = (volatile char *)text_cannot_be_written;
    read_it();
    CHECK_EQUAL(in_child(write_it), -1);
}

static void read_a_page_below(void)
{
    at = (volatile char *)r_sp() - PGSIZE;
    read_it();
}

static void read_a_stack_below(void)
{
    at = (volatile char *)r_sp() - USERSTACK * PGSIZE;
    read_it();
}

static void reading_a_stacks_size_below_the_stack_pointer_faults(void)
{
    CHECK_EQUAL(in_child(read_a_page_below), -1); /* the sources of 2022 take a page for the size */
    CHECK_EQUAL(in_child(read_a_stack_below), -1);
}

static int deep(int n)
{
    volatile char frame[1000];

    frame[0] = n;
    return n == 0 ? 0 : deep(n - 1) + (frame[0] == (char)n);
}

static void recurse_for_ever(void)
{
    deep(1000000000);
}

static void the_stack_grows_to_some_MiB_and_not_for_ever(void)
{
    CHECK_EQUAL(deep(5000), 5000);
    CHECK_EQUAL(in_child(recurse_for_ever), -1);
}

static char zeroes[10000];

static void memory_starts_as_zeroes(void)
{
    for (int i = 0; i < sizeof zeroes; i++)
        CHECK_EQUAL(zeroes[i], 0);
}

int main(void)
{
    RUN(the_null_page_and_the_top_of_memory_fault);
    RUN(the_kernels_memory_faults);
    RUN(MAXVA_and_all_above_faults);
    RUN(what_lies_above_the_break_faults);
    RUN(text_cannot_be_written);
    RUN(reading_a_stacks_size_below_the_stack_pointer_faults);
    RUN(the_stack_grows_to_some_MiB_and_not_for_ever);
    RUN(memory_starts_as_zeroes);
    return 0;
}
