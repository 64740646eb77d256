/*
 * Futexes as the kernel has them: what they refuse, who meets whom, and that a wake-up is neither lost nor doubled.
 */
#include "check.h"

#include <stdatomic.h>

#define PAGE 4096ul
#define RW (MAP_READ | MAP_WRITE)
#define MANY 6

typedef _Atomic uint32_t word;

static int memory;
static struct {
    word at, lock, order[MANY], woken;
} *shared;

static void share(void)
{
    memory = memory_create(2 * PAGE);
    CHECK(memory >= 0);
    CHECK_EQUAL(memory_commit(memory, 0, 2 * PAGE), 0);
    shared = map(memory, 0, 2 * PAGE, RW);
    CHECK(shared != NULL);
}

static int start_child(void (*f)(int), int argument)
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        f(argument);
        _exit(0);
    }
    return pid;
}

static void waits(int i)
{
    CHECK_EQUAL(futex_wait(&shared->at, 0, -1, 0, 0, NULL), 0);
    shared->order[i] = ++shared->woken;
}

static int start_waiter(void (*f)(int), int i)
{
    int pid = start_child(f, i);
    wait_until_blocked(pid, "futex");
    return pid;
}

static void bad_arguments_are_refused(void)
{
    share();
    char *page = (char *)shared;
    for (int i = 1; i < 4; i++) {
        CHECK_EQUAL(futex_wait(page + i, 0, 0, 0, 0, NULL), -EINVAL);
        CHECK_EQUAL(futex_wake(page + i, 1), -EINVAL);
        CHECK_EQUAL(futex_change(page + i, 0, 1, 1), -EINVAL);
        CHECK_EQUAL(futex_wait(page, 0, 0, 0, 0, page + i), -EINVAL);
    }
    void *bad[] = {(void *)16, (void *)0x1ffffffff000, (void *)0xffffffc080200000, (void *)0xfffffffffffffffc,
                   (void *)0x3fffffff00};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQUAL(futex_wait(bad[i], 0, 0, 0, 0, NULL), -EFAULT);
        CHECK_EQUAL(futex_wake(bad[i], 1), -EFAULT);
        CHECK_EQUAL(futex_change(bad[i], 0, 1, 1), -EFAULT);
        CHECK_EQUAL(futex_wait(page, 0, 0, 0, 0, bad[i]), -EFAULT);
    }
    CHECK_EQUAL(futex_wait(page, 0, 0, 0, 8, NULL), -EINVAL);
    CHECK_EQUAL(futex_wait(page, 0, 0, -1, 0, NULL), -EINVAL);
    CHECK_EQUAL(futex_wait(page, 0, 0, 1, FUTEX_ROBUST, page), -EINVAL);
    CHECK_EQUAL(futex_wait(page, 0, 0, 0x7fffffff, 0, NULL), -ETIMEDOUT); /* nobody of that number: only for ps */
    CHECK_EQUAL(*(word *)page, 0);
}

/* Who may only read a word can wait for others to change it; who cannot write it cannot change it. */
static void pages_that_are_only_read(void)
{
    share();
    uint32_t *text = (uint32_t *)((uintptr_t)&bad_arguments_are_refused & ~3ul);
    CHECK_EQUAL(futex_wait(text, *text, 0, 0, 0, NULL), -ETIMEDOUT);
    CHECK_EQUAL(futex_wait(text, ~*text, 0, 0, 0, NULL), -EAGAIN);
    CHECK_EQUAL(futex_wake(text, 1), 0);
    CHECK_EQUAL(futex_change(text, *text, 0, 1), -EFAULT);
    word *seen = map(memory, 0, PAGE, MAP_READ);
    CHECK_EQUAL(futex_change(seen, 0, 1, 1), -EFAULT);
    int pid = start_waiter(waits, 0);
    CHECK_EQUAL(futex_wake(seen, 1), 1);
    CHECK_EQUAL(ending_of(pid), 0);
}

