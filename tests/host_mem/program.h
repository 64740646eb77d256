/*
 * A user program's address space as the loader makes one, for the tests of kernel/mem/.
 */
#ifndef HOST_MEM_PROGRAM_H
#define HOST_MEM_PROGRAM_H

#include "check.h"
#include "machine.h"
#include "mem/frame.h"
#include "mem/user_copy.h"

#include "riscv/machine.h"

#define MEMORY MIB(24)
#define TEXT   0x10000ul
#define RODATA 0x14000ul
#define DATA   0x16000ul
#define HEAP   0x1a000ul
#define TOP    USER_STACK_TOP

/* Text (all bytes 0x13) and rodata filled, data, an empty heap, two pages of stack. */
static inline struct space *program(void)
{
    static uint8_t text[0x6000];
    struct space *space = space_create();

    CHECK(space != NULL);
    memset(text, 0x13, sizeof(text));
    CHECK_EQUAL(space_add_private(space, TEXT, RODATA, REGION_READ | REGION_EXEC), 0);
    CHECK_EQUAL(space_add_private(space, RODATA, DATA, REGION_READ), 0);
    CHECK_EQUAL(space_add_private(space, DATA, HEAP, REGION_READ | REGION_WRITE), 0);
    CHECK_EQUAL(space_set_heap(space, HEAP), 0);
    CHECK_EQUAL(space_add_stack(space, TOP, USER_STACK_LIMIT, 8192), 0);
    for (unsigned at = 0; at < sizeof(text); at += 1000) {
        struct user_pin pin;
        unsigned n = sizeof(text) - at < 1000 ? sizeof(text) - at : 1000;
        for (unsigned done = 0; done < n; done += pin.n) {
            CHECK_EQUAL(user_pin(space, user_at(TEXT + at + done), n - done, REGION_WRITE | PIN_FORCE, &pin),
                        0);
            memcpy(pin.p, text + at + done, pin.n);
            user_unpin(&pin);
        }
    }
    return space;
}

static inline void end(struct space *space)
{
    space_activate_kernel();
    space_put(space);
}

#endif
