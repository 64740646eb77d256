/*
 * Textbook: communicating sequential processes; message passing (Silberschatz 3.6; Hoare's book of that name; this
 * sieve is McIlroy's). A chain of processes, each with a prime: it takes the first number that comes as its prime,
 * starts the next one in the chain, and hands on what its prime does not divide. The end travels down the chain, too:
 * whoever has no more to send closes its pipe. pool_sieve does the same work with a Pool.
 */
#include <errno.h>
#include <mp/pipe.h>
#include <mp/process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST 100

struct link {
    struct mp_connection out, in; /* what goes into `in` comes from `out` */
};

static struct mp_connection from = {-1, -1}; /* where this process gets its numbers */

static int sieve(void *link);

/* A child that sieves what the caller sends into the connection that this gives. */
static struct mp_connection start_next(void)
{
    static struct link link;
    struct mp_process *next;
    if (mp_pipe(&link.out, &link.in, 0) < 0 || mp_process_create(&next, sieve, &link) < 0 ||
        mp_process_start(next) < 0) {
        fprintf(stderr, "prime_sieve: cannot start another process\n");
        exit(1);
    }
    mp_connection_close(&link.out);
    return link.in;
}

static void send(const struct mp_connection *to, int number)
{
    int error = mp_connection_send(to, &number, sizeof number);
    if (error < 0) {
        fprintf(stderr, "prime_sieve: send: %s\n", strerror(-error));
        exit(1);
    }
}

static int sieve(void *argument)
{
    struct link *link = argument;
    int prime, number;
    /* A fork has all that its parent had. If it kept the sending end of its own pipe, the end would never come. */
    mp_connection_close(&link->in);
    mp_connection_close(&from);
    from = link->out;
    int64_t bytes = mp_connection_receive(&from, &prime, sizeof prime);
    if (bytes < 0) {
        return bytes == -ENODATA ? 0 : 1; /* 0: the end of the chain */
    }
    printf("%d\n", prime);
    struct mp_connection to_next = start_next();
    while (mp_connection_receive(&from, &number, sizeof number) >= 0) {
        if (number % prime != 0) {
            send(&to_next, number);
        }
    }
    mp_connection_close(&to_next);
    return 0; /* after the next one has ended: a process waits for its children when it exits */
}

int main(void)
{
    struct mp_connection to_first = start_next();
    for (int number = 2; number <= LAST; number++) {
        send(&to_first, number);
    }
    mp_connection_close(&to_first);
    return 0;
}
