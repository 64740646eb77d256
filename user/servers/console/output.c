/*
 * The ring of bytes on their way to the UART, in the order in which they were written or echoed.
 * Filled by park.c (writers) and line.c (echo), emptied by uart.c. Never blocks.
 */
#include "console.h"

#define ECHO_BYTES 256u

bool output_empty(void)
{
    return now.put == kept->sent;
}

size_t output_room(void)
{
    uint32_t used = now.put - kept->sent;

    return used < RING_BYTES - ECHO_BYTES ? RING_BYTES - ECHO_BYTES - used : 0;
}

void output_byte(uint8_t byte)
{
    kept->ring[now.put++ % RING_BYTES] = byte;
}

void output_echo(const char *text, size_t n)
{
    for (size_t i = 0; i < n && now.put - kept->sent <= RING_BYTES - 2; i++) {
        if (text[i] == '\n')
            output_byte('\r');
        output_byte((uint8_t)text[i]);
    }
}

uint8_t output_next(void)
{
    return kept->ring[kept->sent % RING_BYTES];
}

void output_sent(void)
{
    kept->sent++;
}
