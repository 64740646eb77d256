# Builds the image: kernel.elf with its symbol table, libc, libmp, the programs, initrd.cpio.
# Sources are found by looking: a new .c file in its folder is all it takes. Everything goes to
# build/<toolchain>-<release|debug>/, and programs given by EXTRA to a folder below that. Of those, the ones
# that include "kernel/types.h" or "user/user.h" are xv6 programs: built with lib/xv6 in place of libc, and put
# into the root directory, which then looks as it does on xv6 (docs/xv6.md).

BUILD := $(BUILD_ROOT)/$(TOOLCHAIN)-$(if $(call yes,$(DEBUG)),debug,release)
KERNEL := $(BUILD)/kernel.elf
find_sources = $(sort $(shell find $(wildcard $(1)) -name '*.c' -o -name '*.S' 2>/dev/null))

# ---- what there is ----
KERNEL_SOURCES := $(call find_sources,kernel)
COMMON_SOURCES := $(call find_sources,lib/common)
CRT0_SOURCE := $(wildcard lib/libc/crt0.[cS])
LIBC_SOURCES := $(filter-out $(CRT0_SOURCE),$(call find_sources,lib/libc))
MP_SOURCES := $(call find_sources,lib/mp)
XV6_CRT0_SOURCE := lib/xv6/crt0.S
XV6_SOURCES := $(filter-out $(XV6_CRT0_SOURCE),$(call find_sources,lib/xv6))
USER_SOURCES := $(call find_sources,user/bin user/servers user/demo user/test user/bench)

KERNEL_OBJECTS := $(patsubst %,$(BUILD)/kernel/%.o,$(KERNEL_SOURCES) $(COMMON_SOURCES))
LIBC_OBJECTS := $(patsubst %,$(BUILD)/%.o,$(LIBC_SOURCES) $(COMMON_SOURCES))
CRT0 := $(patsubst %,$(BUILD)/%.o,$(CRT0_SOURCE))
MP_OBJECTS := $(patsubst %,$(BUILD)/%.o,$(MP_SOURCES))
XV6_OBJECTS := $(patsubst %,$(BUILD)/%.o,$(XV6_SOURCES))
XV6_CRT0 := $(patsubst %,$(BUILD)/%.o,$(XV6_CRT0_SOURCE))
USER_OBJECTS := $(patsubst %,$(BUILD)/%.o,$(USER_SOURCES))

