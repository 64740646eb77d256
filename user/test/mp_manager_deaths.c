/*
 * Deaths around lib/mp's Manager. A process is killed at instants that are swept over each operation: the others go
 * on, what it changed is changed wholly or not at all, its locks are released, its references are dropped, and what
 * it waits for is forgotten. And the manager is killed at swept instants: each call succeeds or says that it has
 * ended.
 */
#include "manager_tools.h"

#define INSTANTS 60
#define STEP_NS 9000 /* from one to the next; a call takes some 30 us */
#define BYTES 3000   /* of items that are all of one letter */

static struct mp_dict dict;
static struct mp_list list;
static struct mp_manager_value value;
static struct mp_manager_lock lock, rlock;
static char data[BYTES];

static void make_all(void)
{
    begin();
    CHECK_EQUAL(mp_dict_new(manager, &dict), 0);
    CHECK_EQUAL(mp_list_new(manager, &list), 0);
    CHECK_EQUAL(mp_manager_value_new(manager, NULL, BYTES, &value), 0);
    CHECK_EQUAL(mp_manager_lock_new(manager, &lock), 0);
    CHECK_EQUAL(mp_manager_rlock_new(manager, &rlock), 0);
}

#define OBJECTS 5 /* of make_all */

static void close_all(void)
{
    mp_dict_close(&dict);
    mp_list_close(&list);
    mp_manager_value_close(&value);
    mp_manager_lock_close(&lock);
    mp_manager_lock_close(&rlock);
}

static bool is_one_letter(const char *bytes, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (bytes[i] != bytes[0])
            return false;
    return true;
}

/* ---- what is going on when the process dies; each goes round and round ---- */

static void changes_dict(unsigned i)
{
    unsigned key = i % 7;
    memset(data, 'a' + i % 20, BYTES);
    CHECK_EQUAL(mp_dict_set(&dict, &key, sizeof key, data, BYTES), 0);
    CHECK(mp_dict_get(&dict, &key, sizeof key, data, BYTES) == BYTES);
    CHECK(is_one_letter(data, BYTES));
    if (i % 5 == 0)
        CHECK_EQUAL(mp_dict_pop(&dict, &key, sizeof key, data, BYTES), BYTES);
}

static void goes_through_dict(unsigned i)
{
    uint64_t cursor = 0;
    unsigned key;
    struct mp_dict_item item = {.key = &key, .key_bytes = sizeof key, .value = data, .value_bytes = BYTES};
    for (key = 0; key < 3; key++)
        CHECK(mp_dict_set_default(&dict, &key, sizeof key, data, 10, data, BYTES) > 0);
    while (mp_dict_next(&dict, &cursor, &item) == 0)
        item.value_bytes = BYTES;
    CHECK_EQUAL(mp_dict_pop_item(&dict, &item), 0);
}

static void changes_list(unsigned i)
{
    memset(data, 'a' + i % 20, BYTES);
    CHECK_EQUAL(mp_list_append(&list, data, BYTES), 0);
    CHECK_EQUAL(mp_list_extend(&list, data, BYTES / 10, 10), 0);
    CHECK(mp_list_pop(&list, 0, data, BYTES) > 0);
    CHECK_EQUAL(mp_list_insert(&list, 3, data, 10), 0);
    while (mp_list_size(&list) > 30)
        CHECK_EQUAL(mp_list_delete(&list, -1), 0);
}

static void changes_value(unsigned i)
{
    memset(data, 'a' + i % 20, BYTES);
    CHECK_EQUAL(mp_manager_value_set(&value, data), 0);
    CHECK_EQUAL(mp_manager_value_get(&value, data), 0);
    CHECK(is_one_letter(data, BYTES));
}

static void takes_locks(unsigned i)
{
    int result = mp_manager_lock_acquire(&lock, i % 2 ? -1 : 50);
    CHECK_EQUAL(result, 0);
    CHECK_EQUAL(mp_manager_lock_acquire(&rlock, -1), 0);
    CHECK_EQUAL(mp_manager_lock_acquire(&rlock, 0), 0);
    CHECK_EQUAL(mp_manager_lock_release(&rlock), 0);
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    CHECK_EQUAL(mp_manager_lock_release(&rlock), 0);
}

