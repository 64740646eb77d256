/*
 * Textbook: a barrier between the phases of a parallel computation; tree reduction (Silberschatz 4.2.2, data
 * parallelism; Three Easy Pieces 31, homework). Each process adds up its part of an Array. Then, in each phase, half
 * of those that are left add their neighbour's sum to their own, until one sum is left: 3 steps for 8 processes, not
 * 7. Nobody may begin a phase before all have done the last one; that is the barrier's work.
 */
#include "demo/demo.h"

#define PROCESSES 8 /* a power of two */
#define NUMBERS 1024
#define PART (NUMBERS / PROCESSES)

static struct mp_array *numbers, *sums;
static struct mp_barrier *phase_done;

static void show_sums(int distance)
{
    printf("sums of %4d numbers:", PART * distance);
    for (int i = 0; i < PROCESSES; i += distance) {
        printf(" %ld", *(long *)mp_array_at(sums, (size_t)i));
    }
    printf("\n");
}

/* Waits for all, and shows what they have. Nobody changes a sum before all know that they were shown. */
static void end_phase(long me, int distance)
{
    must(mp_barrier_wait(phase_done, -1), "barrier");
    if (me == 0) {
        show_sums(distance);
    }
    must(mp_barrier_wait(phase_done, -1), "barrier");
}

/* Each sum has one process that writes it in a phase, so none of this needs a lock. */
static int add(void *number)
{
    long me = (long)number;
    long *my_sum = mp_array_at(sums, (size_t)me);
    for (long i = 0; i < PART; i++) {
        *my_sum += *(long *)mp_array_at(numbers, (size_t)(me * PART + i));
    }
    end_phase(me, 1);
    for (int distance = 1; distance < PROCESSES; distance *= 2) {
        if (me % (2 * distance) == 0) {
            *my_sum += *(long *)mp_array_at(sums, (size_t)(me + distance));
        }
        end_phase(me, 2 * distance);
    }
    return 0;
}

int main(void)
{
    struct mp_process *processes[PROCESSES];
    struct mp_shared *shared;
    must(mp_shared_create((NUMBERS + PROCESSES) * sizeof(long) + 4096, &shared), "shared memory");
    numbers = mp_array_new(shared, NULL, NUMBERS, sizeof(long), MP_UNLOCKED);
    sums = mp_array_new(shared, NULL, PROCESSES, sizeof(long), MP_UNLOCKED);
    phase_done = mp_shared_alloc(shared, sizeof *phase_done);
    if (numbers == NULL || sums == NULL || phase_done == NULL) {
        give_up("shared memory", "too little");
    }
    must(mp_barrier_init(phase_done, PROCESSES), "barrier");
    for (long i = 0; i < NUMBERS; i++) {
        long number = i + 1;
        must(mp_array_set(numbers, (size_t)i, &number), "set");
    }
    for (long i = 0; i < PROCESSES; i++) {
        processes[i] = start(add, (void *)i);
    }
    for (int i = 0; i < PROCESSES; i++) {
        join(processes[i]);
    }
    long sum;
    must(mp_array_get(sums, 0, &sum), "get");
    printf("1 + ... + %d = %ld\n", NUMBERS, sum);
    return sum == NUMBERS * (NUMBERS + 1L) / 2 ? 0 : 1;
}
