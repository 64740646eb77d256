/*
 * Kinglet's system calls for channels and devices (<kinglet/system.h>). receive and reply_receive
 * return a whole message in a0..a7, so they have assembly of their own.
 */
#include "ecall.h"
#include <kinglet/system.h>

int channel_create(int rank)
{
    return (int)ecall1(SYS_channel_create, rank);
}

int channel_connect(int channel, uint64_t cookie, int session_flags)
{
    return (int)ecall3(SYS_channel_connect, channel, ARGUMENT(cookie), session_flags);
}

int channel_serve(int channel, void *buffer, size_t bytes)
{
    return (int)ecall3(SYS_channel_serve, channel, ARGUMENT(buffer), ARGUMENT(bytes));
}

/* The eight registers that carry a reply in (a0..a6, and the number in a7) and a message out. */
struct registers {
    long a[8];
};

static inline void ecall_message(struct registers *in_out)
{
    register long a0 __asm__("a0") = in_out->a[0];
    register long a1 __asm__("a1") = in_out->a[1];
    register long a2 __asm__("a2") = in_out->a[2];
    register long a3 __asm__("a3") = in_out->a[3];
    register long a4 __asm__("a4") = in_out->a[4];
    register long a5 __asm__("a5") = in_out->a[5];
    register long a6 __asm__("a6") = in_out->a[6];
    register long a7 __asm__("a7") = in_out->a[7];
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7)
                     :
                     : "memory");
    *in_out = (struct registers){{a0, a1, a2, a3, a4, a5, a6, a7}};
}

static inline struct registers reply_registers(long number, int channel, const struct reply *reply)
{
    return (struct registers){{channel, ARGUMENT(reply->token), reply->status, ARGUMENT(reply->data),
                               ARGUMENT(reply->length), ARGUMENT(reply->extra), ARGUMENT(reply->flags),
                               number}};
}

static inline void message_from(struct message *message, const struct registers *registers)
{
    *message = (struct message){
        .op = registers->a[0],
        .token = (uint64_t)registers->a[1],
        .cookie = (uint64_t)registers->a[2],
        .arg0 = (uint64_t)registers->a[3],
        .arg1 = (uint64_t)registers->a[4],
        .arg2 = (uint64_t)registers->a[5],
        .info = (uint64_t)registers->a[6],
        .inlined = (uint64_t)registers->a[7],
    };
}

void receive(int channel, struct message *message)
{
    struct registers registers = {{channel, 0, 0, 0, 0, 0, 0, SYS_receive}};
    ecall_message(&registers);
    message_from(message, &registers);
}

void reply_receive(int channel, const struct reply *reply, struct message *message)
{
    struct registers registers = reply_registers(SYS_reply_receive, channel, reply);
    ecall_message(&registers);
    message_from(message, &registers);
}

int64_t reply(int channel, const struct reply *reply)
{
    struct registers registers = reply_registers(SYS_reply, channel, reply);
    ecall_message(&registers);
    return registers.a[0];
}

int64_t grant_read(int channel, uint64_t token, uint64_t offset, void *buffer, size_t bytes)
{
    return ecall6(SYS_grant_read, channel, ARGUMENT(token), ARGUMENT(offset), ARGUMENT(buffer),
                  ARGUMENT(bytes), 0);
}

int64_t grant_write(int channel, uint64_t token, uint64_t offset, const void *buffer, size_t bytes)
{
    return ecall6(SYS_grant_write, channel, ARGUMENT(token), ARGUMENT(offset), ARGUMENT(buffer),
                  ARGUMENT(bytes), 0);
}

int session_ready(int channel, uint64_t cookie, int poll_bits)
{
    return (int)ecall3(SYS_session_ready, channel, ARGUMENT(cookie), poll_bits);
}

int64_t channel_sessions(int channel, uint64_t *cookies, size_t n)
{
    return ecall3(SYS_channel_sessions, channel, ARGUMENT(cookies), ARGUMENT(n));
}

int channel_keep(int channel, uint64_t key, int session)
{
    return (int)ecall3(SYS_channel_keep, channel, ARGUMENT(key), session);
}

int channel_kept(int channel, uint64_t from, uint64_t *key)
{
    return (int)ecall3(SYS_channel_kept, channel, ARGUMENT(from), ARGUMENT(key));
}

int64_t call_words(int session, int64_t op, const uint64_t words[3], void *buffer, size_t bytes, int flags)
{
    register long a0 __asm__("a0") = session;
    register long a1 __asm__("a1") = op;
    register long a2 __asm__("a2") = ARGUMENT(words[0]);
    register long a3 __asm__("a3") = ARGUMENT(words[1]);
    register long a4 __asm__("a4") = ARGUMENT(buffer);
    register long a5 __asm__("a5") = ARGUMENT(bytes | (uint64_t)flags << 56);
    register long a6 __asm__("a6") = ARGUMENT(words[2]);
    register long a7 __asm__("a7") = SYS_call;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a6), "r"(a7)
                     : "memory");
    return a0;
}

int64_t call(int session, int op, uint64_t arg0, uint64_t arg1, void *buffer, size_t bytes, int flags)
{
    const uint64_t words[3] = {arg0, arg1, 0};
    return call_words(session, op, words, buffer, bytes, flags);
}

int notify(int channel, uint64_t bits)
{
    return (int)ecall2(SYS_notify, channel, ARGUMENT(bits));
}

int channel_timer(int channel, uint64_t bits, uint64_t ns)
{
    return (int)ecall3(SYS_channel_timer, channel, ARGUMENT(bits), ARGUMENT(ns));
}

int device_claim(int machine, const char *compatible, int index)
{
    return (int)ecall3(SYS_device_claim, machine, ARGUMENT(compatible), index);
}

int device_info(int device, struct device_info *info)
{
    return (int)ecall2(SYS_device_info, device, ARGUMENT(info));
}

int interrupt_bind(int device, int channel, uint64_t bits)
{
    return (int)ecall3(SYS_interrupt_bind, device, channel, ARGUMENT(bits));
}

int interrupt_ack(int device)
{
    return (int)ecall1(SYS_interrupt_ack, device);
}

int device_memory(int device, uint64_t *physical)
{
    return (int)ecall2(SYS_device_memory, device, ARGUMENT(physical));
}