static void makes_objects(unsigned i)
{
    struct mp_dict d;
    struct mp_list l;
    struct mp_manager_value v;
    CHECK_EQUAL(mp_dict_new(manager, &d), 0);
    CHECK_EQUAL(mp_list_new(manager, &l), 0);
    CHECK_EQUAL(mp_dict_set(&d, "k", 1, data, BYTES), 0);
    CHECK_EQUAL(mp_manager_value_new(manager, data, BYTES, &v), 0);
    mp_list_close(&l);
    CHECK_EQUAL(mp_dict_open(manager, d.proxy.reference, &d), 0);
    mp_dict_close(&d);
    mp_manager_value_close(&v);
}

static void connects(unsigned i)
{
    struct mp_manager *m;
    CHECK_EQUAL(mp_manager_open(&m, dup(mp_manager_door(manager)), NULL), 0);
    CHECK_EQUAL(mp_manager_connect(m), 0);
    CHECK_EQUAL(mp_manager_close(m), 0);
}

static void (*const activities[])(unsigned) = {changes_dict, goes_through_dict, changes_list, changes_value,
                                               takes_locks, makes_objects, connects};
#define ACTIVITIES (sizeof activities / sizeof activities[0])

_Noreturn static int goes_round(void *activity)
{
    for (unsigned i = 0;; i++)
        activities[(long)activity](i);
}

/* ---- clients ---- */

static void take_over(struct mp_manager_lock *l, int allowed)
{
    int result = mp_manager_lock_acquire(l, -1); /* in any case it comes: the other one is dead */
    CHECK(result == 0 || result == allowed);
    CHECK_EQUAL(mp_manager_lock_acquire(&rlock, 0), 0);
    CHECK_EQUAL(mp_manager_lock_release(&rlock), 0);
    CHECK_EQUAL(mp_manager_lock_release(l), 0);
    CHECK_EQUAL(mp_manager_lock_acquire(l, 0), 0); /* the next one is not told again */
    CHECK_EQUAL(mp_manager_lock_release(l), 0);
}

/* All is whole, and nothing of the dead one is left. */
static void all_is_well(void)
{
    struct mp_manager_info info;
    uint64_t cursor = 0;
    unsigned key;
    struct mp_dict_item item = {.key = &key, .key_bytes = sizeof key, .value = data, .value_bytes = BYTES};
    take_over(&rlock, -EOWNERDEAD);
    take_over(&lock, -EOWNERDEAD);
    for (int64_t seen = 0;; seen++) {
        int result = mp_dict_next(&dict, &cursor, &item);
        if (result == -ENODATA) {
            CHECK_EQUAL(mp_dict_size(&dict), seen);
            break;
        }
        CHECK_EQUAL(result, 0);
        CHECK(item.key_bytes == sizeof key && key < 7 && (item.value_bytes == BYTES || item.value_bytes <= 10));
        CHECK(is_one_letter(data, item.value_bytes));
        item.value_bytes = BYTES;
    }
    for (int64_t i = 0, size = mp_list_size(&list); i < size; i++) {
        int64_t n = mp_list_get(&list, i, data, BYTES);
        CHECK(n == BYTES || n == BYTES / 10 || n == 10);
        CHECK(is_one_letter(data, (size_t)n));
    }
    CHECK_EQUAL(mp_manager_value_get(&value, data), 0);
    CHECK(is_one_letter(data, BYTES));
    wait_for_connections(1);
    CHECK_EQUAL(mp_manager_info(manager, &info), 0);
    CHECK(info.objects == OBJECTS && info.references == OBJECTS && info.waiting == 0);
}

static void sweep(unsigned activity)
{
    make_all();
    for (uint64_t round = 0; round < INSTANTS; round++) {
        struct mp_process *p = started(goes_round, activity);
        if (round % 3 == 0) /* it is under way, with a connection; else it may be killed while it connects */
            sleep_ns(2 * MS);
        sleep_ns(round * STEP_NS);
        CHECK_EQUAL(mp_process_kill(p), 0);
        CHECK_EQUAL(code_of(p), -SIGKILL);
        all_is_well();
    }
    close_all();
    finish();
}

