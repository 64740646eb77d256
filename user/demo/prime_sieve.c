/*
 * Textbook: communicating sequential processes; message passing (Silberschatz 3.6; Hoare's book of that name; this
 * sieve is McIlroy's). A chain of processes, each with a prime: it takes the first number that comes as its prime,
 * starts the next one in the chain, and hands on what its prime does not divide. The end travels down the chain, too:
 * whoever has no more to send closes its pipe. pool_sieve does the same work with a Pool.
 */
#include "demo/demo.h"

#define LAST 100

struct link {
    struct mp_connection out, in; /* what goes into `in` comes from `out` */
};

static struct mp_connection from = {-1, -1}; /* where this process gets its numbers */
static struct mp_connection to;              /* where it sends those that it does not sieve out */
static struct mp_process *next;              /* who sieves those */

static int sieve(void *link);

static void start_next(void)
{
    static struct link link;
    must(mp_pipe(&link.out, &link.in, 0), "pipe");
    next = start(sieve, &link);
    mp_connection_close(&link.out);
    to = link.in;
}

/* Says to the next one that there is no more, and gives its exit code: whether all after this one went well. */
static int end_next(void)
{
    mp_connection_close(&to);
    must(mp_process_join(next, -1), "join");
    return mp_process_exit_code(next);
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
    start_next();
    while (mp_connection_receive(&from, &number, sizeof number) >= 0) {
        if (number % prime != 0 && mp_connection_send(&to, &number, sizeof number) < 0) {
            break; /* the next one has ended; its exit code says that this was too early */
        }
    }
    return end_next();
}

int main(void)
{
    start_next();
    for (int number = 2; number <= LAST; number++) {
        if (mp_connection_send(&to, &number, sizeof number) < 0) {
            break;
        }
    }
    return end_next();
}
