# Every command that a user of Kinglet types. The compiler and its flags are in mk/toolchain.mk,
# the image is made by mk/image.mk. Lines that begin with two hashes are what `make help` prints.
# Nothing here builds a QEMU command line: tools/machine.py does.

##  Kinglet, a microkernel for 64-bit RISC-V
##
##  Commands
##    make                    build the image: kernel and initial RAM disk
##    make qemu               boot it to a shell; leave with poweroff, or Ctrl-A X
##    make run CMD="ls /"     boot, run a command, and exit with its status
##    make demo NAME=ticket_sale   the same with a program of user/demo; no NAME: list them
##    make trace CMD="ls /"   the same, and pictures of what happened (docs/trace.md)
##    make compare CMD="ls"   run it under each policy: Gantt charts and times, one page and an SVG
##    make pictures           draw the pictures of docs/scheduling.md anew
##    make gdb                boot it under a debugger
##    make test               all tests; TESTS="tests/test_make.py -k hang" picks some
##    make soak               stress programs for SOAK=30 minutes, on 1 to 8 harts (docs/soak.md)
##    make bench              what the operations cost; OPS="getpid call" picks some
##    make profile OP=call    in which functions an operation's instructions go
##    make schedsim           build/schedsim, which runs job lists without a kernel (docs/schedsim.md)
##    make compile_commands.json   for editors (plain `make` does it too)
##    make clean              remove what was built
##    make help               this page
##
##  Variables
##    MEM=128M                memory of the machine, 32M to 4G
##    SMP=1                   how many harts it has
##    SCHED=mlfq              scheduling policy to start with (mlfq, rr, fcfs, sjf)
##    EXTRA="a.c dir/b.c"     build these programs into the image as /bin/a and /bin/b;
##                            programs written for xv6 as /a and /b (docs/xv6.md)
##    APPEND="slice=2ms"      more kernel options
##    ICOUNT=1                count instructions as time: the run is repeatable
##    DEBUG=1                 kernel with lock-order checks, invariants and UBSan
##    CMD="a; b"              run, trace: what the shell in the guest shall run
##    TIMEOUT=60              run, demo, trace: seconds until the guest is taken for hung
##    TRACE=file              run, demo: write what the scheduler did to this file
##    OUT=dir                 trace: the folder for trace.html, trace.json (Perfetto) and trace.bin,
##                            if not build/trace; compare: for its pictures, if not build/compare
##    POLICIES="rr mlfq"      compare: not all policies
##    SOAK=30  SOAK_SEED=n    soak: how many minutes; n: the order and seeds of an earlier one
##    BASE=old.json           bench: show what has changed since; JSON=new.json: where figures go
##    HARTS="1 2 4"           bench: how many harts for the parallel work
##    CROSS=riscv64-elf-      compiler prefix, or CROSS=clang; found by itself
##    QEMU=path  PYTHON=path  which QEMU and which python3
##    STRICT_WARNINGS=1       warnings are errors (CI=1 means the same)
##    JOBS=2                  how much to build or test at once; all cores (up to 8) by itself
##    V=1                     show each command (run: the firmware's messages too)
##
##  Status of make run, demo and trace, unless the command's own: 121 the kernel panicked,
##  122 bad option, 123 unfit machine, 124 hang, 125 QEMU did not start, 127 no such command,
##  128+n signal n.

.DEFAULT_GOAL := image
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ifeq ($(filter oneshell,$(.FEATURES)),)
$(error GNU make 4 or later is needed (this is $(MAKE_VERSION)): on macOS `brew install make`, then gmake)
endif

