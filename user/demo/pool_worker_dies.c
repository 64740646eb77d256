/*
 * Textbook: fault isolation. A worker of a pool crashes in the middle of its task. That task has an error, which says
 * how its worker ended; all others have their results, and another worker has taken the dead one's place.
 */
#include <mp/pool.h>
#include <mp/process.h>
#include <stdio.h>
#include <string.h>

#define WORKERS 3
#define TASKS 5

static const char *const words[TASKS] = {"microkernel", "fork", NULL, "daemon", "pool"};

/* A task: how long words[*index] is. That of NULL is a crash. */
static int length_of_word(const void *index, size_t bytes, void *length, size_t room)
{
    int i;
    memcpy(&i, index, sizeof i);
    size_t n = strlen(words[i]);
    memcpy(length, &n, sizeof n);
    return sizeof n;
}

int main(void)
{
    struct mp_pool *pool;
    struct mp_result *result[TASKS];
    int error = mp_pool_create(&pool, WORKERS, NULL, NULL);
    for (int i = 0; i < TASKS && !error; i++) {
        error = mp_pool_apply_async(pool, length_of_word, &i, sizeof i, sizeof(size_t), &result[i]);
    }
    if (error) {
        fprintf(stderr, "pool_worker_dies: %s\n", strerror(-error));
        return 1;
    }
    for (int i = 0; i < TASKS; i++) {
        mp_result_wait(result[i], -1);
    }
    for (int i = 0; i < TASKS; i++) {
        size_t length;
        int bytes = mp_result_get(result[i], &length, sizeof length, -1);
        if (bytes >= 0) {
            printf("task %d: \"%s\" has %zu letters\n", i, words[i], length);
        } else {
            printf("task %d: %s; its worker's exit code is %d\n", i, strerror(-bytes), mp_result_exit_code(result[i]));
        }
        mp_result_free(result[i]);
    }
    printf("workers: %d\n", mp_active_children(NULL, 0));
    mp_pool_close(pool);
    mp_pool_join(pool, -1);
    mp_pool_free(pool);
    return 0;
}