# user/bin/ls.c and user/bin/sh/*.c are programs user/bin/ls and user/bin/sh.
PROGRAMS := $(sort $(foreach s,$(USER_SOURCES),$(subst $() ,/,$(wordlist 1,3,$(subst /, ,$(basename $(s)))))))
# Scripts and other files that go in as they are.
PLAIN_FILES := $(wildcard user/bin/*.sh user/demo/*.sh user/test/*.sh user/etc/*)
in_guest = $(patsubst servers/%,sbin/%,$(patsubst user/%,%,$(1)))

# ---- programs from elsewhere ----
# A pattern stands for what it matches; a file given twice is one program.
EXTRA_GIVEN := $(foreach f,$(EXTRA),$(or $(wildcard $(f)),$(f)))
EXTRA_MISSING := $(strip $(foreach f,$(EXTRA_GIVEN),$(if $(filter %.c,$(wildcard $(f))),,$(f))))
ifneq ($(EXTRA_MISSING),)
$(error EXTRA: no such C file: $(EXTRA_MISSING))
endif
EXTRA_FILES := $(sort $(abspath $(EXTRA_GIVEN)))
EXTRA_NAMES := $(basename $(notdir $(EXTRA_FILES)))
EXTRA_TWICE := $(strip $(foreach n,$(sort $(EXTRA_NAMES)),$(if $(word 2,$(filter $(n),$(EXTRA_NAMES))),$(n))))
ifneq ($(EXTRA_TWICE),)
$(error EXTRA: a program is named after its file, and two would be named $(firstword $(EXTRA_TWICE)); rename one of: \
    $(filter %/$(firstword $(EXTRA_TWICE)).c,$(EXTRA_FILES)))
endif
XV6_INCLUDES := ^[[:space:]]*\#[[:space:]]*include[[:space:]]*"(\.\./)?(kernel/types|user/user)\.h"
XV6_FILES := $(if $(EXTRA_FILES),$(abspath $(shell grep -lE '$(XV6_INCLUDES)' $(EXTRA_FILES))))
NATIVE_FILES := $(filter-out $(XV6_FILES),$(EXTRA_FILES))
# What an xv6 program finds in / besides: xv6's own programs, as far as they are not among EXTRA. `init` is
# made for it, the others are those of /bin by another name.
XV6_NAMES := $(basename $(notdir $(XV6_FILES)))
ROOT_DIRECTORIES := bin sbin demo test bench etc dev tmp
XV6_TAKEN := $(filter $(ROOT_DIRECTORIES) README console,$(XV6_NAMES))
ifneq ($(XV6_TAKEN),)
$(error EXTRA: xv6 programs go into /, where something else is named $(firstword $(XV6_TAKEN)); rename \
    $(filter %/$(firstword $(XV6_TAKEN)).c,$(XV6_FILES)))
endif
XV6_INIT := $(if $(XV6_FILES),$(if $(filter init,$(XV6_NAMES)),,user/xv6/init.c))
XV6_LINKS := $(if $(XV6_FILES),$(filter-out $(XV6_NAMES),cat echo grep kill ln ls mkdir rm sh wc))
IMAGE_DIR := $(BUILD)$(if $(EXTRA_FILES),/extra-$(firstword $(shell echo $(EXTRA_FILES) | cksum)))
INITRD := $(IMAGE_DIR)/initrd.cpio

# ---- stamps: other flags or another set of files build anew ----
remember = @mkdir -p $(@D); printf '%s\n' $(call quote,$(1)) | cmp -s - $@ || printf '%s\n' $(call quote,$(1)) >$@

$(BUILD)/flags: FORCE
	$(call remember,$(CC) $(COMPILER_VERSION) $(KERNEL_CFLAGS) / $(USER_CFLAGS) / $(XV6_CFLAGS) / $(LD) $(XV6_LDFLAGS))
$(BUILD)/files: FORCE
	$(call remember,$(KERNEL_SOURCES) $(COMMON_SOURCES) $(LIBC_SOURCES) $(MP_SOURCES) $(XV6_SOURCES) $(USER_SOURCES) $(PLAIN_FILES))

# ---- compiling ----
define compile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(1) -MMD -MP -c $< -o $@
endef

$(BUILD)/kernel/%.o: % $(BUILD)/flags
	$(call compile,$(KERNEL_CFLAGS))
# The one file that handles floating-point registers; its ABI stays the kernel's.
$(BUILD)/kernel/kernel/riscv/fp.S.o: KERNEL_CFLAGS := $(subst imac,imafdc,$(KERNEL_CFLAGS))
# lib/common may use <limits.h>, which a compiler alone does not have.
$(BUILD)/kernel/lib/%.o: lib/% $(BUILD)/flags
	$(call compile,$(KERNEL_CFLAGS) -idirafter lib/libc/include)
$(BUILD)/lib/xv6/%.o: lib/xv6/% $(BUILD)/flags
	$(call compile,$(XV6_CFLAGS) -Wextra $(filter -Werror,$(COMMON_CFLAGS)) -Ilib/common/include)
$(BUILD)/lib/%.o: lib/% $(BUILD)/flags
	$(call compile,$(USER_CFLAGS))
$(BUILD)/user/%.o: user/% $(BUILD)/flags
	$(call compile,$(USER_CFLAGS))

# ---- the kernel: linked with an empty symbol table, then with its own ----
KERNEL_LINK = $(LD) $(LDFLAGS) -T linker/kernel.ld $(KERNEL_OBJECTS)

$(BUILD)/ksyms0.S: tools/ksyms.py
	@mkdir -p $(@D)
	$(Q)$(PYTHON3) tools/ksyms.py table --output=$@
$(BUILD)/kernel0.elf: $(KERNEL_OBJECTS) $(BUILD)/ksyms0.o linker/kernel.ld $(BUILD)/files
	$(Q)$(KERNEL_LINK) $(BUILD)/ksyms0.o -o $@
$(BUILD)/ksyms.S: $(BUILD)/kernel0.elf tools/ksyms.py
	$(Q)$(PYTHON3) tools/ksyms.py table --kernel=$< --output=$@
$(BUILD)/ksyms0.o $(BUILD)/ksyms.o: %.o: %.S $(BUILD)/flags
	$(Q)$(CC) $(KERNEL_CFLAGS) -c $< -o $@
$(KERNEL): $(BUILD)/kernel0.elf $(BUILD)/ksyms.o
	$(call say,LD,$@)
	$(Q)$(KERNEL_LINK) $(BUILD)/ksyms.o -o $@
	$(Q)$(PYTHON3) tools/ksyms.py check --kernel=$< --linked=$@

# ---- libc, libmp and programs; of an archive each program gets what it uses ----
LIBC := $(if $(AR),$(BUILD)/libc.a)
# Without an archiver the linker gets the objects, to be used only as they are needed.
LIBC_LINK := $(or $(LIBC),--start-lib $(LIBC_OBJECTS) --end-lib)
LIBMP := $(if $(AR),$(BUILD)/libmp.a)
LIBMP_LINK := $(or $(LIBMP),--start-lib $(MP_OBJECTS) --end-lib)
LIBC_NEEDS := $(or $(LIBC),$(LIBC_OBJECTS)) $(or $(LIBMP),$(MP_OBJECTS))

$(BUILD)/libc.a: $(LIBC_OBJECTS) $(BUILD)/files
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(LIBC_OBJECTS)

$(BUILD)/libmp.a: $(MP_OBJECTS) $(BUILD)/files
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(MP_OBJECTS)

define link_program
	$(call say,LD,$@)
	$(Q)$(LD) $(LDFLAGS) -T linker/user.ld $(CRT0) $(filter %.o,$(filter-out $(CRT0) $(LIBC_OBJECTS) $(MP_OBJECTS),$^)) \
	    $(LIBMP_LINK) $(LIBC_LINK) $(LIBGCC) -o $@
endef

ELFS := $(patsubst %,$(BUILD)/%.elf,$(PROGRAMS))
$(ELFS): $(CRT0) $(LIBC_NEEDS) linker/user.ld $(BUILD)/files
	$(link_program)
$(foreach p,$(PROGRAMS),$(eval $(BUILD)/$(p).elf: \
    $(patsubst %,$(BUILD)/%.o,$(filter $(p).c $(p).S $(p)/%,$(USER_SOURCES)))))

define extra_program
$(IMAGE_DIR)/$(basename $(notdir $(1))).o: $(1) $(BUILD)/flags
	$$(call compile,$(USER_CFLAGS))
$(IMAGE_DIR)/$(basename $(notdir $(1))).elf: $(IMAGE_DIR)/$(basename $(notdir $(1))).o $(CRT0) $(LIBC_NEEDS) linker/user.ld
	$$(link_program)
endef
$(foreach f,$(NATIVE_FILES),$(eval $(call extra_program,$(f))))

# ---- xv6 programs ----
# The folder above the source's is looked into last: for headers of the program's own, as "user/mine.h". The
# stack gets one page at first, as on xv6, and more when it grows.
LIBXV6 := $(if $(AR),$(BUILD)/libxv6.a)
LIBXV6_NEEDS := $(or $(LIBXV6),$(XV6_OBJECTS))
LIBXV6_LINK := $(or $(LIBXV6),--start-lib $(XV6_OBJECTS) --end-lib)

$(BUILD)/libxv6.a: $(XV6_OBJECTS) $(BUILD)/files
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(XV6_OBJECTS)

define xv6_program
$(IMAGE_DIR)/$(basename $(notdir $(1))).o: $(1) $(BUILD)/flags
	$$(call compile,$(XV6_CFLAGS) -idirafter $(dir $(1))..)
$(IMAGE_DIR)/$(basename $(notdir $(1))).elf: $(IMAGE_DIR)/$(basename $(notdir $(1))).o $(XV6_CRT0) $(LIBXV6_NEEDS) linker/user.ld
	$$(call say,LD,$$@)
	$$(Q)$(LD) $(XV6_LDFLAGS) -T linker/user.ld $(XV6_CRT0) $$< $(LIBXV6_LINK) $(LIBGCC) -o $$@
endef
$(foreach f,$(XV6_FILES) $(abspath $(XV6_INIT)),$(eval $(call xv6_program,$(f))))
XV6_BUILT := $(XV6_NAMES) $(basename $(notdir $(XV6_INIT)))
NATIVE_NAMES := $(basename $(notdir $(NATIVE_FILES)))
EXTRA_ELFS := $(patsubst %,$(IMAGE_DIR)/%.elf,$(NATIVE_NAMES) $(XV6_BUILT))

# ---- the initial RAM disk ----
$(INITRD): $(ELFS) $(EXTRA_ELFS) $(PLAIN_FILES) user/README.txt tools/mkinitrd.py $(BUILD)/files
	$(call say,INITRD,$@)
	$(Q)$(PYTHON3) tools/mkinitrd.py --output=$@ $(addsuffix /,$(ROOT_DIRECTORIES)) README=user/README.txt \
	    $(foreach p,$(PROGRAMS),$(call in_guest,$(p))=$(BUILD)/$(p).elf) 'bin/[=$(BUILD)/user/bin/test.elf' \
	    $(foreach f,$(PLAIN_FILES),$(call in_guest,$(f))=$(f)) \
	    $(foreach n,$(NATIVE_NAMES),bin/$(n)=$(IMAGE_DIR)/$(n).elf) \
	    $(foreach n,$(XV6_BUILT),$(n)=$(IMAGE_DIR)/$(n).elf) $(if $(XV6_FILES),console=char:1:1) \
	    $(foreach n,$(XV6_LINKS),$(n)=$(if $(filter $(n),$(NATIVE_NAMES)),$(IMAGE_DIR),$(BUILD)/user/bin)/$(n).elf)

# ---- for editors ----
compile_commands.json: $(BUILD)/flags $(BUILD)/files tools/compile_commands.py
	$(Q)$(PYTHON3) tools/compile_commands.py --output=$@ \
	    --group $(call quote,$(CC) $(KERNEL_CFLAGS)) $(KERNEL_SOURCES) \
	    --group $(call quote,$(CC) $(USER_CFLAGS)) $(COMMON_SOURCES) $(CRT0_SOURCE) $(LIBC_SOURCES) $(MP_SOURCES) $(USER_SOURCES) \
	    --group $(call quote,$(CC) $(XV6_CFLAGS) -Ilib/common/include) $(XV6_CRT0_SOURCE) $(XV6_SOURCES) user/xv6/init.c

-include $(patsubst %.o,%.d,$(KERNEL_OBJECTS) $(LIBC_OBJECTS) $(CRT0) $(MP_OBJECTS) $(XV6_OBJECTS) $(USER_OBJECTS)) $(EXTRA_ELFS:.elf=.d)
