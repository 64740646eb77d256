/*
 * The ring of bytes on their way to the UART, in the order in which they were written or echoed.
 * Filled by main.c (writers) and line.c (echo), emptied by uart.c. Never blocks.
 */
#include "console.h"

#define RING_BYTES 16384u /* a power of two */
#define ECHO_BYTES 256u

static uint8_t ring[RING_BYTES];
static uint32_t put, taken; /* count on and on; their difference is what is in the ring */

bool output_empty(void)
{
    return put == taken;
}

size_t output_room(void)
{
    uint32_t used = put - taken;

    return used < RING_BYTES - ECHO_BYTES ? RING_BYTES - ECHO_BYTES - used : 0;
}

void output_byte(uint8_t byte)
{
    ring[put++ % RING_BYTES] = byte;
}

void output_echo(const char *text, size_t n)
{
    for (size_t i = 0; i < n && put - taken <= RING_BYTES - 2; i++) {
        if (text[i] == '\n')
            output_byte('\r');
        output_byte((uint8_t)text[i]);
    }
}

uint8_t output_take(void)
{
    return ring[taken++ % RING_BYTES];
}
