/*
 * Devices as handles: their registers can be mapped, their interrupt becomes a notification on a channel.
 * An interrupt stays masked from its arrival until its driver acknowledges it; when the driver dies it is
 * completed and then disabled, in this order, since the PLIC ignores completion of a disabled source.
 */
#include "ipc/channel.h"
#include "ipc/things.h"
#include "mem/cache.h"
#include "riscv/machine.h"
#include "riscv/plic.h"
#include "riscv/sv39.h"
#include "riscv/trace_point.h"

#include <common/string.h>

#define INTERRUPT_HART 0 /* the boot hart takes the interrupts of all devices */

struct device {
    struct object object;
    struct device_info info; /* constant */

    /* device_lock */
    struct list_node node;
    bool claimed;
    struct memory *memory;   /* device_memory, or NULL; kept for ever */
    struct proc *driver;     /* who gets the interrupts (compared only), or NULL */
    struct channel *channel; /* counted in its uses */
    uint64_t bits;
    bool pending;            /* claimed from the PLIC, not completed yet */
};

/* Ranks above the channel's: notify is called with it held. */
static struct spinlock device_lock = SPINLOCK_INIT("devices", LOCK_DEVICES);
static struct list devices;
static struct cache device_cache = CACHE("device", struct device);

void devices_init(void)
{
    list_init(&devices);
}

static void unbind(struct device *d) /* device_lock is held */
{
    if (!d->channel)
        return;
    if (d->pending)
        plic_complete(d->info.interrupt, INTERRUPT_HART);
    if (d->info.interrupt)
        plic_disable(d->info.interrupt);
    d->pending = false;
    d->driver = NULL;
    channel_put(d->channel);
    d->channel = NULL;
}

static void device_release(struct object *o)
{
    struct device *d = container_of(o, struct device, object);
    spin_lock(&device_lock);
    unbind(d);
    d->claimed = false;
    bool keep = d->memory != NULL;
    if (!keep)
        list_remove(&d->node);
    spin_unlock(&device_lock);
    if (!keep)
        cache_free(&device_cache, d);
}

const struct object_ops device_ops = {.name = "device", .release = device_release};

static bool is_trace(const struct device_info *info)
{
    return info->base == virt_to_phys(&trace_area);
}

static bool find(const char *compatible, unsigned index, struct device_info *info)
{
    if (strcmp(compatible, TRACE_DEVICE) != 0)
        return machine_find_device(compatible, index, info);
    memset(info, 0, sizeof *info);
    strlcpy(info->compatible, compatible, sizeof info->compatible);
    info->base = virt_to_phys(&trace_area);
    info->size = sizeof trace_area;
    return index == 0 && trace_area.records != 0;
}

/* The device at this place, which may have been given up by its driver but have memory. device_lock is held. */
static struct device *known(uint64_t base)
{
    struct list_node *node;
    list_for_each(node, &devices)
        if (list_entry(node, struct device, node)->info.base == base)
            return list_entry(node, struct device, node);
    return NULL;
}

int device_claim(const char *compatible, unsigned index)
{
    struct device *d = cache_alloc(&device_cache);
    if (!d)
        return -ENOMEM;
    if (!find(compatible, index, &d->info)) {
        cache_free(&device_cache, d);
        return -ENODEV;
    }
    spin_lock(&device_lock);
    struct device *old = known(d->info.base), *claimed = old ? old : d;
    bool taken = claimed->claimed;
    if (!taken) {
        claimed->claimed = true;
        object_init(&claimed->object, &device_ops);
    }
    if (!old)
        list_push_back(&devices, &d->node);
    spin_unlock(&device_lock);
    if (old)
        cache_free(&device_cache, d);
    return taken ? -EBUSY : handle_add(&claimed->object, 0);
}

const struct device_info *device_describe(struct object *o)
{
    return &container_of(o, struct device, object)->info;
}

bool device_read_only(struct object *o)
{
    return is_trace(device_describe(o));
}

struct memory *device_memory(struct object *o)
{
    struct device *d = container_of(o, struct device, object);
    struct frame *frame = frame_alloc();
    struct memory *made = frame ? memory_create(frame_phys(frame), PAGE_SIZE) : NULL;
    if (made) {
        frame_zero(frame);
        made->writable = true;
    } else if (frame) {
        frame_free(frame);
    }
    spin_lock(&device_lock);
    bool first = !d->memory;
    if (first)
        d->memory = made;
    struct memory *memory = d->memory;
    if (memory)
        object_get(&memory->object);
    spin_unlock(&device_lock);
    if (!first && made)
        object_put(&made->object);
    return memory;
}

int device_bind(struct object *o, struct channel *ch, uint64_t bits)
{
    struct device *d = container_of(o, struct device, object);
    if (!d->info.interrupt && !is_trace(&d->info))
        return -ENODEV;
    if (!bits)
        return -EINVAL;
    spin_lock(&device_lock);
    unbind(d);
    atomic_fetch_add(&ch->uses, 1);
    d->channel = ch;
    d->bits = bits;
    d->driver = this_proc();
    if (d->info.interrupt)
        plic_enable(d->info.interrupt, INTERRUPT_HART);
    spin_unlock(&device_lock);
    return 0;
}

int device_ack(struct object *o)
{
    struct device *d = container_of(o, struct device, object);
    int result = 0;
    spin_lock(&device_lock);
    if (d->driver != this_proc()) {
        result = -EPERM;
    } else if (d->pending) {
        d->pending = false;
        plic_complete(d->info.interrupt, INTERRUPT_HART);
    }
    spin_unlock(&device_lock);
    return result;
}

void device_interrupt(unsigned source)
{
    struct list_node *node;
    bool found = false;
    TRACE(interrupt, 0, 0, source);
    spin_lock(&device_lock);
    list_for_each(node, &devices) {
        struct device *d = list_entry(node, struct device, node);
        if (d->info.interrupt == source && d->channel) {
            d->pending = true;
            channel_notify(d->channel, d->bits);
            found = true;
        }
    }
    if (!found) { /* nobody's, or its driver has just gone: quiet it, so that it cannot storm */
        /* unbind, on another hart, may have disabled it after we claimed it, and a completion would then be ignored:
         * the source would stay claimed for ever, whoever drives it next. */
        plic_enable(source, this_hart()->index);
        plic_complete(source, this_hart()->index);
        plic_disable(source);
    }
    spin_unlock(&device_lock);
}

void device_trace_due(void)
{
    spin_lock(&device_lock);
    struct device *d = known(virt_to_phys(&trace_area));
    if (d && d->channel)
        channel_notify(d->channel, d->bits);
    spin_unlock(&device_lock);
}

void devices_unbind(struct proc *p)
{
    struct list_node *node;
    spin_lock(&device_lock);
    list_for_each(node, &devices) {
        struct device *d = list_entry(node, struct device, node);
        if (d->driver == p)
            unbind(d);
    }
    spin_unlock(&device_lock);
}

/* ---- the machine: the right to claim devices, which init has and may hand on ---- */

static void machine_release(struct object *o)
{
    (void)o; /* there is one, and it is not made of memory */
}

const struct object_ops machine_ops = {.name = "machine", .release = machine_release};

struct object *machine_object(void)
{
    static struct object machine_handle;
    if (!machine_handle.ops)
        object_init(&machine_handle, &machine_ops);
    object_get(&machine_handle);
    return &machine_handle;
}