MEM ?= 128M
SMP ?= 1
SCHED ?=
EXTRA ?=
APPEND ?=
ICOUNT ?=
DEBUG ?=
CMD ?=
# Some systems have a NAME in everybody's environment; that one is no demo.
ifneq ($(origin NAME),command line)
override NAME :=
endif
TIMEOUT ?= 60
TRACE ?=
OUT ?=
POLICIES ?=
SOAK ?= 30
SOAK_SEED ?=
CROSS ?=
QEMU ?=
PYTHON ?=
STRICT_WARNINGS ?= $(CI)
V ?=
TESTS ?= tests
OPS ?=
OP ?=
BASE ?=
JSON ?= build/bench.json
HARTS ?= 1 2 4
JOBS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n > 8 ? 8 : n)))
BUILD_ROOT ?= build

# The texts for the guest reach it as typed: a dollar sign in them is not make's.
override CMD := $(value CMD)
override NAME := $(value NAME)
override APPEND := $(value APPEND)

# Quoting of any text as one word for the shell, and reading of yes-or-no variables.
quote = '$(subst ','\'',$(1))'
yes = $(filter-out 0 n no N NO off false,$(1))

goals := $(or $(MAKECMDGOALS),image)
building := $(filter-out help clean,$(goals))

# First of all, what the goals need: asked for, and installed if the person agrees. Sub-makes skip it.
ifneq ($(building),)
ifeq ($(KINGLET_SETUP_DONE),)
setup_for := $(if $(filter-out schedsim build/schedsim,$(building)),build) \
             $(if $(filter qemu run demo trace compare pictures gdb test soak bench profile,$(goals)),run) \
             $(if $(filter run demo trace test schedsim build/schedsim,$(goals)),host) \
             $(if $(filter trace compare trace-page,$(goals)),trace) \
             $(filter gdb test,$(goals))
ifneq ($(shell CROSS=$(call quote,$(CROSS)) QEMU=$(call quote,$(QEMU)) PYTHON=$(call quote,$(PYTHON)) \
               tools/setup $(setup_for) >&2 || echo failed),)
$(error nothing was built)
endif
export KINGLET_SETUP_DONE := 1
endif
include mk/toolchain.mk
include mk/image.mk
include mk/schedsim.mk
endif

# Cores are there to be used. `make clean image` keeps its order.
ifneq ($(filter clean,$(goals)),)
.NOTPARALLEL:
else ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif

.PHONY: help image qemu run demo trace compare pictures gdb test soak bench profile schedsim clean debug-image show-build show-image FORCE

help:
	@sed -n 's/^## \{0,1\}//p' Makefile

image: $(KERNEL) $(INITRD) $(if $(call yes,$(DEBUG)),,$(if $(filter build,$(BUILD_ROOT)),compile_commands.json))
	$(if $(filter image,$(goals)),@echo '  image in $(BUILD)' >&2)

machine = $(PYTHON3) tools/run.py $(1) --kernel=$(KERNEL) --initrd=$(INITRD) \
    --mem=$(call quote,$(MEM)) --smp=$(call quote,$(SMP)) --sched=$(call quote,$(SCHED)) \
    --icount=$(call quote,$(ICOUNT)) --append=$(call quote,$(APPEND)) --qemu=$(call quote,$(QEMU))

qemu: $(KERNEL) $(INITRD)
	@$(call machine,qemu)

run_settings = --timeout=$(call quote,$(TIMEOUT)) --trace=$(call quote,$(TRACE)) --verbose=$(call quote,$(V))
run_command = $(call machine,run) --command=$(call quote,$(CMD)) $(run_settings)
demo_command = $(call machine,demo) --demo=$(call quote,$(NAME)) $(run_settings)
trace_command = $(call machine,trace) --command=$(call quote,$(CMD)) --timeout=$(call quote,$(TIMEOUT)) \
    --out=$(call quote,$(or $(OUT),build/trace)) --verbose=$(call quote,$(V))

# make itself can only exit with 0 or 2, so for `run`, `demo` and `trace` it lets the runner take its place (see the C file).
# Where that cannot be built, the status is in make's last line instead.
ifneq ($(filter run demo trace,$(goals)),)
ifeq ($(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),)
MAKE_EXEC := build/host/make_exec.so
ifneq ($(filter load,$(.FEATURES)),)
built := $(shell [ $(MAKE_EXEC) -nt tools/make_exec.c ] || { mkdir -p build/host && \
    cc -shared -fPIC -O1 -o $(MAKE_EXEC).$$$$ tools/make_exec.c && mv $(MAKE_EXEC).$$$$ $(MAKE_EXEC); } 2>/dev/null)
