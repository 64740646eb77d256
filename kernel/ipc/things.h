/*
 * The small kinds of object: memory objects, devices, the machine, processes; and what ipc does when
 * a process forks, execs or ends.
 */
#ifndef KERNEL_IPC_THINGS_H
#define KERNEL_IPC_THINGS_H

#include "ipc/handle.h"

#include <kinglet/syscall.h>

/* memory.c: physical memory that can be mapped. Now the initrd; shared memory is to come. */
struct memory {
    struct object object;
    uint64_t phys, bytes;
};
extern const struct object_ops memory_ops;
struct memory *memory_create(uint64_t phys, uint64_t bytes); /* NULL: out of memory */

/* device.c: registers and an interrupt, claimed by one holder of the machine handle at a time */
extern const struct object_ops machine_ops, device_ops;
struct object *machine_object(void);
struct device;
int device_claim(const char *compatible, unsigned index); /* -> handle; -ENODEV, -EBUSY, -ENOMEM, -EMFILE */
const struct device_info *device_describe(struct object *o);
struct channel;
int device_bind(struct object *o, struct channel *ch, uint64_t bits); /* -ENODEV: it has no interrupt */
int device_ack(struct object *o);                                     /* -EPERM: not bound by this process */
void device_interrupt(unsigned source);    /* trap_upcalls.interrupt */
void devices_unbind(struct proc *p);       /* p has ended: its interrupts are off */
void devices_init(void);

/* process_handle.c */
int process_handle_open(int32_t pid); /* -> handle; -ESRCH, -ENOMEM, -EMFILE */
uint64_t process_handles_live(void);

/* hooks.c: proc_upcalls */
int ipc_fork(struct proc *parent, struct proc *child);
void ipc_exec(struct proc *p);
void ipc_exit(struct proc *p);

#endif
