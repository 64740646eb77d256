/*
 * The ns16550a: bytes in and out through its FIFOs, driven by its interrupts. Called by main.c alone.
 * It never waits for the device. Source: PC16550D data sheet (National Semiconductor), section 8.
 */
#include "console.h"

#include <kinglet/system.h>

enum { /* registers, one byte each */
    UART_DATA = 0,
    UART_INTERRUPTS = 1,
    UART_FIFO = 2,
    UART_LINE = 3,
    UART_MODEM = 4,
    UART_STATUS = 5,
};

#define INTERRUPT_RECEIVED 0x01
#define INTERRUPT_SENT 0x02
#define FIFO_ENABLE 0x01 /* clearing neither: the kernel's last words, and what was typed meanwhile */
#define LINE_8N1 0x03
#define MODEM_ON 0x0b /* ready, and the interrupt line let through */
#define STATUS_RECEIVED 0x01
#define STATUS_FIFO_EMPTY 0x20
#define STATUS_ALL_SENT 0x40

#define FIFO_BYTES 16
#define BYTES_AT_ONCE 256 /* received in one go: writers get their turn even while someone pastes a book */

static volatile uint8_t *registers;
static uint8_t interrupts;

int uart_start(int device)
{
    struct device_info info;
    int result = device_info(device, &info);

    if (result < 0)
        return result;
    registers = map(device, 0, info.size, MAP_READ | MAP_WRITE);
    if (registers == NULL)
        return -ENOMEM;
    registers[UART_INTERRUPTS] = 0;
    registers[UART_LINE] = LINE_8N1; /* the speed is the firmware's choice */
    registers[UART_FIFO] = FIFO_ENABLE;
    registers[UART_MODEM] = MODEM_ON;
    return 0;
}

void uart_service(void)
{
    int received = 0;

    for (;;) {
        uint8_t status = registers[UART_STATUS];

        if ((status & STATUS_RECEIVED) != 0 && input_wanted() && received < BYTES_AT_ONCE) {
            input_byte(registers[UART_DATA]); /* the one byte that a death can lose */
            keep_commit();
            received++;
        } else if ((status & STATUS_FIFO_EMPTY) != 0 && !output_empty()) {
            for (int i = 0; i < FIFO_BYTES && !output_empty(); i++) {
                registers[UART_DATA] = output_next();
                output_sent();
            }
        } else {
            break;
        }
    }

    uint8_t wanted = (input_wanted() ? INTERRUPT_RECEIVED : 0) | (output_empty() ? 0 : INTERRUPT_SENT);

    if (wanted != interrupts) {
        interrupts = wanted;
        registers[UART_INTERRUPTS] = wanted;
    }
}

bool uart_idle(void)
{
    return (registers[UART_STATUS] & STATUS_ALL_SENT) != 0;
}
