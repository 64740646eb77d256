/*
 * lib/mp's Manager and Pool on a machine without memory: calls say -ENOMEM or are done, nobody dies of it, and
 * afterwards all is as good as it was. For machines of little memory.
 */
#include "mp_tools.h"
#include "pressure.h"

static struct mp_manager *manager;
static struct mp_dict dict;
static struct mp_list list;
static struct mp_manager_value value;
static struct mp_manager_lock lock;
static char large[MP_ITEM_MAX], back[MP_ITEM_MAX];

static void begin_manager(void)
{
    memset(large, 'a', sizeof large);
    memset(back, 'b', sizeof back);
    CHECK_EQUAL(mp_manager_start(&manager), 0);
    CHECK_EQUAL(mp_dict_new(manager, &dict), 0);
    CHECK_EQUAL(mp_list_new(manager, &list), 0);
    CHECK_EQUAL(mp_manager_value_new(manager, "12345678", 8, &value), 0);
    CHECK_EQUAL(mp_manager_lock_new(manager, &lock), 0);
    CHECK_EQUAL(mp_dict_set(&dict, "word", 4, "hello", 5), 0);
    CHECK_EQUAL(mp_dict_set(&dict, "large", 5, large, sizeof large), 0);
    CHECK_EQUAL(mp_list_append(&list, "item", 4), 0);
}

static int refusals;

#define RESERVE (4l << 20)

/* Of this process: taken while there is plenty, so that there is memory again when it is given back. */
static void take_reserve(void)
{
    CHECK(sbrk(RESERVE) != (void *)-1);
}

static void give_back(void)
{
    CHECK(sbrk(-RESERVE) != (void *)-1);
}

static int64_t or_enomem(int64_t result)
{
    if (result < 0) {
        CHECK_EQUAL(result, -ENOMEM);
        refusals++;
    }
    return result;
}

static void use_manager(void)
{
    char word[8];
    int64_t n, items = 1, keys = 2;
    for (int round = 0; round < 300; round++) {
        n = or_enomem(mp_dict_get(&dict, "word", 4, word, sizeof word));
        CHECK(n < 0 || (n == 5 && memcmp(word, "hello", 5) == 0));
        n = or_enomem(mp_dict_get(&dict, "large", 5, back, sizeof back));
        CHECK(n < 0 || (n == sizeof back && memcmp(large, back, sizeof back) == 0));
        n = or_enomem(mp_dict_set(&dict, &round, sizeof round, large, (size_t)round * 100));
        keys += n == 0;
        n = or_enomem(mp_list_append(&list, large, (size_t)round * 100));
        items += n == 0;
        or_enomem(mp_manager_value_set(&value, "87654321"));
        n = or_enomem(mp_manager_lock_acquire(&lock, 1));
        if (n == 0)
            CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
        struct mp_dict another;
        n = or_enomem(mp_dict_new(manager, &another));
        if (n == 0)
            mp_dict_close(&another);
    }
    n = or_enomem(mp_list_size(&list));
    CHECK(n < 0 || n == items);
    n = or_enomem(mp_dict_size(&dict));
    CHECK(n < 0 || n == keys);
    CHECK(refusals > 0);
}

/* Its own manager: shut down in the end. */
static void use_manager_and_shut_it_down(void)
{
    use_manager();
    CHECK_EQUAL(mp_manager_shutdown(manager), 0);
    CHECK_EQUAL(mp_list_size(&list), -ESHUTDOWN);
    CHECK_EQUAL(mp_manager_close(manager), 0);
}

static void a_managers_calls_are_done_or_enomem(void)
{
    CHECK_EQUAL(under_pressure(begin_manager, use_manager_and_shut_it_down), 0);
}

/* The manager is another's, and this process connects only when nothing is left. */
static void calls_at_last(void)
{
    for (int i = 0; i < 100; i++) {
        int error = mp_manager_connect(manager);
        CHECK(error == 0 || error == -ENOMEM);
        if (error == 0)
            break;
    }
    use_manager();
}

static void a_client_connects_or_enomem(void)
{
    begin_manager();
    CHECK_EQUAL(under_pressure(NULL, calls_at_last), 0);
    CHECK_EQUAL(mp_dict_value_size(&dict, "large", 5), sizeof large);
    CHECK_EQUAL(mp_manager_value_set(&value, "87654321"), 0);
    CHECK_EQUAL(mp_manager_shutdown(manager), 0);
    CHECK_EQUAL(mp_manager_close(manager), 0);
}

/* ---- pool ---- */

static struct mp_pool *pool;

static int echo(const void *argument, size_t bytes, void *result, size_t room)
{
    memcpy(result, argument, bytes);
    return (int)bytes;
}

static void begin_pool(void)
{
    long n = 7;
    close(go[1]); /* else the workers would keep it open */
    go[1] = -1;
    memset(large, 'a', sizeof large);
    memset(back, 'b', sizeof back);
    CHECK_EQUAL(mp_pool_create(&pool, 3, NULL, NULL), 0);
    CHECK_EQUAL(mp_pool_apply(pool, echo, &n, sizeof n, &n, sizeof n), sizeof n);
    take_reserve();
}

static void use_pool(void)
{
    long n;
    for (int round = 0; round < 100; round++) {
        n = round;
        struct mp_map map = {.function = echo, .items = large, .count = 4000, .item_bytes = 16, .results = back,
                             .result_bytes = 16};
        int64_t r = or_enomem(mp_pool_apply(pool, echo, &n, sizeof n, &n, sizeof n));
        CHECK(r < 0 || (r == sizeof n && n == round));
        or_enomem(mp_pool_apply(pool, echo, large, MP_POOL_BYTES_MAX, back, MP_POOL_BYTES_MAX));
        or_enomem(mp_pool_map(pool, &map));
    }
    CHECK(refusals > 0);
    give_back();
    CHECK_EQUAL(mp_pool_apply(pool, echo, &n, sizeof n, back, sizeof n), sizeof n);
    CHECK_EQUAL(mp_pool_close(pool), 0);
    CHECK_EQUAL(mp_pool_join(pool, -1), 0);
    CHECK_EQUAL(mp_pool_free(pool), 0);
}

static void a_pools_tasks_are_done_or_enomem(void)
{
    CHECK_EQUAL(under_pressure(begin_pool, use_pool), 0);
}

static void create_in_vain(void)
{
    for (int i = 0; i < 10; i++) {
        int r = mp_pool_create(&pool, 3, NULL, NULL);
        CHECK(r == 0 || r == -ENOMEM);
        if (r == 0)
            mp_pool_free(pool);
        r = mp_manager_start(&manager);
        CHECK(r == 0 || r == -ENOMEM);
        if (r == 0) {
            CHECK_EQUAL(mp_manager_shutdown(manager), 0);
            CHECK_EQUAL(mp_manager_close(manager), 0);
        }
    }
}

static void none_can_be_made(void)
{
    CHECK_EQUAL(under_pressure(NULL, create_in_vain), 0);
}

int main(int argc, char **argv)
{
    check_patience = 3;
    check_start(argc, argv);
    RUN(a_managers_calls_are_done_or_enomem);
    RUN(a_client_connects_or_enomem);
    RUN(a_pools_tasks_are_done_or_enomem);
    RUN(none_can_be_made);
    return check_end();
}
