/*
 * lib/mp's shared memory, Value and Array, one promise of their headers after the other; and all primitives in memory that
 * another program has at another address.
 */
#include "mp_tools.h"

#define ROUNDS 10000

static void shared_memory_is_given_out(void)
{
    struct mp_shared *m, *again;
    CHECK_EQUAL(mp_shared_create(0, &m), -EINVAL);
    CHECK_EQUAL(mp_shared_create(SIZE_MAX, &m), -EINVAL);
    CHECK_EQUAL(mp_shared_create(1ul << 40, &m), -EINVAL);
    CHECK_EQUAL(mp_shared_create(1ul << 35, &m), -ENOMEM);
    CHECK_EQUAL(mp_shared_create(10000, &m), 0);
    char *first = mp_shared_alloc(m, 1), *second = mp_shared_alloc(m, 9000);
    CHECK(first && second && second - first == 16);
    CHECK_EQUAL((uintptr_t)second % 16, 0);
    for (int i = 0; i < 9000; i++)
        CHECK_EQUAL(second[i], 0);
    CHECK(mp_shared_alloc(m, 10000) == NULL);
    CHECK(mp_shared_alloc(m, SIZE_MAX) == NULL);
    CHECK(mp_shared_alloc(m, 100) != NULL);
    strcpy(second, "here");
    CHECK_EQUAL(mp_shared_open(mp_shared_handle(m), &again), 0);
    char *there = mp_shared_at(again, mp_shared_offset(m, second));
    CHECK(there != second && strcmp(there, "here") == 0);
    CHECK_EQUAL(mp_shared_open(77, &again), -EBADF);
    CHECK_EQUAL(mp_shared_open(1, &again), -EINVAL);
    mp_shared_close(m);
    CHECK(strcmp(there, "here") == 0);
}

static void ten_thousand_shared_memories(void)
{
    for (long i = 0; i < ROUNDS; i++) {
        struct mp_shared *m, *again;
        CHECK_EQUAL(mp_shared_create(sizeof(long), &m), 0);
        long *n = mp_shared_alloc(m, sizeof *n);
        CHECK_EQUAL(*n, 0); /* not what was in the last one */
        *n = i + 1;
        CHECK_EQUAL(mp_shared_open(mp_shared_handle(m), &again), 0);
        size_t offset = mp_shared_offset(m, n);
        mp_shared_close(m);
        CHECK_EQUAL(*(long *)mp_shared_at(again, offset), i + 1);
        mp_shared_close(again);
    }
}

/* ---- Value and Array ---- */

static struct mp_value *value;
static struct mp_array *array;

static void adds_to_value(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        CHECK_EQUAL(mp_rlock_acquire(mp_value_lock(value), -1), 0);
        long n;
        CHECK_EQUAL(mp_value_get(value, &n), 0);
        n++;
        CHECK_EQUAL(mp_value_set(value, &n), 0);
        CHECK_EQUAL(mp_rlock_release(mp_value_lock(value)), 0);
        CHECK_EQUAL(mp_rlock_acquire(mp_array_lock(array), -1), 0);
        ++*(int *)mp_array_at(array, (size_t)i % 4);
        CHECK_EQUAL(mp_rlock_release(mp_array_lock(array)), 0);
    }
}

static void dies_in_the_middle(int unused)
{
    mp_rlock_acquire(mp_value_lock(value), -1);
    *(long *)mp_value_at(value) = 99;
    raise(SIGKILL);
}

