/*
 * Pool: workers that do tasks for the process that made them. Like multiprocessing.Pool: apply and map, at once or
 * asynchronously.
 *
 * A task is a function, which every worker has since it is a fork of the pool's creator, and bytes as its argument; it
 * gives bytes, or a negative errno, which arrives as the task's error. What else a task sees is a copy of what the
 * creator had when the worker was started.
 *
 * A worker that ends, in whatever way, is an error for the task that it had taken and had not answered, and for no
 * other: -EOWNERDEAD, and mp_result_exit_code says how it ended. So one that was killed just before the function's
 * first instruction fails it as well: whether that was reached nobody can tell, as a note of it would be another
 * instruction. No task is done twice. A new worker takes its place.
 *
 * There are no threads behind it. Tasks are handed out, answers fetched, and workers replaced inside of the pool's
 * calls. A few tasks for each worker are handed out ahead, so workers go on while their creator does something
 * else; one that only wants to hear of them polls mp_pool_handles and calls mp_pool_progress.
 *
 * Only the creator may use a pool, with one thread at a time; forks of it, the workers too, get -EPERM. Timeouts are
 * milliseconds: negative for ever, 0 not at all.
 */
#ifndef MP_POOL_H
#define MP_POOL_H

#include <kinglet/message_pipe.h>
#include <stddef.h>
#include <stdint.h>

#define MP_POOL_WORKERS_MAX 256
#define MP_POOL_BYTES_MAX (MESSAGE_BYTES_MAX - 16) /* of an argument, and of a result */

struct mp_pool;
struct mp_result;
struct pollfd;

/* Takes `bytes` bytes at `argument` (aligned to 16; in a map, as in the array), puts its result at `result`, where
 * there is `room`, and gives how many bytes that is, or a negative errno. More than `room`: -EMSGSIZE is its error. */
typedef int mp_pool_function(const void *argument, size_t bytes, void *result, size_t room);

/* ---- the pool ---- */

/* A pool of so many workers (0: as many as there are harts), which are daemons. Each calls initializer(argument)
 * first, unless it is NULL; if that gives anything but 0, the worker ends with it as its exit code. Does not block,
 * nor wait for initializers. 0; -EINVAL: too many; -EDAEMON: a daemon may have no pool, so workers have none;
 * -EAGAIN: the job's limit of processes; -ENOMEM: also its limit of pages; -EMFILE. On any error nothing is left
 * behind. */
int mp_pool_create(struct mp_pool **pool, unsigned workers, int (*initializer)(void *argument), void *argument);

/* A worker ends after so many tasks and is replaced (Python's maxtasksperchild); 0: never, as it is at first. A chunk
 * of a map is one task. Does not block. 0; -EPERM. */
int mp_pool_set_max_tasks(struct mp_pool *pool, unsigned tasks);

/* No more tasks: apply and map give -ECANCELED. When the last one is done, the workers end. Does not block. 0;
 * -EPERM. */
int mp_pool_close(struct mp_pool *pool);

/* Ends the workers at once. Tasks that were not done fail with -ECANCELED, new ones too. Does not block. 0; -EPERM. */
int mp_pool_terminate(struct mp_pool *pool);

/* Blocks until the tasks are done and the workers have ended, at most so long. 0; -ETIMEDOUT; -EBUSY: it was neither
 * closed nor terminated; -EPERM. */
int mp_pool_join(struct mp_pool *pool, int timeout_ms);

/* Frees it; what was not joined is terminated before, and this blocks until workers have ended, which takes them no
 * longer than a kill. Results stay. Forks of the creator free their copy, and nothing else happens. 0. */
int mp_pool_free(struct mp_pool *pool);

/* What to poll: fills in at most n of them, all with POLLIN; gives how many there are, at most 1 + the workers. They
 * change when a worker is replaced, so ask before each poll. Does not block. -EPERM. */
int mp_pool_handles(struct mp_pool *pool, struct pollfd *fds, int n);

