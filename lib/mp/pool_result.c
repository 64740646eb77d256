/*
 * Results of a pool's tasks, for those who wait for them. See <mp/pool.h>.
 */
#include "pool_internal.h"

#include <stdlib.h>
#include <string.h>

static bool is_ready(const void *result)
{
    return !((const struct mp_result *)result)->pool;
}

/* There is an item that mp_result_next has not given yet, or will be none. */
static bool has_next(const void *result)
{
    const struct mp_result *r = result;
    return r->next_chunk < r->done || is_ready(r);
}

static int wait_until(struct mp_result *r, bool (*over)(const void *result), int timeout_ms)
{
    if (r->creator != self_pid())
        return -EPERM;
    return over(r) ? 0 : mp_pool_go_on_until(r->pool, over, r, mp_deadline(timeout_ms));
}

int mp_result_wait(struct mp_result *result, int timeout_ms)
{
    return wait_until(result, is_ready, timeout_ms);
}

int mp_result_get(struct mp_result *result, void *buffer, size_t room, int timeout_ms)
{
    int error = mp_result_wait(result, timeout_ms);
    if (error || result->error || result->is_map)
        return error ? error : result->error;
    if ((size_t)result->status > room)
        return -EMSGSIZE;
    if (result->status)
        memcpy(buffer, result->map.results, (size_t)result->status);
    return result->status;
}

int mp_result_ready(struct mp_result *result)
{
    int error = mp_result_wait(result, 0);
    return error == -ETIMEDOUT ? 0 : error ? error : 1;
}

int mp_result_successful(struct mp_result *result)
{
    int ready = mp_result_ready(result);
    return ready < 0 ? ready : !ready ? -EBUSY : !result->error;
}

int mp_result_exit_code(const struct mp_result *result)
{
    return is_ready(result) ? result->exit_code : MP_NO_EXIT_CODE;
}

int64_t mp_result_next(struct mp_result *result, int timeout_ms)
{
    int error = wait_until(result, has_next, timeout_ms);
    if (error)
        return error;
    if (result->next_chunk == result->chunks)
        return -ENODATA;
    size_t item = result->order[result->next_chunk] * result->map.chunksize + result->next_item++;
    if (result->next_item == result->map.chunksize || item + 1 == result->map.count) {
        result->next_item = 0;
        result->next_chunk++;
    }
    return (int64_t)item;
}

int mp_result_free(struct mp_result *result)
{
    if (result->creator == self_pid() && mp_result_ready(result) != 1)
        return -EBUSY;
    free(result);
    return 0;
}