-load $(MAKE_EXEC)(make_exec_setup)
endif
endif
endif

run: $(KERNEL) $(INITRD)
	@$(exec-command $(run_command))$(run_command)

# To list the demos takes no image.
demo: $(if $(wildcard user/demo/$(firstword $(NAME)).c),$(KERNEL) $(INITRD))
	@$(exec-command $(demo_command))$(demo_command)

compare: $(KERNEL) $(INITRD)
	@$(PYTHON3) tools/compare.py --kernel=$(KERNEL) --initrd=$(INITRD) --command=$(call quote,$(CMD)) \
	    --out=$(call quote,$(or $(OUT),build/compare)) --policies=$(call quote,$(POLICIES)) --mem=$(call quote,$(MEM)) \
	    --smp=$(call quote,$(SMP)) --append=$(call quote,$(APPEND)) --qemu=$(call quote,$(QEMU)) \
	    --timeout=$(call quote,$(TIMEOUT))

trace: $(KERNEL) $(INITRD)
	@$(exec-command $(trace_command))$(trace_command)

pictures: $(KERNEL) $(INITRD)
	@$(PYTHON3) tools/pictures.py --kernel=$(KERNEL) --initrd=$(INITRD) --qemu=$(call quote,$(QEMU))

gdb: $(KERNEL) $(INITRD)
	@$(call machine,gdb) $(if $(CMD),--command=$(call quote,$(CMD)))

debug-image:
	@+$(MAKE) --no-print-directory DEBUG=1 image

# Make's own variables would reach the makes that tests start; they are not for them.
test: $(KERNEL) $(INITRD) compile_commands.json $(if $(call yes,$(DEBUG)),,debug-image)
	@env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u KINGLET_SETUP_DONE -u TESTS \
	    KINGLET_BUILD=$(BUILD) KINGLET_DEBUG_BUILD=$(BUILD:-release=-debug) QEMU=$(call quote,$(QEMU)) \
	    PYTHONDONTWRITEBYTECODE=1 $(shell PYTHON=$(call quote,$(PYTHON)) tools/setup --python) -m pytest -c tests/pytest.ini --rootdir=. \
	    -n $(JOBS) --junitxml=build/junit.xml $(TESTS)

schedsim: build/schedsim

trace-page:
	@$(PYTHON3) tools/trace_page.py --template

soak: $(if $(call yes,$(DEBUG)),$(KERNEL) $(INITRD),debug-image)
	@$(PYTHON3) tools/soak.py --kernel=$(BUILD:-release=-debug)/kernel.elf \
	    --initrd=$(BUILD:-release=-debug)/initrd.cpio --qemu=$(call quote,$(QEMU)) \
	    --minutes=$(call quote,$(SOAK)) --seed=$(call quote,$(SOAK_SEED))

bench: $(KERNEL) $(INITRD)
	@$(PYTHON3) tools/bench.py --kernel=$(KERNEL) --initrd=$(INITRD) --qemu=$(call quote,$(QEMU)) \
	    --only=$(call quote,$(OPS)) --base=$(call quote,$(BASE)) --json=$(call quote,$(JSON)) \
	    --harts=$(call quote,$(HARTS)) --jobs=$(JOBS) --toolchain=$(call quote,$(TOOLCHAIN) $(COMPILER_VERSION))

profile: $(KERNEL) $(INITRD)
	@$(PYTHON3) tools/profile_op.py --kernel=$(KERNEL) --initrd=$(INITRD) --qemu=$(call quote,$(QEMU)) \
	    $(call quote,$(OP))

show-build:
	@echo $(BUILD)

show-image:
	@echo $(IMAGE_DIR)

clean:
	rm -rf build compile_commands.json
