/*
 * Textbook: producers and consumers over a bounded buffer (Silberschatz 7.1.1; Three Easy Pieces 30.2). Producers
 * wait when the queue is full, consumers when it is empty; each item is consumed once, whoever consumes it. When the
 * last producer has closed its side of the queue and all is consumed, the consumers hear that there will be no more.
 */
#include <errno.h>
#include <mp/process.h>
#include <mp/queue.h>
#include <stdio.h>
#include <string.h>

#define PRODUCERS 3
#define CONSUMERS 2
#define ITEMS 1000 /* of each producer; many more than the buffer holds */
#define BUFFER 8

static struct mp_queue buffer, results;

static int produce(void *first)
{
    mp_queue_close_getter(&buffer);
    for (long i = 0; i < ITEMS; i++) {
        long number = *(long *)first + i;
        if (mp_queue_put(&buffer, &number, sizeof number, -1) < 0) {
            return 1;
        }
    }
    return 0;
}

static int consume(void *unused)
{
    long number, sums[2] = {0, 0}; /* how many, and their sum */
    int64_t bytes;
    (void)unused;
    mp_queue_close_putter(&buffer); /* or it would wait for itself to put something in */
    while ((bytes = mp_queue_get(&buffer, &number, sizeof number, -1)) > 0) {
        sums[0]++;
        sums[1] += number;
    }
    return bytes == -ENODATA ? -mp_queue_put(&results, sums, sizeof sums, -1) : 1;
}

static struct mp_process *start(int (*target)(void *), void *args)
{
    struct mp_process *process;
    int error = mp_process_create(&process, target, args);
    if (error == 0) {
        error = mp_process_start(process);
    }
    if (error < 0) {
        fprintf(stderr, "producer_consumer: cannot start a process: %s\n", strerror(-error));
    }
    return error < 0 ? NULL : process;
}

int main(void)
{
    static long first[PRODUCERS];
    struct mp_process *processes[PRODUCERS + CONSUMERS];
    long sums[2], count = 0, sum = 0;
    if (mp_queue_create(&buffer, BUFFER, sizeof(long)) < 0 ||
        mp_queue_create(&results, CONSUMERS, sizeof sums) < 0) {
        fprintf(stderr, "producer_consumer: cannot make the queues\n");
        return 1;
    }
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        if (i < PRODUCERS) {
            first[i] = 1 + i * ITEMS;
        }
        processes[i] = i < PRODUCERS ? start(produce, &first[i]) : start(consume, NULL);
        if (processes[i] == NULL) {
            return 1;
        }
    }
    mp_queue_close(&buffer);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        mp_process_join(processes[i], -1);
        if (mp_process_exit_code(processes[i]) != 0) {
            fprintf(stderr, "producer_consumer: %s failed\n", mp_process_name(processes[i]));
            return 1;
        }
    }
    while (mp_queue_get(&results, sums, sizeof sums, 0) > 0) {
        count += sums[0];
        sum += sums[1];
    }
    printf("%d producers, %d consumers, a buffer of %d: %ld items, their sum is %ld\n", PRODUCERS, CONSUMERS, BUFFER,
           count, sum);
    return 0;
}
