# The scheduler simulator (docs/schedsim.md), a program for this machine. It is made of the kernel's own policies.

HOST_CC ?= cc
TRACE_PAGE := $(abspath build/host/trace_page.html)
# A new policy is found by itself.
SCHEDSIM_SOURCES := $(wildcard tools/schedsim/*.c) lib/common/heap.c \
    kernel/sched/policy.c $(shell grep -lw ^SCHED_POLICY kernel/sched/*.c)
SCHEDSIM_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra $(if $(call yes,$(STRICT_WARNINGS)),-Werror) \
    -Ikernel -Ilib/common/include -DTRACE_PAGE_TEMPLATE='"$(TRACE_PAGE)"'

build/host/schedsim.sources: FORCE
	$(call remember,$(HOST_CC) $(SCHEDSIM_CFLAGS) $(SCHEDSIM_SOURCES))

build/schedsim: $(SCHEDSIM_SOURCES) $(wildcard tools/schedsim/*.h) kernel/sched/policy.h \
    $(wildcard lib/common/include/common/*.h) lib/common/include/kinglet/process.h \
    lib/common/include/kinglet/trace.h mk/schedsim.mk build/host/schedsim.sources
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(SCHEDSIM_CFLAGS) $(SCHEDSIM_SOURCES) -o $@.$$$$ && mv $@.$$$$ $@

.PHONY: show-schedsim trace-page

show-schedsim:
	@echo $(SCHEDSIM_SOURCES)
