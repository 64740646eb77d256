/*
 * Textbook: the readers-writers problem, solved with a condition (Silberschatz 7.1.2, 6.7; Three Easy Pieces 31.5,
 * 30). Any number may read at the same time; who writes is alone. If readers may always join readers, a writer may
 * wait for ever; if a writer always goes first, the readers may. Here everybody takes a number and goes in in that
 * order: readers that follow one another are in together, and nobody waits for ever.
 */
#include "demo/demo.h"

#define READERS 3
#define WRITERS 2
#define ROUNDS 100

static struct room {
    struct mp_condition changed;
    int next_number, now; /* the number that the next one takes; whose turn it is to go in */
    int readers, writers; /* inside */
    struct mp_barrier meeting; /* only possible if all readers are inside at once */
    struct mp_event leave;
    char order[4]; /* who went in */
    int wrong; /* somebody was inside who should not be */
} *room;

struct visit {
    int number, writes;
};

static int may_enter(void *visit)
{
    const struct visit *v = visit;
    return room->now == v->number && room->writers == 0 && (!v->writes || room->readers == 0);
}

static void enter(int writes)
{
    must(mp_condition_acquire(&room->changed, -1), "acquire");
    struct visit visit = {room->next_number++, writes};
    must(mp_condition_wait_for(&room->changed, may_enter, &visit, -1), "wait_for");
    room->now++;
    *(writes ? &room->writers : &room->readers) += 1;
    room->wrong += room->writers > 1 || (room->writers == 1 && room->readers > 0);
    mp_condition_notify_all(&room->changed); /* the next one may be a reader, too */
    must(mp_condition_release(&room->changed), "release");
}

static void leave(int writes)
{
    must(mp_condition_acquire(&room->changed, -1), "acquire");
    *(writes ? &room->writers : &room->readers) -= 1;
    mp_condition_notify_all(&room->changed);
    must(mp_condition_release(&room->changed), "release");
}

static int meets_others(void *unused)
{
    enter(0);
    must(mp_barrier_wait(&room->meeting, LONG_ENOUGH_MS), "readers are not together");
    leave(0);
    return 0;
}

static int comes_and_goes(void *writes)
{
    for (int i = 0; i < ROUNDS; i++) {
        enter(writes != NULL);
        yield(); /* so that others would come in, if they could */
        leave(writes != NULL);
    }
    return 0;
}

/* Goes in, writes its letter down, and stays until it is told to leave. */
static int queues(void *letter)
{
    int writes = *(char *)letter == 'W';
    enter(writes);
    strncat(room->order, letter, 1);
    must(mp_event_wait(&room->leave, -1), "event");
    leave(writes);
    return 0;
}

int main(void)
{
    struct mp_process *visitors[READERS + WRITERS];
    room = share(sizeof *room); /* a condition and an event full of zeroes are fine */
    must(mp_barrier_init(&room->meeting, READERS), "barrier");

    for (int i = 0; i < READERS; i++) {
        visitors[i] = start(meets_others, NULL);
    }
    for (int i = 0; i < READERS; i++) {
        join(visitors[i]);
    }
    printf("%d readers have met inside\n", READERS);

    for (int i = 0; i < READERS + WRITERS; i++) {
        visitors[i] = start(comes_and_goes, i < READERS ? NULL : room);
    }
    for (int i = 0; i < READERS + WRITERS; i++) {
        join(visitors[i]);
    }
    printf("%d readers and %d writers, %d visits each: a writer was not alone %d times\n", READERS, WRITERS, ROUNDS,
           room->wrong);

    /* A reader is inside, a writer comes, then another reader, who could go in at once but for the writer. */
    static char *const letters[] = {"R", "W", "r"};
    for (int i = 0; i < 3; i++) {
        visitors[i] = start(queues, letters[i]);
        wait_until_blocked(visitors[i], "futex");
    }
    mp_event_set(&room->leave);
    for (int i = 0; i < 3; i++) {
        join(visitors[i]);
    }
    printf("a reader, a writer and a later reader went in in the order %s\n", room->order);
    return room->wrong == 0 && strcmp(room->order, "RWr") == 0 ? 0 : 1;
}
