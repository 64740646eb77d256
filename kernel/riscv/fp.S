/*
 * Save and restore of the floating-point registers (fp.h). The one file that is assembled with
 * the D extension, whatever the kernel is compiled for.
 */
#include "riscv/csr.h"

    .attribute arch, "rv64imafdc"

    .macro for_fp_registers op
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, \
        25, 26, 27, 28, 29, 30, 31
    \op f\n, 8 * \n(a0)
    .endr
    .endm

    .text
    .globl fp_save
fp_save:
    li t0, SSTATUS_FS_MASK
    csrrs t1, sstatus, t0 /* t1: as it was */
    for_fp_registers fsd
    frcsr t0
    sd t0, 256(a0)
    csrw sstatus, t1
    ret

    .globl fp_restore
fp_restore:
    li t0, SSTATUS_FS_MASK
    csrrs t1, sstatus, t0
    for_fp_registers fld
    ld t0, 256(a0)
    fscsr t0
    csrw sstatus, t1
    ret