/* Does what there is to do, without blocking. How many results are not ready yet; -EPERM. */
int mp_pool_progress(struct mp_pool *pool);

/* ---- tasks ----
 * What apply and map give besides what is said there, and what can become of any task:
 *     -EPERM, -ECANCELED  as above
 *     -EMSGSIZE           an argument or a result may be larger than MP_POOL_BYTES_MAX
 *     -EINVAL             there is no function
 *     -ENOMEM             also in the worker
 *     -EIO                the task has overwritten its worker's memory, and the answer makes no sense
 *     -EOWNERDEAD         the worker ended at it, when mp_result_exit_code gives how; else what the function returned
 *     -EAGAIN, -ENOMEM, -EMFILE   all workers have ended, and no new one could be started
 *     -ECHILD             all workers have ended, and new ones ended in the initializer, time after time
 * After the last two a new task is a new try. While there are workers, though fewer, they do it all. */

/* Does one task. Blocks until it is done. The result's bytes, at most `room`, or the error. */
int mp_pool_apply(struct mp_pool *pool, mp_pool_function *function, const void *argument, size_t bytes, void *result,
                  size_t room);

/* Hands in one task whose result has at most `room` bytes; the argument is copied. result NULL: nobody wants to know
 * of it. Tasks are begun in the order in which they are handed in. Does not block. 0; or the errors. */
int mp_pool_apply_async(struct mp_pool *pool, mp_pool_function *function, const void *argument, size_t bytes,
                        size_t room, struct mp_result **result);

/* The same function for each item of an array. All arrays are the caller's, and stay where they are until all is
 * done. */
struct mp_map {
    mp_pool_function *function;
    const void *items;
    size_t count, item_bytes;
    void *results;       /* the result of item i is at results + i * result_bytes, and has at most so many bytes */
    size_t result_bytes;
    int *statuses;       /* of each item the bytes of its result, or its error; NULL: not wanted */
    size_t chunksize;    /* so many items, or as many as there is room for in a message, are one task; 0: so that
                          * each worker gets about four, as in Python */
};

/* Blocks until all items are done. 0, or the error of the first item that has one; the others are done all the same,
 * but for those in one chunk with one at which a worker ended: all of that chunk get -EOWNERDEAD. */
int mp_pool_map(struct mp_pool *pool, const struct mp_map *map);

/* Hands in the tasks of a map; *map itself is copied. Does not block. 0; or the errors. */
int mp_pool_map_async(struct mp_pool *pool, const struct mp_map *map, struct mp_result **result);

/* ---- results ---- */

/* Blocks until it is ready, at most so long. 0; -ETIMEDOUT; -EPERM. */
int mp_result_wait(struct mp_result *result, int timeout_ms);

/* The same, and gives what apply or map would have given: copies the bytes of the result (of a map nothing: it is in
 * its arrays). As often as one likes. -EMSGSIZE: also when there is no room for it here; it stays. */
int mp_result_get(struct mp_result *result, void *buffer, size_t room, int timeout_ms);

/* 1: it is ready; 0. Does what there is to do, as mp_pool_progress; does not block. -EPERM. */
int mp_result_ready(struct mp_result *result);

/* 1: it is ready and has no error; 0: it has one; -EBUSY: it is not ready; -EPERM. Does not block. */
int mp_result_successful(struct mp_result *result);

/* How the worker ended that ended at the task (of a map: at the first item with an error), as mp_process_exit_code;
 * else MP_NO_EXIT_CODE. Does not block. */
int mp_result_exit_code(const struct mp_result *result);

/* Of a map, which item was done next, and no item twice: like imap_unordered. Blocks until there is one, at most so
 * long. Its index; -ENODATA: all were given; -ETIMEDOUT; -EPERM. */
int64_t mp_result_next(struct mp_result *result, int timeout_ms);

/* Frees it. Does not block. 0; -EBUSY: it is not ready. Forks free their copy. */
int mp_result_free(struct mp_result *result);

#endif
