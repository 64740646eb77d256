/*
 * Threads: see <kinglet/thread.h>. A thread's memory is one private mapping: its stack, above it what it starts with,
 * above that its _Thread_local variables, to which tp points. The kernel unmaps it as the thread's last act.
 */
#include "ecall.h"
#include "internal.h"
#include "lock.h"
#include <kinglet/thread.h>
#include <kinglet/system.h>
#include <stdlib.h>
#include <string.h>

#define TLS_ALIGN 64 /* as in linker/user.ld */

extern char __tls_image[], __tls_image_bytes[], __tls_bytes[]; /* the last two: their addresses are numbers */

struct beginning {
    void *(*function)(void *);
    void *argument;
    void *stack;
    uint64_t bytes;
};

static _Thread_local struct beginning mine; /* all 0 in the first thread, whose stack is the kernel's business */

_Noreturn static void begin(const struct beginning *beginning)
{
    mine = *beginning;
    thread_exit(mine.function(mine.argument));
}

int thread_create(void *(*function)(void *), void *argument)
{
    uint64_t tls = (uint64_t)__tls_bytes;
    uint64_t bytes = (THREAD_STACK + sizeof(struct beginning) + tls + 2 * TLS_ALIGN + 4095) & ~(uint64_t)4095;
    long stack = ecall6(SYS_map, MAP_PRIVATE, 0, ARGUMENT(bytes), MAP_READ | MAP_WRITE, 0, 0);
    if (stack < 0)
        return (int)stack;
    char *tp = (char *)(((uint64_t)stack + bytes - tls) & ~(uint64_t)(TLS_ALIGN - 1));
    memcpy(tp, __tls_image, (uint64_t)__tls_image_bytes); /* the rest is zero */
    struct beginning *beginning = (struct beginning *)(tp - sizeof *beginning);
    *beginning = (struct beginning){function, argument, (void *)stack, bytes};
    libc_threaded = true;
    long tid = ecall6(SYS_thread_create, ARGUMENT(begin), ARGUMENT(beginning), ARGUMENT(beginning), ARGUMENT(tp), 0, 0);
    if (tid < 0)
        unmap((void *)stack, bytes);
    return (int)tid;
}

int thread_join(int tid, void **value)
{
    uint64_t result;
    int error = (int)ecall2(SYS_thread_join, tid, ARGUMENT(&result));
    if (!error && value)
        *value = (void *)result;
    return error;
}

int thread_detach(int tid)
{
    return (int)ecall1(SYS_thread_detach, tid);
}

_Noreturn void thread_exit(void *value)
{
    ecall6(SYS_thread_exit, ARGUMENT(value), ARGUMENT(mine.stack), ARGUMENT(mine.bytes), THREAD_TELL_LAST, 0, 0);
    exit(0); /* it came back: this is the last thread */
}

int thread_self(void)
{
    return self_tid();
}

static struct libc_lock exit_lock;

void libc_exit_lock(void)
{
    libc_lock(&exit_lock);
}

void libc_exit_unlock(void)
{
    libc_unlock(&exit_lock);
}