static void waits_elsewhere(int i)
{
    char *other = map_at((void *)0x1800000000, memory, PAGE, PAGE, RW);
    CHECK(other != NULL);
    unmap(shared, 2 * PAGE);
    CHECK_EQUAL(futex_wait(other + 8, 0, -1, 0, 0, NULL), 0);
}

static void one_object_at_different_addresses(void)
{
    share();
    int pid = start_waiter(waits_elsewhere, 0);
    CHECK_EQUAL(futex_wake(shared, 10), 0);
    CHECK_EQUAL(futex_wake((char *)shared + PAGE + 4, 10), 0);
    CHECK_EQUAL(futex_wake((char *)shared + PAGE + 8, 10), 1);
    CHECK_EQUAL(ending_of(pid), 0);
}

static word private_word;

static void waits_on_private(int i)
{
    CHECK_EQUAL(futex_wait(&private_word, 0, -1, 0, 0, NULL), 0);
}

static void private_words_are_each_ones_own(void)
{
    int pid = start_waiter(waits_on_private, 0);
    CHECK_EQUAL(futex_wake(&private_word, 10), 0);
    kill(pid, SIGKILL);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
}

static void time_limits(void)
{
    share();
    CHECK_EQUAL(futex_wait(&shared->at, 1, -1, 0, 0, NULL), -EAGAIN);
    CHECK_EQUAL(futex_wait(&shared->at, 0, 0, 0, 0, NULL), -ETIMEDOUT);
    for (int ms = 1; ms <= 32; ms *= 2) {
        uint64_t before = clock_ns();
        CHECK_EQUAL(futex_wait(&shared->at, 0, ms * (int64_t)MS, 0, 0, NULL), -ETIMEDOUT);
        CHECK(clock_ns() - before >= ms * MS);
    }
}

static void so_many_are_woken_and_in_their_order(void)
{
    share();
    int pids[MANY];
    for (int i = 0; i < MANY; i++)
        pids[i] = start_waiter(waits, i);
    CHECK_EQUAL(futex_wake(&shared->at, 0), 0);
    CHECK_EQUAL(futex_wake(&shared->at, 1), 1);
    CHECK_EQUAL(ending_of(pids[0]), 0);
    CHECK_EQUAL(futex_wake(&shared->at, 2), 2);
    CHECK_EQUAL(ending_of(pids[1]), 0);
    CHECK_EQUAL(ending_of(pids[2]), 0);
    kill(pids[3], SIGKILL); /* does not count from now on */
    CHECK_EQUAL(futex_wake(&shared->at, 1), 1);
    CHECK_EQUAL(ending_of(pids[3]), -SIGKILL);
    CHECK_EQUAL(ending_of(pids[4]), 0);
    CHECK_EQUAL(shared->woken, 4);
    CHECK_EQUAL(futex_wake(&shared->at, UINT32_MAX), 1);
    CHECK_EQUAL(ending_of(pids[5]), 0);
    CHECK_EQUAL(futex_wake(&shared->at, UINT32_MAX), 0);
}

static void waits_with_bit(int i)
{
    CHECK_EQUAL(futex_wait(&shared->at, FUTEX_WAITERS | 7, -1, 0, 0, NULL), 0);
}

static void change_keeps_the_bit_while_others_wait(void)
{
    share();
    shared->at = FUTEX_WAITERS | 7;
    int first = start_waiter(waits_with_bit, 0), second = start_waiter(waits_with_bit, 1);
    CHECK_EQUAL(futex_change(&shared->at, 7, 0, 1), -EAGAIN);
    CHECK_EQUAL(futex_change(&shared->at, FUTEX_WAITERS | 7, 3, 1), 1);
    CHECK_EQUAL(shared->at, FUTEX_WAITERS | 3);
    CHECK_EQUAL(ending_of(first), 0);
    kill(second, SIGKILL);
    CHECK_EQUAL(ending_of(second), -SIGKILL);
    CHECK_EQUAL(futex_change(&shared->at, FUTEX_WAITERS | 3, FUTEX_WAITERS, 1), 0);
    CHECK_EQUAL(shared->at, 0);
}