static void killed_at_a_dict(void)
{
    sweep(0);
}

static void killed_on_the_way_through_a_dict(void)
{
    sweep(1);
}

static void killed_at_a_list(void)
{
    sweep(2);
}

static void killed_at_a_value(void)
{
    sweep(3);
}

static void killed_at_locks(void)
{
    sweep(4);
}

static void killed_as_it_makes_and_closes(void)
{
    sweep(5);
}

static void killed_as_it_connects(void)
{
    sweep(6);
}

/* ---- locks ---- */

_Noreturn static int holds(void *timeout)
{
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, (int)(long)timeout), 0);
    CHECK_EQUAL(mp_manager_lock_acquire(&rlock, -1), 0);
    for (;;)
        sleep_ns(1000 * MS);
}

static int gets_it_from_the_dead(void *unused)
{
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, 60000), -EOWNERDEAD);
    CHECK_EQUAL(mp_manager_lock_acquire(&rlock, 60000), -EOWNERDEAD);
    CHECK_EQUAL(mp_manager_lock_release(&rlock), 0);
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    return 0;
}

static void the_next_holder_is_told_once(void)
{
    make_all();
    for (int waiting = 0; waiting < 2; waiting++) {
        struct mp_process *p = started(holds, -1), *next = NULL;
        while (mp_manager_lock_acquire(&rlock, 0) == 0) { /* until it has both */
            CHECK_EQUAL(mp_manager_lock_release(&rlock), 0);
            sleep_ns(MS / 10);
        }
        if (waiting) {
            next = started(gets_it_from_the_dead, 0);
            wait_for_waiters(1);
        }
        CHECK_EQUAL(mp_process_kill(p), 0);
        CHECK_EQUAL(code_of(p), -SIGKILL);
        if (waiting)
            CHECK_EQUAL(code_of(next), 0);
        else
            gets_it_from_the_dead(NULL);
        CHECK_EQUAL(mp_manager_lock_acquire(&lock, 0), 0);
        CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    }
    close_all();
    finish();
}

static int holds_and_has_a_child(void *unused)
{
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), 0);
    int pid = fork();
    if (pid == 0) {
        sleep_ns(1000000 * MS);
        _exit(0);
    }
    CHECK_EQUAL(mp_dict_set(&dict, "child", 5, &pid, sizeof pid), 0);
    kill(getpid(), SIGKILL);
    return 0;
}

/* A connection is not copied by fork: a child that lives on keeps nothing of what its parent held. */
static void a_child_of_the_dead_does_not_hold_its_locks(void)
{
    int pid;
    make_all();
    CHECK_EQUAL(code_of(started(holds_and_has_a_child, 0)), -SIGKILL);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, 10000), -EOWNERDEAD);
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    CHECK_EQUAL(mp_dict_pop(&dict, "child", 5, &pid, sizeof pid), sizeof pid);
    CHECK_EQUAL(kill(pid, SIGKILL), 0);
    close_all();
    finish();
}

static int opens_again(void *unused)
{
    struct mp_manager *m;
    struct mp_manager_lock mine;
    CHECK_EQUAL(mp_manager_open(&m, dup(mp_manager_door(manager)), NULL), 0);
    CHECK_EQUAL(mp_manager_lock_open(m, dup(lock.proxy.reference), &mine), 0);
    CHECK_EQUAL(mp_manager_lock_acquire(&mine, -1), 0);
    mp_manager_lock_close(&mine);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, 0), -ETIMEDOUT); /* held still */
    CHECK_EQUAL(mp_manager_close(m), 0);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, 0), -EOWNERDEAD); /* but not by a connection that is closed */
    return 0;
}

static void closing_a_connection_is_a_death_to_its_locks(void)
{
    make_all();
    in_process(opens_again, 0);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), -EOWNERDEAD); /* it ended without releasing */
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    close_all();
    finish();
}

/* Those before it may have got the lock before they died. */
static int waits_and_ends(void *unused)
{
    int result = mp_manager_lock_acquire(&lock, -1);
    CHECK(result == 0 || result == -EOWNERDEAD);
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    return 0;
}

