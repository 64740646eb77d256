# Finds the compiler and says how kernel and programs are compiled and linked.
# Gives: CC, LD, AR (empty: none needed), TOOLCHAIN, KERNEL_CFLAGS, USER_CFLAGS, PYTHON3, Q and say.
# Used by mk/image.mk only; nothing else in the repository names a compiler.

PYTHON3 := $(or $(PYTHON),python3)
Q := $(if $(call yes,$(V)),,@)
say = $(if $(call yes,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)' >&2)

TOOL := $(or $(CROSS),$(shell tools/setup --compiler))
TOOLCHAIN := $(patsubst %-,%,$(notdir $(TOOL)))

ifneq ($(filter clang%,$(TOOLCHAIN)),)
# clang, clang-15, /opt/llvm/bin/clang: the linker of the same version, if there is one.
LLVM_SUFFIX := $(patsubst clang%,%,$(TOOLCHAIN))
LLVM_DIR := $(patsubst ./,,$(dir $(TOOL)))
CC := $(TOOL) --target=riscv64-unknown-elf
LD := $(or $(shell command -v $(LLVM_DIR)ld.lld$(LLVM_SUFFIX)),$(LLVM_DIR)ld.lld)
AR :=
COMPILER_CFLAGS := -fno-builtin
else
CC := $(TOOL)gcc
LD := $(TOOL)ld
AR := $(TOOL)ar
# A loop that is memset must not become a call of memset inside memset. And gcc 12 moves stores to a big
# frame above the instruction that makes room for it, where the kernel takes them for wild ones (the
# stack grows for addresses at or above sp only): no scheduling after the prologue is there.
COMPILER_CFLAGS := -fno-tree-loop-distribute-patterns -fno-schedule-insns2 -fno-stack-clash-protection
endif

accepts = $(shell $(CC) $(1) -Werror -x c -c /dev/null -o /dev/null 2>/dev/null && echo yes)

# Old compilers count CSR instructions to the base set and do not know their later name.
KERNEL_MARCH := $(if $(call accepts,-march=rv64imac_zicsr_zifencei -mabi=lp64),rv64imac_zicsr_zifencei,rv64imac)

COMPILER_INCLUDE := $(shell $(CC) -print-file-name=include)
COMPILER_VERSION := $(shell $(CC) -dumpversion)

# The last two lines undo what distributions add to their compilers' defaults.
COMMON_CFLAGS := -std=gnu11 -ffreestanding -nostdinc -isystem $(COMPILER_INCLUDE) -mcmodel=medany \
    -O2 -g -fno-common -fno-omit-frame-pointer -fno-strict-aliasing \
    -Wall -Wextra -Wno-unused-parameter $(if $(call yes,$(STRICT_WARNINGS)),-Werror) $(COMPILER_CFLAGS) \
    -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables \
    -U_FORTIFY_SOURCE

KERNEL_CFLAGS := $(COMMON_CFLAGS) -march=$(KERNEL_MARCH) -mabi=lp64 -DKINGLET_KERNEL=1 \
    -Ikernel -Ilib/common/include \
    $(if $(call yes,$(DEBUG)),-DKINGLET_DEBUG=1 -fsanitize=undefined)
# Each function by itself, so that the linker leaves out those that a program does not use.
SECTIONS := -ffunction-sections -fdata-sections
USER_CFLAGS := $(COMMON_CFLAGS) $(SECTIONS) -march=rv64gc -mabi=lp64d -ftls-model=local-exec -Ilib/libc/include \
    -Ilib/mp/include -Ilib/common/include -Iuser

# xv6 programs are somebody else's: their warnings are shown and no errors. Optimised as on xv6.
XV6_CFLAGS := $(filter-out -O2 -Wextra -Wno-unused-parameter -Werror,$(COMMON_CFLAGS)) -O1 \
    $(SECTIONS) -march=rv64gc -mabi=lp64d -fno-delete-null-pointer-checks -Ilib/xv6 -Ilib/xv6/user

LDFLAGS := -m elf64lriscv -static -nostdlib --gc-sections --build-id=none -z noexecstack -z max-page-size=4096
# The stack begins with one page, as on xv6 (more when the arguments need it).
XV6_LDFLAGS := $(LDFLAGS) --defsym=__stack_size=64

# clang has no library of helper routines for RISC-V; our code does not need one there.
LIBGCC := $(if $(AR),$(shell $(CC) -march=rv64gc -mabi=lp64d -print-libgcc-file-name))