static void waits_and_lets_go(int i)
{
    CHECK_EQUAL(futex_wait(&shared->at, 0, -1, 0, 0, &shared->lock), 0);
}

static void waits_for_lock(int i)
{
    CHECK_EQUAL(futex_wait(&shared->lock, FUTEX_WAITERS | 5, -1, 0, 0, NULL), 0);
    CHECK_EQUAL(shared->lock, 0);
}

static void waiting_lets_go_of_a_lock(void)
{
    share();
    shared->lock = FUTEX_WAITERS | 5;
    CHECK_EQUAL(futex_wait(&shared->at, 1, -1, 0, 0, &shared->lock), -EAGAIN);
    CHECK_EQUAL(shared->lock, FUTEX_WAITERS | 5);
    int first = start_waiter(waits_for_lock, 0), second = start_waiter(waits_and_lets_go, 0);
    CHECK_EQUAL(ending_of(first), 0);
    CHECK_EQUAL(shared->lock, 0);
    CHECK_EQUAL(futex_wake(&shared->at, 1), 1);
    CHECK_EQUAL(ending_of(second), 0);
    shared->lock = 5;
    CHECK_EQUAL(futex_wait(&shared->at, 0, 0, 0, 0, &shared->lock), -ETIMEDOUT);
    CHECK_EQUAL(shared->lock, 0);
}

static void pages_go_while_somebody_waits(void)
{
    share();
    int pid = start_waiter(waits, 0), other = start_waiter(waits, 1);
    CHECK_EQUAL(memory_decommit(memory, 0, PAGE), 0);
    CHECK_EQUAL(futex_wait(&shared->at, 0, -1, 0, 0, NULL), -EFAULT);
    CHECK_EQUAL(futex_change(&shared->at, 0, 1, 1), -EFAULT);
    kill(other, SIGKILL);
    CHECK_EQUAL(ending_of(other), -SIGKILL);
    CHECK_EQUAL(memory_commit(memory, 0, PAGE), 0);
    CHECK_EQUAL(futex_wake(&shared->at, 10), 1); /* it is the same word */
    CHECK_EQUAL(ending_of(pid), 0);
    pid = start_waiter(waits, 0);
    unmap(shared, 2 * PAGE);
    close(memory);
    kill(pid, SIGKILL);
    CHECK_EQUAL(ending_of(pid), -SIGKILL);
}

static void waits_and_hands_on(int i)
{
    CHECK_EQUAL(futex_wait(&shared->at, 0, -1, 0, FUTEX_HAND_ON, NULL), 0);
    shared->woken++;
}

static void a_wake_up_does_not_end_with_the_chosen_one(void)
{
    for (int round = 0; round < 20; round++) {
        share();
        int first = start_waiter(waits_and_hands_on, 0), second = start_waiter(waits_and_hands_on, 0);
        CHECK_EQUAL(futex_wake(&shared->at, 1), 1);
        kill(first, SIGKILL);
        ending_of(first); /* one way or the other */
        CHECK_EQUAL(ending_of(second), 0);
        unmap(shared, 2 * PAGE);
        close(memory);
    }
}

static int owner;

static void waits_for_owner(int flags)
{
    int result = futex_wait(&shared->at, 0, -1, owner, flags, NULL);
    _exit(-result);
}

static void sleeps(int ms)
{
    sleep_ns((uint64_t)ms * MS);
}

