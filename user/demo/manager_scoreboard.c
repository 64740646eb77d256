/*
 * Textbook: data kept by a server, and changed by messages instead of in shared memory. A
 * manager keeps a scoreboard (a dict) and a lock. Players add points, to their own line and to that of all together.
 * Each addition is two calls, get and set, so it needs the lock: without it, points that two add at once to the same
 * line are lost. The players end; what they did stays with the manager until the last who has a proxy closes it.
 */
#include <errno.h>
#include <mp/mp.h>
#include <stdio.h>
#include <string.h>

#define PLAYERS 4
#define ROUNDS 50

static const char *const names[PLAYERS] = {"Ada", "Edsger", "Grace", "Tony"};
static struct mp_dict board;
static struct mp_manager_lock lock;

/* 0, or the negative errno of what went wrong. */
static int add(const char *line, long points)
{
    long now = 0;
    int error = mp_manager_lock_acquire(&lock, -1);
    if (error < 0)
        return error;
    int64_t bytes = mp_dict_get(&board, line, strlen(line), &now, sizeof now);
    now += points;
    error = bytes < 0 && bytes != -ENOENT ? (int)bytes : mp_dict_set(&board, line, strlen(line), &now, sizeof now);
    mp_manager_lock_release(&lock);
    return error;
}

/* Adds 1, 2, … points, and says by its exit code whether all went well. */
static int play(void *name)
{
    for (long points = 1; points <= ROUNDS; points++)
        if (add(name, points) < 0 || add("all together", points) < 0)
            return 1;
    return 0;
}

static int start(struct mp_process **player, const char *name)
{
    int error = mp_process_create(player, play, (void *)name);
    return error < 0 ? error : mp_process_start(*player);
}

/* The lines come in the order in which they were first set: that was main, before anybody played. */
static void print_board(void)
{
    char name[32];
    long points;
    uint64_t cursor = 0;
    for (;;) {
        struct mp_dict_item item = {
            .key = name, .key_bytes = sizeof name - 1, .value = &points, .value_bytes = sizeof points};
        if (mp_dict_next(&board, &cursor, &item) < 0)
            break;
        name[item.key_bytes] = '\0';
        printf("%-12s %6ld\n", name, points);
    }
}

int main(void)
{
    struct mp_manager *manager;
    struct mp_process *players[PLAYERS];
    int error = mp_manager_start(&manager);
    if (error == 0)
        error = mp_dict_new(manager, &board);
    if (error == 0)
        error = mp_manager_lock_new(manager, &lock);
    for (int i = 0; i < PLAYERS && error == 0; i++)
        error = add(names[i], 0);
    for (int i = 0; i < PLAYERS && error == 0; i++)
        error = start(&players[i], names[i]);
    if (error < 0) {
        fprintf(stderr, "manager_scoreboard: %s\n", strerror(-error));
        return 1;
    }
    for (int i = 0; i < PLAYERS; i++) {
        mp_process_join(players[i], -1);
        printf("%s has played, exit code %d\n", names[i], mp_process_exit_code(players[i]));
    }
    print_board();
    printf("the manager keeps %ld objects\n", (long)mp_manager_objects(manager));
    mp_manager_lock_close(&lock);
    printf("... and without the lock %ld\n", (long)mp_manager_objects(manager));
    mp_manager_shutdown(manager);
    printf("after it was shut down: %s\n", strerror(-mp_dict_has(&board, "Ada", 3)));
    return 0;
}