/* Those who are killed while they wait keep nobody else from getting it. */
static void killed_while_it_waits(void)
{
    make_all();
    for (int round = 0; round < 40; round++) {
        struct mp_process *p[4];
        CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), 0);
        for (int i = 0; i < 4; i++) {
            p[i] = started(i == 3 ? waits_and_ends : holds, i == 1 ? 60000 : -1);
            wait_for_waiters((unsigned)i + 1);
        }
        for (int i = 0; i < 3; i++)
            CHECK_EQUAL(mp_process_kill(p[i]), 0);
        sleep_ns((uint64_t)round * 3000);
        CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
        for (int i = 0; i < 3; i++)
            CHECK_EQUAL(code_of(p[i]), -SIGKILL);
        CHECK_EQUAL(code_of(p[3]), 0);
        CHECK_EQUAL(mp_manager_lock_acquire(&lock, 0), 0);
        CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
        wait_for_waiters(0);
    }
    close_all();
    finish();
}

/* ---- the manager ---- */

static bool ok_or_shut_down(int64_t result)
{
    CHECK(result >= 0 || result == -ESHUTDOWN || result == -ENOENT || result == -ERANGE || result == -ETIMEDOUT ||
          result == -EOWNERDEAD);
    return result != -ESHUTDOWN;
}

/* Goes on until it hears of the end; then everything says so. */
static int works_until_the_end(void *kind)
{
    long i = 0;
    bool on = ok_or_shut_down(mp_manager_connect(manager));
    for (; on; i++) {
        switch ((long)kind) {
        case 0:
            on = ok_or_shut_down(mp_dict_set(&dict, &i, sizeof i, data, BYTES)) &&
                 ok_or_shut_down(mp_dict_pop(&dict, &i, sizeof i, data, BYTES));
            break;
        case 1:
            on = ok_or_shut_down(mp_list_append(&list, data, BYTES)) &&
                 ok_or_shut_down(mp_list_pop(&list, 0, data, BYTES));
            break;
        default:
            on = ok_or_shut_down(mp_manager_lock_acquire(&lock, -1)) &&
                 ok_or_shut_down(mp_manager_lock_release(&lock));
        }
    }
    CHECK_EQUAL(mp_dict_size(&dict), -ESHUTDOWN);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), -ESHUTDOWN);
    return 0;
}

static void end_at_swept_instants(int (*end)(void))
{
    for (uint64_t round = 0; round < INSTANTS; round++) {
        struct mp_process *p[4];
        make_all();
        for (int i = 0; i < 4; i++)
            p[i] = started(works_until_the_end, i);
        sleep_ns((round % 2 ? 4 * MS : 0) + round * STEP_NS);
        CHECK_EQUAL(end(), 0);
        for (int i = 0; i < 4; i++)
            CHECK_EQUAL(code_of(p[i]), 0);
        CHECK_EQUAL(mp_manager_shutdown(manager), 0);
        close_all();
        CHECK_EQUAL(mp_manager_close(manager), 0);
    }
}

static int kill_it(void)
{
    return mp_process_kill(mp_manager_process(manager));
}

static int shut_it_down(void)
{
    return mp_manager_shutdown(manager);
}

static void the_manager_is_killed_at_any_time(void)
{
    end_at_swept_instants(kill_it);
}

static void the_manager_is_shut_down_at_any_time(void)
{
    end_at_swept_instants(shut_it_down);
}

int main(int argc, char **argv)
{
    check_patience = 5;
    check_start(argc, argv);
    RUN(killed_at_a_dict);
    RUN(killed_on_the_way_through_a_dict);
    RUN(killed_at_a_list);
    RUN(killed_at_a_value);
    RUN(killed_at_locks);
    RUN(killed_as_it_makes_and_closes);
    RUN(killed_as_it_connects);
    RUN(the_next_holder_is_told_once);
    RUN(a_child_of_the_dead_does_not_hold_its_locks);
    RUN(closing_a_connection_is_a_death_to_its_locks);
    RUN(killed_while_it_waits);
    RUN(the_manager_is_killed_at_any_time);
    RUN(the_manager_is_shut_down_at_any_time);
    return check_end();
}