static void an_owner_that_ends(void)
{
    struct proc_info info;
    share();
    owner = start_child(sleeps, 100000);
    int plain = start_child(waits_for_owner, 0), robust = start_child(waits_for_owner, FUTEX_ROBUST);
    wait_until_blocked(plain, "futex");
    wait_until_blocked(robust, "futex");
    CHECK_EQUAL(process_list(plain, &info, 1), 1);
    CHECK_EQUAL(info.waits_for, owner);
    kill(owner, SIGKILL);
    CHECK_EQUAL(ending_of(robust), EOWNERDEAD);
    wait_until_blocked(plain, "owner dead"); /* a zombie */
    CHECK_EQUAL(futex_wait(&shared->at, 0, -1, owner, FUTEX_ROBUST, NULL), -EOWNERDEAD);
    CHECK_EQUAL(futex_wait(&shared->at, 0, 0, owner, FUTEX_ROBUST, NULL), -EOWNERDEAD);
    CHECK_EQUAL(futex_wait(&shared->at, 1, 0, owner, FUTEX_ROBUST, NULL), -EAGAIN);
    CHECK_EQUAL(ending_of(owner), -SIGKILL);
    wait_until_blocked(plain, "owner dead"); /* and gone */
    CHECK_EQUAL(futex_wait(&shared->at, 0, -1, owner, FUTEX_ROBUST, NULL), -EOWNERDEAD);
    CHECK_EQUAL(process_list(plain, &info, 1), 1);
    CHECK_EQUAL(info.waits_for, owner);
    CHECK_EQUAL(futex_wake(&shared->at, 1), 1);
    CHECK_EQUAL(ending_of(plain), 0);
}

static void robust_waiters_are_killed_or_run_out_of_time(void)
{
    share();
    owner = start_child(sleeps, 100000);
    for (int i = 0; i < 10; i++) {
        int pid = start_child(waits_for_owner, FUTEX_ROBUST);
        wait_until_blocked(pid, "futex");
        kill(pid, SIGKILL);
        CHECK_EQUAL(ending_of(pid), -SIGKILL);
        CHECK_EQUAL(futex_wait(&shared->at, 0, MS, owner, FUTEX_ROBUST, NULL), -ETIMEDOUT);
    }
    kill(owner, SIGKILL);
    CHECK_EQUAL(ending_of(owner), -SIGKILL);
}

/* More than are woken under one hold of the kernel's lock. */
static void hundreds_are_woken(void)
{
    static int pids[200];
    share();
    for (int i = 0; i < 200; i++)
        pids[i] = start_child(waits, i % MANY);
    for (int i = 0; i < 200; i++)
        wait_until_blocked(pids[i], "futex");
    CHECK_EQUAL(futex_wake(&shared->at, 150), 150);
    CHECK_EQUAL(futex_change(&shared->at, 0, 1, UINT32_MAX), 50);
    for (int i = 0; i < 200; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

/* More than the owner's end wakes by itself. Some are killed just then, when others may wait for them to pass it on. */
static void hundreds_hear_of_an_owners_end(void)
{
    static int pids[150];
    share();
    owner = start_child(sleeps, 100000);
    for (int i = 0; i < 150; i++)
        pids[i] = start_child(waits_for_owner, FUTEX_ROBUST);
    for (int i = 0; i < 150; i++)
        wait_until_blocked(pids[i], "futex");
    kill(owner, SIGKILL);
    for (int i = 0; i < 150; i += 3)
        kill(pids[i], SIGKILL);
    for (int i = 0; i < 150; i++) {
        int ending = ending_of(pids[i]);
        CHECK(ending == EOWNERDEAD || (i % 3 == 0 && ending == -SIGKILL));
    }
    CHECK_EQUAL(ending_of(owner), -SIGKILL);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(bad_arguments_are_refused);
    RUN(pages_that_are_only_read);
    RUN(one_object_at_different_addresses);
    RUN(private_words_are_each_ones_own);
    RUN(time_limits);
    RUN(so_many_are_woken_and_in_their_order);
    RUN(change_keeps_the_bit_while_others_wait);
    RUN(waiting_lets_go_of_a_lock);
    RUN(pages_go_while_somebody_waits);
    RUN(a_wake_up_does_not_end_with_the_chosen_one);
    RUN(an_owner_that_ends);
    RUN(robust_waiters_are_killed_or_run_out_of_time);
    RUN(hundreds_are_woken);
    RUN(hundreds_hear_of_an_owners_end);
    return check_end();
}
