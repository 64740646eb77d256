/*
 * Stands in for kernel/riscv/csr.h in tests on the host: the constants are the kernel's, and satp is a
 * variable of the simulated hart (machine.c).
 */
#ifndef STUB_RISCV_CSR_H
#define STUB_RISCV_CSR_H

#include <stdint.h>
#include "../../../../kernel/riscv/csr.h"

#undef csr_read
#undef csr_write
#define csr_read(name) stub_read_##name()
#define csr_write(name, value) stub_write_##name(value)

uint64_t stub_read_satp(void);
uint64_t stub_read_time(void);
void stub_write_satp(uint64_t value);

#endif
