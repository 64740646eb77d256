/*
 * The small kinds of object: memory objects, devices, the machine, processes; and what ipc does when
 * a process forks, execs or ends.
 */
#ifndef KERNEL_IPC_THINGS_H
#define KERNEL_IPC_THINGS_H

#include "ipc/handle.h"
#include "mem/segment.h"

#include <kinglet/syscall.h>

/* memory.c: memory that can be mapped */
struct memory {
    struct object object;
    uint64_t bytes;          /* constant, as are the others */
    struct segment *segment; /* or NULL: physical memory */
    uint64_t phys;
    bool writable;           /* physical memory that may be mapped for writing */
};
extern const struct object_ops memory_ops;
/* Physical memory; takes over one reference on each of the frames. NULL: out of memory. */
struct memory *memory_create(uint64_t phys, uint64_t bytes);
/* A segment of so many bytes (page-aligned, not 0), paid for by the job of the current process. NULL: no memory,
 * or the job's limit. */
struct memory *memory_create_segment(uint64_t bytes);
uint64_t memory_objects_live(void);          /* segments count apart from the handles on them */
int memory_charge(void *payer, int64_t pages); /* mem_upcalls.segment_charge */
void memory_freed(void *payer);              /* mem_upcalls.segment_freed */

/* device.c: registers and an interrupt, claimed by one holder of the machine handle at a time. TRACE_DEVICE is one
 * of the kernel's own making: its registers are trace_area, read-only, and its interrupt says that there is
 * something to read in the rings. */
extern const struct object_ops machine_ops, device_ops;
struct object *machine_object(void);
struct device;
int device_claim(const char *compatible, unsigned index); /* -> handle; -ENODEV, -EBUSY, -ENOMEM, -EMFILE */
const struct device_info *device_describe(struct object *o);
bool device_read_only(struct object *o);
/* The page of memory that the device may read and write by itself: with a reference, always the same one, full of
 * zeroes at first. It stays the device's when driver and handles are gone, for the device may be at work on it
 * until the next driver has reset it. NULL: out of memory. */
struct memory *device_memory(struct object *o);
struct channel;
int device_bind(struct object *o, struct channel *ch, uint64_t bits); /* -ENODEV: it has no interrupt */
int device_ack(struct object *o);                                     /* -EPERM: not bound by this process */
void device_interrupt(unsigned source);    /* trap_upcalls.interrupt */
void device_trace_due(void);               /* proc_upcalls.trace_due */
void devices_unbind(struct proc *p);       /* p has ended: its interrupts are off */
void devices_init(void);

/* process_handle.c */
int process_handle_open(int32_t pid); /* -> handle; -ESRCH, -ENOMEM, -EMFILE */
uint64_t process_handles_live(void);

/* hooks.c: proc_upcalls */
int ipc_fork(struct proc *parent, struct proc *child);
void ipc_thread(struct proc *leader, struct proc *thread);
void ipc_exec(struct proc *p);
void ipc_park(struct proc *p);
void ipc_exit(struct proc *p);

#endif
