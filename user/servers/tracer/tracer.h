/*
 * What the parts of the tracer share. main.c reads the rings and has the loop, port.c drives the device.
 */
#ifndef TRACER_H
#define TRACER_H

#include <kinglet/trace.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What outlives the tracer: see servers/store.h. */
struct kept {
    uint64_t served;                /* init's */
    uint64_t sent[TRACE_MAX_HARTS]; /* records of each hart that are out, or lost */
};

/* ---- port.c ---- */

/* Reset the device and set it up; its interrupt comes to the channel as `bit`. 0 or a negative errno. */
int port_start(int device, int channel, uint64_t bit);
/* Whether what was sent last is out. */
bool port_idle(void);
/* Send up to PORT_HEAD bytes, and `bytes` at a physical address behind them. The port must be idle; it may be idle
 * again on return, or say so later by its interrupt. */
#define PORT_HEAD 64
void port_send(const void *head, size_t head_bytes, uint64_t physical, size_t bytes);
/* The interrupt has come. */
void port_interrupt(void);

#endif