static void values_and_arrays(void)
{
    static const int initial[4] = {1, 2, 3, 4};
    long n = 5;
    int i = 0, pids[3];
    share(100);
    CHECK_EQUAL(mp_shared_create(10000, &memory), 0);
    value = mp_value_new(memory, &n, sizeof n, MP_LOCKED);
    array = mp_array_new(memory, initial, 4, sizeof(int), MP_LOCKED);
    struct mp_value *raw = mp_value_new(memory, NULL, sizeof n, MP_UNLOCKED);
    struct mp_array *raw_array = mp_array_new(memory, NULL, 3, 24, MP_UNLOCKED);
    CHECK(value && array && raw && raw_array);
    CHECK(mp_value_lock(raw) == NULL && mp_array_lock(raw_array) == NULL);
    CHECK(mp_value_new(memory, NULL, 100000, MP_LOCKED) == NULL);
    CHECK(mp_value_new(memory, NULL, SIZE_MAX, MP_LOCKED) == NULL);
    CHECK(mp_value_new(memory, NULL, 8, 2) == NULL);
    CHECK(mp_array_new(memory, NULL, SIZE_MAX / 2, 4, MP_LOCKED) == NULL);
    CHECK_EQUAL(mp_value_get(raw, &n), 0);
    CHECK_EQUAL(n, 0);
    CHECK_EQUAL(mp_array_count(array), 4);
    CHECK_EQUAL(mp_array_get(array, 3, &i), 0);
    CHECK_EQUAL(i, 4);
    CHECK_EQUAL(mp_array_get(array, 4, &i), -ERANGE);
    CHECK_EQUAL(mp_array_set(array, SIZE_MAX, &i), -ERANGE);
    CHECK(mp_array_at(array, 4) == NULL);
    char three[24] = "abc", found[24];
    CHECK_EQUAL(mp_array_set(raw_array, 1, three), 0);
    CHECK_EQUAL(mp_array_get(raw_array, 1, found), 0);
    CHECK(strcmp(found, "abc") == 0);
    for (int c = 0; c < 3; c++)
        pids[c] = start_child(adds_to_value, ROUNDS);
    for (int c = 0; c < 3; c++)
        CHECK_EQUAL(ending_of(pids[c]), 0);
    CHECK_EQUAL(mp_value_get(value, &n), 0);
    CHECK_EQUAL(n, 5 + 3 * ROUNDS);
    for (size_t k = 0; k < 4; k++) {
        CHECK_EQUAL(mp_array_get(array, k, &i), 0);
        CHECK_EQUAL(i, initial[k] + 3 * ROUNDS / 4);
    }
    CHECK_EQUAL(ending_of(start_child(dies_in_the_middle, 0)), -SIGKILL);
    CHECK_EQUAL(mp_value_get(value, &n), -EOWNERDEAD);
    CHECK_EQUAL(n, 99);
    CHECK_EQUAL(mp_value_get(value, &n), 0);
}

static void sets_for_ever(int unused)
{
    uint64_t pair[4];
    for (uint64_t i = 1;; i++) {
        for (int j = 0; j < 4; j++)
            pair[j] = i;
        int result = mp_value_set(value, pair);
        CHECK(result == 0 || result == -EOWNERDEAD);
        result = mp_rlock_acquire(mp_array_lock(array), -1);
        CHECK(result == 0 || result == -EOWNERDEAD);
        for (size_t j = 0; j < 4; j++)
            if (result || j == i % 4) /* which one the dead was at nobody knows */
                CHECK_EQUAL(mp_array_set(array, j, pair), 0);
        CHECK_EQUAL(mp_rlock_release(mp_array_lock(array)), 0);
    }
}

static bool is_whole(const uint64_t *n)
{
    return n[0] == n[1] && n[0] == n[2] && n[0] == n[3];
}

/* What one that is killed in a set leaves is whole, or whoever comes next is told. */
static void setters_are_killed_at_any_moment(void)
{
    uint64_t pair[4], told = 0;
    CHECK_EQUAL(mp_shared_create(10000, &memory), 0);
    value = mp_value_new(memory, NULL, sizeof pair, MP_LOCKED);
    array = mp_array_new(memory, NULL, 4, sizeof pair, MP_LOCKED);
    for (int i = 0; i < 150; i++) {
        int a = start_child(sets_for_ever, 0), b = start_child(sets_for_ever, 0);
        sleep_ns((uint64_t)(i * 7919) % (2 * MS));
        kill_and_wait(a);
        kill_and_wait(b);
        int result = mp_value_get(value, pair);
        CHECK(result == -EOWNERDEAD || (result == 0 && is_whole(pair)));
        told += result != 0;
        memset(pair, 0, sizeof pair);
        CHECK_EQUAL(mp_value_set(value, pair), 0);
        result = mp_rlock_acquire(mp_array_lock(array), 0);
        CHECK(result == 0 || result == -EOWNERDEAD);
        told += result != 0;
        unsigned torn = 0;
        for (size_t j = 0; j < 4; j++) {
            CHECK_EQUAL(mp_array_get(array, j, pair), 0);
            torn += !is_whole(pair);
            memset(pair, 0, sizeof pair);
            CHECK_EQUAL(mp_array_set(array, j, pair), 0);
        }
        CHECK(torn <= (result ? 1 : 0)); /* at most the one that the dead was at */
        CHECK_EQUAL(mp_rlock_release(mp_array_lock(array)), 0);
    }
    printf("  %lu were told\n", told);
}

