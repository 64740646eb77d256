/*
 * The trace port: a virtio console whose port 0 QEMU writes to a file. Of it only the queue of what is sent is
 * used. Called by main.c alone. Never waits for the device, but at its reset.
 * Source: Virtual I/O Device (VIRTIO) 1.1, sections 2.6 (split queues), 4.2 (MMIO), 5.3 (console).
 *
 * The device reads memory by itself, also when the driver that asked for it is dead. So the queue lies in the
 * page that stays the device's for ever (device_memory), and the first thing a driver does is to reset the device:
 * only then is it sure that nobody else looks at the page. What the queue points to is that page and the kernel's
 * rings, which stay where they are.
 */
#include "tracer.h"

#include <kinglet/system.h>
#include <string.h>

enum { /* registers, 32 bits each; of version 2 */
    MAGIC = 0x000,
    VERSION = 0x004,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SELECT = 0x024,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SELECT = 0x014,
    QUEUE_SELECT = 0x030,
    QUEUE_SIZE_MAX = 0x034,
    QUEUE_SIZE = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    STATUS = 0x070,
    QUEUE_DESCRIPTORS = 0x080, /* these three: low half, then high half */
    QUEUE_AVAILABLE = 0x090,
    QUEUE_USED = 0x0a0,
};

#define MAGIC_VALUE 0x74726976u /* "virt" */
#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER 2
#define STATUS_DRIVER_OK 4
#define STATUS_FEATURES_OK 8
#define FEATURE_VERSION_1_HIGH 1u /* bit 32: the device is of virtio 1 and later. No other feature is wanted. */
#define TRANSMIT_QUEUE 1          /* of port 0 */
#define QUEUE_ENTRIES 4           /* one chain of two is on its way at a time */
#define DESCRIPTOR_NEXT 1
#define AVAILABLE_NO_INTERRUPT 1
#define PAGE 4096

/* The device's page. */
struct queue {
    struct {
        uint64_t address;
        uint32_t length;
        uint16_t flags, next;
    } descriptor[QUEUE_ENTRIES];
    struct {
        uint16_t flags, index, ring[QUEUE_ENTRIES], used_event;
    } available;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t id, length;
        } ring[QUEUE_ENTRIES];
        uint16_t available_event;
    } used __attribute__((aligned(4)));
    char head[PORT_HEAD] __attribute__((aligned(64)));
};

static volatile uint32_t *registers;
static volatile struct queue *queue;
static uint64_t queue_physical;
static int port_device;

/* Memory before registers, and the other way round. */
static void barrier(void)
{
    __asm__ volatile("fence iorw, iorw" : : : "memory");
}

static uint32_t get(int at)
{
    return registers[at / 4];
}

static void set(int at, uint32_t value)
{
    registers[at / 4] = value;
}

static void set_address(int at, size_t offset)
{
    set(at, (uint32_t)(queue_physical + offset));
    set(at + 4, (uint32_t)((queue_physical + offset) >> 32));
}

static void reset(void)
{
    set(STATUS, 0);
    while (get(STATUS) != 0)
        ; /* it has promised to be done soon (section 4.2.2.1) */
    barrier();
}

/* The handshake of section 3.1.1. */
static int set_up(void)
{
    set(STATUS, STATUS_ACKNOWLEDGE);
    set(STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    set(DEVICE_FEATURES_SELECT, 1);
    if ((get(DEVICE_FEATURES) & FEATURE_VERSION_1_HIGH) == 0)
        return -ENODEV;
    set(DRIVER_FEATURES_SELECT, 1);
    set(DRIVER_FEATURES, FEATURE_VERSION_1_HIGH);
    set(DRIVER_FEATURES_SELECT, 0);
    set(DRIVER_FEATURES, 0);
    set(STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
    if ((get(STATUS) & STATUS_FEATURES_OK) == 0)
        return -ENODEV;
    set(QUEUE_SELECT, TRANSMIT_QUEUE);
    if (get(QUEUE_SIZE_MAX) < QUEUE_ENTRIES || get(QUEUE_READY) != 0)
        return -ENODEV;
    set(QUEUE_SIZE, QUEUE_ENTRIES);
    set_address(QUEUE_DESCRIPTORS, offsetof(struct queue, descriptor));
    set_address(QUEUE_AVAILABLE, offsetof(struct queue, available));
    set_address(QUEUE_USED, offsetof(struct queue, used));
    set(QUEUE_READY, 1);
    set(STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
    return 0;
}

int port_start(int device, int channel, uint64_t bit)
{
    int memory;

    port_device = device;
    registers = map(device, 0, PAGE, MAP_READ | MAP_WRITE);
    if (registers == NULL)
        return -ENOMEM;
    if (get(MAGIC) != MAGIC_VALUE || get(VERSION) != 2)
        return -ENODEV;
    reset();
    memory = device_memory(device, &queue_physical);
    if (memory < 0)
        return memory;
    queue = map(memory, 0, PAGE, MAP_READ | MAP_WRITE);
    if (queue == NULL)
        return -ENOMEM;
    memset((void *)queue, 0, sizeof *queue);
    queue->available.flags = AVAILABLE_NO_INTERRUPT;

    int result = set_up();

    return result < 0 ? result : interrupt_bind(device, channel, bit);
}

bool port_idle(void)
{
    bool idle = queue->used.index == queue->available.index;

    barrier();
    return idle;
}

void port_send(const void *head, size_t head_bytes, uint64_t physical, size_t bytes)
{
    memcpy((void *)queue->head, head, head_bytes);
    queue->descriptor[0].address = queue_physical + offsetof(struct queue, head);
    queue->descriptor[0].length = (uint32_t)head_bytes;
    queue->descriptor[0].flags = bytes != 0 ? DESCRIPTOR_NEXT : 0;
    queue->descriptor[0].next = 1;
    queue->descriptor[1].address = physical;
    queue->descriptor[1].length = (uint32_t)bytes;
    queue->available.ring[queue->available.index % QUEUE_ENTRIES] = 0;
    queue->available.flags = AVAILABLE_NO_INTERRUPT; /* QEMU's is done when the notification returns */
    barrier();
    queue->available.index++;
    barrier();
    set(QUEUE_NOTIFY, TRANSMIT_QUEUE);
    if (!port_idle()) {
        queue->available.flags = 0;
        barrier(); /* the caller looks once more: it is done by then, or the interrupt will come */
    }
}

void port_interrupt(void)
{
    set(INTERRUPT_ACK, get(INTERRUPT_STATUS));
    interrupt_ack(port_device);
}
