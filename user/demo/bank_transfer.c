/*
 * Textbook: several locks at once, in one order (Silberschatz 8.5.4, with this very example; Three Easy Pieces 32.3).
 * A transfer takes from one account and gives to another; the bank's sum must stay as it is. Without locks, two that
 * pay into one account at once read the same balance, and one payment is lost; the nap in between makes that certain.
 * With a lock for each account both are locked, always the lower number first: if one clerk locked 0 and then 1,
 * another 1 and then 0, each could wait for the other for ever.
 */
#include "demo/demo.h"

#define CLERKS 4
#define ACCOUNTS (CLERKS + 1)
#define BALANCE 1000
#define ROUNDS 40
#define NAP_US 500

static struct account {
    struct mp_lock lock;
    volatile long balance;
} *accounts;

static struct mp_barrier *opening; /* all begin at once */

static int with_locks;

static void lock_both(int a, int b)
{
    must(mp_lock_acquire(&accounts[a < b ? a : b].lock, -1), "acquire");
    must(mp_lock_acquire(&accounts[a < b ? b : a].lock, -1), "acquire");
}

static void unlock_both(int a, int b)
{
    must(mp_lock_release(&accounts[a].lock), "release");
    must(mp_lock_release(&accounts[b].lock), "release");
}

static void transfer(int from, int to, long amount)
{
    if (with_locks) {
        lock_both(from, to);
    }
    accounts[from].balance -= amount;
    long balance = accounts[to].balance;
    usleep(NAP_US); /* let others run, just here */
    accounts[to].balance = balance + amount;
    if (with_locks) {
        unlock_both(from, to);
    }
}

/* Clerk n has account n for itself, and pays from it into account 0: money can be lost there, and none be made. */
static int pays_in(void *number)
{
    must(mp_barrier_wait(opening, -1), "barrier");
    for (int i = 0; i < ROUNDS; i++) {
        transfer((int)(long)number, 0, 1);
    }
    return 0;
}

/* From anywhere to anywhere, this way and back. */
static int moves_around(void *number)
{
    must(mp_barrier_wait(opening, -1), "barrier");
    for (int i = 0; i < ROUNDS; i++) {
        int from = (int)(long)number + i, step = 1 + i % (ACCOUNTS - 1);
        transfer(from % ACCOUNTS, (from + step) % ACCOUNTS, 1 + i % 7);
    }
    return 0;
}

static long sum_after(int (*work)(void *), const char *what)
{
    struct mp_process *clerks[CLERKS];
    long sum = 0;
    for (int i = 0; i < ACCOUNTS; i++) {
        accounts[i].balance = BALANCE;
    }
    for (long i = 0; i < CLERKS; i++) {
        clerks[i] = start(work, (void *)(i + 1));
    }
    for (int i = 0; i < CLERKS; i++) {
        join(clerks[i]);
    }
    for (int i = 0; i < ACCOUNTS; i++) {
        sum += accounts[i].balance;
    }
    printf("%s: %ld of %d are there\n", what, sum, ACCOUNTS * BALANCE);
    return sum;
}

int main(void)
{
    accounts = share(ACCOUNTS * sizeof accounts[0]); /* locks full of zeroes are free */
    opening = share(sizeof *opening);
    must(mp_barrier_init(opening, CLERKS), "barrier");
    long sum = ACCOUNTS * BALANCE;
    int lost = sum_after(pays_in, "all pay into one account, without locks") < sum;
    with_locks = 1;
    int kept = sum_after(pays_in, "all pay into one account, with locks") == sum;
    kept &= sum_after(moves_around, "from every account to every other, with locks") == sum;
    return lost && kept ? 0 : 1;
}