/* ---- another program, which has the memory at another address ---- */

struct met {
    struct mp_condition condition;
    struct mp_semaphore go_on;
    struct mp_barrier both;
    struct mp_event known;
    char *where; /* the first one's address */
    long count;  /* under the condition's lock */
};

static void counts(struct met *met)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQUAL(mp_condition_acquire(&met->condition, -1), 0);
        met->count++;
        CHECK_EQUAL(mp_condition_release(&met->condition), 0);
    }
}

static int be_the_other_program(int handle, size_t offset)
{
    CHECK(map(MAP_PRIVATE, 0, 1 << 20, MAP_READ) != NULL); /* in the way */
    CHECK_EQUAL(mp_shared_open(handle, &memory), 0);
    struct met *met = mp_shared_at(memory, offset);
    CHECK((char *)met != met->where);
    CHECK(mp_barrier_wait(&met->both, -1) >= 0);
    counts(met);
    CHECK_EQUAL(mp_semaphore_acquire(&met->go_on, -1), 0);
    CHECK_EQUAL(mp_condition_acquire(&met->condition, -1), 0);
    CHECK_EQUAL(mp_condition_notify(&met->condition, 5), 1);
    CHECK_EQUAL(mp_condition_release(&met->condition), 0);
    CHECK_EQUAL(mp_event_wait(&met->known, -1), 0);
    CHECK_EQUAL(mp_condition_acquire(&met->condition, -1), 0);
    return 7; /* and it ends with the lock */
}

static void another_program_uses_them_at_another_address(void)
{
    struct met *met = share(sizeof *met);
    char handle[16], offset[16];
    snprintf(handle, sizeof handle, "%d", mp_shared_handle(memory));
    snprintf(offset, sizeof offset, "%lu", mp_shared_offset(memory, met));
    met->where = (char *)met;
    CHECK_EQUAL(mp_condition_init(&met->condition, MP_ROBUST), 0);
    CHECK_EQUAL(mp_semaphore_init(&met->go_on, 0), 0);
    CHECK_EQUAL(mp_barrier_init(&met->both, 2), 0);
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        char *argv[] = {"mp_shared", "other", handle, offset, NULL};
        execv("/test/mp_shared", argv);
        _exit(1);
    }
    CHECK(mp_barrier_wait(&met->both, -1) >= 0);
    counts(met);
    CHECK_EQUAL(mp_condition_acquire(&met->condition, -1), 0);
    CHECK_EQUAL(mp_semaphore_release(&met->go_on), 0);
    CHECK_EQUAL(mp_condition_wait(&met->condition, -1), 0);
    CHECK_EQUAL(met->count, 2 * ROUNDS);
    CHECK_EQUAL(mp_condition_release(&met->condition), 0);
    mp_event_set(&met->known);
    CHECK_EQUAL(ending_of(pid), 7);
    CHECK_EQUAL(mp_condition_acquire(&met->condition, -1), -EOWNERDEAD);
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "other") == 0)
        return be_the_other_program(atoi(argv[2]), strtoul(argv[3], NULL, 10));
    exact_time = argc > 2;
    check_patience = 5; /* processes that wake each other, on harts that the host runs in turns */
    check_start(argc > 1 && strcmp(argv[1], "all") == 0 ? 1 : argc, argv);
    RUN(shared_memory_is_given_out);
    RUN(ten_thousand_shared_memories);
    RUN(values_and_arrays);
    RUN(setters_are_killed_at_any_moment);
    RUN(another_program_uses_them_at_another_address);
    return check_end();
}
