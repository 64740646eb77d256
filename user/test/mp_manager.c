/*
 * lib/mp's Manager: what it keeps, by one process and by several. How it lives and ends is in mp_manager_life.c,
 * deaths in mp_manager_deaths.c, who means ill in mp_manager_hostile.c.
 */
#include "manager_tools.h"

#define LONGEST MP_ITEM_MAX
#define RANDOM_ROUNDS 3000

static char data[LONGEST + 8], other[LONGEST + 8];
static struct mp_dict dict;
static struct mp_list list;
static struct mp_manager_value value;
static struct mp_manager_lock lock;
static bool exact_time; /* under -icount on one hart */

/* Strings as keys and values, without their NULs. */
#define SET(key, text) mp_dict_set(&dict, key, strlen(key), text, strlen(text))
#define GIVES(call, text) \
    do { \
        memset(data, '#', sizeof data); \
        CHECK_EQUAL(call, strlen(text)); \
        CHECK(memcmp(data, text, strlen(text)) == 0 && data[strlen(text)] == '#'); \
    } while (0)
#define GET(key, text) GIVES(mp_dict_get(&dict, key, strlen(key), data, sizeof data), text)

/* ---- dict ---- */

static void begin_dict(void)
{
    begin();
    CHECK_EQUAL(mp_dict_new(manager, &dict), 0);
}

static void end_dict(void)
{
    mp_dict_close(&dict);
    finish();
}

static void a_dict_does_what_pythons_does(void)
{
    begin_dict();
    CHECK_EQUAL(mp_dict_size(&dict), 0);
    CHECK_EQUAL(SET("one", "1"), 0);
    CHECK_EQUAL(SET("two", "22"), 0);
    CHECK_EQUAL(SET("one", "eins, a longer value than it was"), 0);
    CHECK_EQUAL(mp_dict_size(&dict), 2);
    GET("one", "eins, a longer value than it was");
    GET("two", "22");
    CHECK_EQUAL(mp_dict_value_size(&dict, "two", 3), 2);
    CHECK_EQUAL(mp_dict_has(&dict, "two", 3), 1);
    CHECK_EQUAL(mp_dict_has(&dict, "three", 5), 0);
    GIVES(mp_dict_set_default(&dict, "two", 3, "other", 5, data, sizeof data), "22");
    GIVES(mp_dict_set_default(&dict, "three", 5, "drei", 4, data, sizeof data), "drei");
    GIVES(mp_dict_pop(&dict, "two", 3, data, sizeof data), "22");
    CHECK_EQUAL(mp_dict_has(&dict, "two", 3), 0);
    CHECK_EQUAL(mp_dict_delete(&dict, "one", 3), 0);
    CHECK_EQUAL(mp_dict_size(&dict), 1);
    CHECK_EQUAL(mp_dict_clear(&dict), 0);
    CHECK_EQUAL(mp_dict_size(&dict), 0);
    CHECK_EQUAL(SET("again", "yes"), 0);
    GET("again", "yes");
    end_dict();
}

static void a_missing_key_is_enoent(void)
{
    begin_dict();
    SET("key", "value");
    strcpy(data, "untouched");
    CHECK_EQUAL(mp_dict_get(&dict, "kez", 3, data, sizeof data), -ENOENT);
    CHECK_EQUAL(mp_dict_pop(&dict, "ke", 2, data, sizeof data), -ENOENT);
    CHECK_EQUAL(mp_dict_get(&dict, "key", 4, data, sizeof data), -ENOENT); /* its NUL makes another key */
    CHECK_EQUAL(mp_dict_get(&dict, "a key of more than sixteen bytes", 32, data, sizeof data), -ENOENT);
    CHECK_EQUAL(mp_dict_value_size(&dict, "", 0), -ENOENT);
    CHECK_EQUAL(mp_dict_delete(&dict, "nothing", 7), -ENOENT);
    CHECK(strcmp(data, "untouched") == 0);
    CHECK_EQUAL(mp_dict_size(&dict), 1);
    end_dict();
}

/* Every length around the ones that travel in registers, in a small buffer, and in a large one. */
static void keys_and_values_of_every_length(void)
{
    static const size_t lengths[] = {0, 1, 7, 8, 9, 15, 16, 17, 24, 31, 300, 480, 488, 489, 512, 1000, MP_KEY_MAX};
    static const size_t value_lengths[] = {0, 1, 7, 8, 9, 16, 100, 487, 512, 513, 4096, 65535, MP_ITEM_MAX};
    begin_dict();
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (unsigned j = 0; j < sizeof value_lengths / sizeof value_lengths[0]; j++) {
            size_t key_bytes = lengths[i], bytes = value_lengths[j];
            memset(other, (int)(i + 1), key_bytes);
            memset(data, (int)j, sizeof data);
            CHECK_EQUAL(mp_dict_set(&dict, other, key_bytes, data, bytes), 0);
            memset(data, '#', sizeof data);
            CHECK_EQUAL(mp_dict_get(&dict, other, key_bytes, data, bytes), bytes); /* it just fits */
            for (size_t n = 0; n < sizeof data; n++)
                CHECK(data[n] == (n < bytes ? (char)j : '#'));
            CHECK_EQUAL(mp_dict_value_size(&dict, other, key_bytes), bytes);
        }
    CHECK_EQUAL(mp_dict_size(&dict), sizeof lengths / sizeof lengths[0]);
    end_dict();
}

static void too_long_and_too_short_is_emsgsize(void)
{
    begin_dict();
    CHECK_EQUAL(mp_dict_set(&dict, data, MP_KEY_MAX + 1, "x", 1), -EMSGSIZE);
    CHECK_EQUAL(mp_dict_set(&dict, "x", 1, data, MP_ITEM_MAX + 1), -EMSGSIZE);
    CHECK_EQUAL(mp_dict_set(&dict, "x", 1, data, SIZE_MAX), -EMSGSIZE);
    CHECK_EQUAL(mp_dict_get(&dict, data, MP_KEY_MAX + 1, other, 1), -EMSGSIZE);
    CHECK_EQUAL(mp_dict_has(&dict, data, SIZE_MAX), 0);
    CHECK_EQUAL(mp_dict_set_default(&dict, "x", 1, "long", 4, data, 3), -EMSGSIZE);
    CHECK_EQUAL(mp_dict_size(&dict), 0); /* nothing was set by any of them */
    SET("key", "twelve bytes");
    strcpy(data, "untouched");
    for (size_t room = 0; room < 12; room++) {
        CHECK_EQUAL(mp_dict_get(&dict, "key", 3, data, room), -EMSGSIZE);
        CHECK_EQUAL(mp_dict_pop(&dict, "key", 3, data, room), -EMSGSIZE);
        CHECK_EQUAL(mp_dict_set_default(&dict, "key", 3, "", 0, data, room), -EMSGSIZE);
    }
    CHECK(strcmp(data, "untouched") == 0);
    CHECK_EQUAL(mp_dict_value_size(&dict, "key", 3), 12); /* it is all there still */
    GIVES(mp_dict_get(&dict, "key", 3, data, SIZE_MAX), "twelve bytes");
    end_dict();
}

/* Going through it; *item's buffers have room for 8 bytes of key and of value. */
static int step(uint64_t *cursor, char key[9], char text[9])
{
    struct mp_dict_item item = {.key = key, .key_bytes = 8, .value = text, .value_bytes = 8};
    int error = mp_dict_next(&dict, cursor, &item);
    if (!error)
        key[item.key_bytes] = text[item.value_bytes] = '\0';
    return error;
}

static void going_through_a_dict_is_in_order_and_survives_changes(void)
{
    char key[9], text[9], expected[9];
    uint64_t cursor = 0;
    begin_dict();
    CHECK_EQUAL(step(&cursor, key, text), -ENODATA);
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "k%d", i);
        snprintf(text, sizeof text, "v%d", i);
        CHECK_EQUAL(SET(key, text), 0);
    }
    SET("k7", "seven"); /* keeps its place */
    for (int i = 0; i < 100; i++) {
        snprintf(expected, sizeof expected, "k%d", i);
        CHECK_EQUAL(step(&cursor, key, text), 0);
        CHECK(strcmp(key, expected) == 0 && strcmp(text + 1, i == 7 ? "even" : expected + 1) == 0);
        /* What has been shown goes, and is put in anew at the end: that must not show a key twice or leave one out. */
        if (i % 3 == 0)
            CHECK_EQUAL(mp_dict_delete(&dict, key, strlen(key)), 0);
        if (i % 9 == 0 && i < 60)
            for (int n = 0; n < 40; n++) { /* so much comes and goes that the holes are closed */
                CHECK_EQUAL(SET("passing", "by"), 0);
                CHECK_EQUAL(mp_dict_delete(&dict, "passing", 7), 0);
            }
    }
    CHECK_EQUAL(step(&cursor, key, text), -ENODATA);
    CHECK_EQUAL(SET("late", "x"), 0);
    CHECK_EQUAL(step(&cursor, key, text), 0);
    CHECK(strcmp(key, "late") == 0);
    cursor = UINT64_MAX;
    CHECK_EQUAL(step(&cursor, key, text), -ENODATA);
    CHECK_EQUAL(mp_dict_clear(&dict), 0);
    cursor = 0;
    CHECK_EQUAL(step(&cursor, key, text), -ENODATA);
    end_dict();
}

static void an_item_says_what_it_needs_and_the_last_can_be_popped(void)
{
    uint64_t cursor = 0;
    begin_dict();
    struct mp_dict_item item = {.key = data, .key_bytes = sizeof data, .value = other, .value_bytes = sizeof other};
    CHECK_EQUAL(mp_dict_pop_item(&dict, &item), -ENODATA);
    SET("first", "1");
    SET("second key", "the second value");
    item = (struct mp_dict_item){.key = data, .key_bytes = 4, .value = other, .value_bytes = 100};
    CHECK_EQUAL(mp_dict_next(&dict, &cursor, &item), -EMSGSIZE);
    CHECK(item.key_bytes == 5 && item.value_bytes == 1 && cursor == 0);
    CHECK_EQUAL(mp_dict_next(&dict, &cursor, &item), 0);
    CHECK(item.key_bytes == 5 && item.value_bytes == 1 && memcmp(data, "first", 5) == 0 && other[0] == '1');
    item = (struct mp_dict_item){.key = data, .key_bytes = 10, .value = other, .value_bytes = 15};
    CHECK_EQUAL(mp_dict_next(&dict, &cursor, &item), -EMSGSIZE);
    CHECK_EQUAL(item.value_bytes, 16);
    item = (struct mp_dict_item){.key = data, .key_bytes = 10}; /* the key alone */
    CHECK_EQUAL(mp_dict_next(&dict, &cursor, &item), 0);
    CHECK(item.key_bytes == 10 && item.value_bytes == 16 && memcmp(data, "second key", 10) == 0);
    item = (struct mp_dict_item){.key = data, .key_bytes = 9, .value = other, .value_bytes = 100};
    CHECK_EQUAL(mp_dict_pop_item(&dict, &item), -EMSGSIZE);
    CHECK_EQUAL(mp_dict_size(&dict), 2);
    CHECK_EQUAL(mp_dict_pop_item(&dict, &item), 0);
    CHECK(item.value_bytes == 16 && memcmp(other, "the second value", 16) == 0);
    CHECK_EQUAL(mp_dict_pop_item(&dict, &item), 0);
    CHECK(item.key_bytes == 5 && memcmp(data, "first", 5) == 0);
    CHECK_EQUAL(mp_dict_pop_item(&dict, &item), -ENODATA);
    end_dict();
}

/* A buffer that cannot be written is an error, and what was to be popped into it stays. */
static void what_cannot_be_given_is_not_taken_away(void)
{
    void *const nowhere[] = {(void *)8, (void *)"read-only", (void *)(1ul << 38), (void *)UINT64_MAX};
    begin_dict();
    CHECK_EQUAL(mp_list_new(manager, &list), 0);
    SET("key", "value");
    CHECK_EQUAL(mp_list_append(&list, "item", 4), 0);
    for (unsigned i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
        CHECK_EQUAL(mp_dict_get(&dict, "key", 3, nowhere[i], 5), -EFAULT);
        CHECK_EQUAL(mp_dict_pop(&dict, "key", 3, nowhere[i], 5), -EFAULT);
        CHECK_EQUAL(mp_dict_size(&dict), 1);
        CHECK_EQUAL(mp_dict_set_default(&dict, "", 0, "new", 3, nowhere[i], 3), -EFAULT);
        CHECK_EQUAL(mp_dict_size(&dict), 1);
        CHECK_EQUAL(mp_list_pop(&list, 0, nowhere[i], 4), -EFAULT);
        CHECK_EQUAL(mp_list_size(&list), 1);
    }
    CHECK_EQUAL(mp_dict_set_default(&dict, "", 0, "", 0, NULL, 0), 0);
    CHECK_EQUAL(mp_dict_pop(&dict, "", 0, NULL, 0), 0);
    CHECK_EQUAL(mp_dict_pop(&dict, "key", 3, data, 5), 5);
    CHECK_EQUAL(mp_list_pop(&list, 0, other, 4), 4);
    CHECK(memcmp(data, "value", 5) == 0 && memcmp(other, "item", 4) == 0);
    mp_list_close(&list);
    end_dict();
}

static unsigned draw(unsigned below)
{
    static uint64_t seed = 4711;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

/* Thousands of random operations on 300 keys give what an array gives. */
static void a_dict_agrees_with_a_model(void)
{
    static uint64_t model[300]; /* 0: not there */
    uint64_t now, live = 0;
    begin_dict();
    for (uint64_t i = 1; i <= RANDOM_ROUNDS; i++) {
        unsigned key = draw(300), n = i / 500 % 2 ? draw(6) : draw(4); /* it grows and shrinks by turns */
        now = 0;
        if (n < 2) {
            CHECK_EQUAL(mp_dict_set(&dict, &key, sizeof key, &i, sizeof i), 0);
            live += !model[key];
            model[key] = i;
        } else if (n == 2) {
            CHECK_EQUAL(mp_dict_get(&dict, &key, sizeof key, &now, sizeof now), model[key] ? 8 : -ENOENT);
            CHECK_EQUAL(now, model[key]);
        } else {
            CHECK_EQUAL(mp_dict_pop(&dict, &key, sizeof key, &now, sizeof now), model[key] ? 8 : -ENOENT);
            CHECK_EQUAL(now, model[key]);
            live -= model[key] != 0;
            model[key] = 0;
        }
        CHECK_EQUAL(mp_dict_size(&dict), live);
    }
    unsigned key;
    uint64_t cursor = 0, seen = 0;
    struct mp_dict_item item = {.key = &key, .key_bytes = sizeof key, .value = &now, .value_bytes = sizeof now};
    for (; mp_dict_next(&dict, &cursor, &item) == 0; seen++) {
        CHECK_EQUAL(now, model[key]);
        model[key] = 0;
    }
    CHECK_EQUAL(seen, live);
    end_dict();
}

/* ---- list ---- */

static void begin_list(void)
{
    begin();
    CHECK_EQUAL(mp_list_new(manager, &list), 0);
}

static void end_list(void)
{
    mp_list_close(&list);
    finish();
}

/* All items, one letter each. */
static void list_is(const char *letters)
{
    CHECK_EQUAL(mp_list_size(&list), strlen(letters));
    for (int64_t i = 0; letters[i]; i++) {
        char letter = 0;
        CHECK_EQUAL(mp_list_get(&list, i, &letter, 1), 1);
        CHECK_EQUAL(letter, letters[i]);
    }
}

static void a_list_does_what_pythons_does(void)
{
    begin_list();
    list_is("");
    CHECK_EQUAL(mp_list_extend(&list, "abcabc", 1, 6), 0);
    CHECK_EQUAL(mp_list_append(&list, "d", 1), 0);
    CHECK_EQUAL(mp_list_insert(&list, 0, "A", 1), 0);
    CHECK_EQUAL(mp_list_insert(&list, -1, "B", 1), 0); /* before the last */
    CHECK_EQUAL(mp_list_insert(&list, 1000, "Z", 1), 0);
    CHECK_EQUAL(mp_list_insert(&list, -1000, "0", 1), 0);
    list_is("0AabcabcBdZ");
    CHECK_EQUAL(mp_list_index(&list, "b", 1), 3);
    CHECK_EQUAL(mp_list_count(&list, "b", 1), 2);
    CHECK_EQUAL(mp_list_count(&list, "x", 1), 0);
    CHECK_EQUAL(mp_list_remove(&list, "b", 1), 0);
    list_is("0AacabcBdZ");
    GIVES(mp_list_pop(&list, -1, data, sizeof data), "Z");
    GIVES(mp_list_pop(&list, 0, data, sizeof data), "0");
    CHECK_EQUAL(mp_list_delete(&list, -2), 0);
    CHECK_EQUAL(mp_list_set(&list, 1, "!", 1), 0);
    CHECK_EQUAL(mp_list_set(&list, -1, "?", 1), 0);
    list_is("A!cabc?");
    CHECK_EQUAL(mp_list_reverse(&list), 0);
    list_is("?cbac!A");
    CHECK_EQUAL(mp_list_reverse(&list), 0);
    CHECK_EQUAL(mp_list_delete(&list, 3), 0);
    CHECK_EQUAL(mp_list_reverse(&list), 0); /* an even number */
    list_is("?cbc!A");
    CHECK_EQUAL(mp_list_clear(&list), 0);
    list_is("");
    CHECK_EQUAL(mp_list_extend(&list, "", 3, 0), 0);
    CHECK_EQUAL(mp_list_reverse(&list), 0);
    list_is("");
    end_list();
}

static void a_lists_errors_are_named(void)
{
    begin_list();
    CHECK_EQUAL(mp_list_get(&list, 0, data, 10), -ERANGE);
    CHECK_EQUAL(mp_list_pop(&list, -1, data, 10), -ERANGE);
    CHECK_EQUAL(mp_list_append(&list, "four", 4), 0);
    strcpy(data, "untouched");
    static const int64_t outside[] = {1, 2, -2, INT64_MAX, INT64_MIN};
    for (unsigned i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        CHECK_EQUAL(mp_list_get(&list, outside[i], data, 10), -ERANGE);
        CHECK_EQUAL(mp_list_pop(&list, outside[i], data, 10), -ERANGE);
        CHECK_EQUAL(mp_list_item_size(&list, outside[i]), -ERANGE);
        CHECK_EQUAL(mp_list_set(&list, outside[i], "x", 1), -ERANGE);
        CHECK_EQUAL(mp_list_delete(&list, outside[i]), -ERANGE);
    }
    CHECK_EQUAL(mp_list_get(&list, 0, data, 3), -EMSGSIZE);
    CHECK_EQUAL(mp_list_pop(&list, 0, data, 3), -EMSGSIZE);
    CHECK_EQUAL(mp_list_item_size(&list, 0), 4);
    CHECK_EQUAL(mp_list_remove(&list, "fou", 3), -ENOENT);
    CHECK_EQUAL(mp_list_index(&list, "fours", 5), -ENOENT);
    CHECK_EQUAL(mp_list_append(&list, data, MP_ITEM_MAX + 1), -EMSGSIZE);
    CHECK_EQUAL(mp_list_set(&list, 0, data, MP_ITEM_MAX + 1), -EMSGSIZE);
    CHECK_EQUAL(mp_list_extend(&list, data, 1000, 66), -EMSGSIZE);
    CHECK_EQUAL(mp_list_extend(&list, data, SIZE_MAX / 2, 4), -EMSGSIZE);
    CHECK_EQUAL(mp_list_extend(&list, data, 0, 5), -EINVAL);
    CHECK(strcmp(data, "untouched") == 0);
    CHECK_EQUAL(mp_list_size(&list), 1);
    memset(data, 'L', MP_ITEM_MAX);
    CHECK_EQUAL(mp_list_append(&list, data, MP_ITEM_MAX), 0);
    CHECK_EQUAL(mp_list_index(&list, data, MP_ITEM_MAX), 1);
    CHECK_EQUAL(mp_list_pop(&list, -1, other, sizeof other), MP_ITEM_MAX);
    CHECK(memcmp(data, other, MP_ITEM_MAX) == 0);
    end_list();
}

static void a_list_agrees_with_a_model(void)
{
    static unsigned model[RANDOM_ROUNDS];
    int64_t size = 0;
    unsigned now;
    begin_list();
    for (unsigned i = 1; i <= RANDOM_ROUNDS; i++) {
        int64_t at = draw((unsigned)size + 1);
        if (draw(i / 500 % 2 ? 5 : 3) < 2) {
            CHECK_EQUAL(mp_list_insert(&list, at, &i, sizeof i), 0);
            memmove(&model[at + 1], &model[at], (size_t)(size - at) * sizeof model[0]);
            model[at] = i;
            size++;
        } else if (at == size) {
            CHECK_EQUAL(mp_list_pop(&list, at, &now, sizeof now), -ERANGE);
        } else {
            CHECK_EQUAL(mp_list_index(&list, &model[at], sizeof now), at);
            CHECK_EQUAL(mp_list_pop(&list, draw(2) ? at : at - size, &now, sizeof now), sizeof now);
            CHECK_EQUAL(now, model[at]);
            size--;
            memmove(&model[at], &model[at + 1], (size_t)(size - at) * sizeof model[0]);
        }
        CHECK_EQUAL(mp_list_size(&list), size);
    }
    for (int64_t i = 0; i < size; i++) {
        CHECK_EQUAL(mp_list_get(&list, i, &now, sizeof now), sizeof now);
        CHECK_EQUAL(now, model[i]);
    }
    end_list();
}

/* ---- value ---- */

static void a_value_has_one_size(void)
{
    struct { long a[5]; } five = {{1, 2, 3, 4, 5}}, got;
    struct mp_manager_value large, none;
    begin();
    CHECK_EQUAL(mp_manager_value_new(manager, &five, sizeof five, &value), 0);
    CHECK_EQUAL(mp_manager_value_get(&value, &got), 0);
    CHECK(memcmp(&five, &got, sizeof got) == 0);
    five.a[4] = -5;
    CHECK_EQUAL(mp_manager_value_set(&value, &five), 0);
    CHECK_EQUAL(mp_manager_value_get(&value, &got), 0);
    CHECK_EQUAL(got.a[4], -5);
    CHECK_EQUAL(mp_manager_value_new(manager, NULL, MP_ITEM_MAX, &large), 0);
    memset(data, 'x', MP_ITEM_MAX);
    CHECK_EQUAL(mp_manager_value_get(&large, data), 0);
    for (size_t i = 0; i < MP_ITEM_MAX; i++)
        CHECK_EQUAL(data[i], 0);
    CHECK_EQUAL(mp_manager_value_new(manager, data, MP_ITEM_MAX + 1, &none), -EMSGSIZE);
    CHECK_EQUAL(mp_manager_value_new(manager, NULL, 0, &none), 0);
    CHECK_EQUAL(mp_manager_value_get(&none, data), 0);
    CHECK_EQUAL(mp_manager_value_set(&none, data), 0);
    CHECK_EQUAL(mp_manager_objects(manager), 3);
    mp_manager_value_close(&value);
    mp_manager_value_close(&large);
    mp_manager_value_close(&none);
    finish();
}

/* ---- lock ---- */

static int times_out(void *ms)
{
    CHECK_EQUAL(mp_manager_connect(manager), 0); /* which takes a while */
    uint64_t before = clock_ns();
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, (int)(long)ms), -ETIMEDOUT);
    uint64_t took = clock_ns() - before;
    CHECK(took >= (uint64_t)(long)ms * MS);
    CHECK(!exact_time || took < ((uint64_t)(long)ms + 2) * MS);
    return 0;
}

static int releases(void *expected)
{
    CHECK_EQUAL(mp_manager_lock_release(&lock), (long)expected);
    return 0;
}

static int acquires_and_holds(void *expected)
{
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), (long)expected);
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    return 0;
}

static void a_lock_is_held_by_one_process(void)
{
    begin();
    CHECK_EQUAL(mp_manager_lock_new(manager, &lock), 0);
    CHECK_EQUAL(mp_manager_lock_release(&lock), -EPERM);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), 0);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, 0), -ETIMEDOUT); /* not recursive */
    times_out((void *)3);
    in_process(times_out, 0);
    in_process(times_out, 5);
    in_process(releases, 0); /* anybody may */
    CHECK_EQUAL(mp_manager_lock_release(&lock), -EPERM);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, 0), 0);
    struct mp_process *p = started(acquires_and_holds, 0);
    wait_for_waiters(1);
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    CHECK_EQUAL(code_of(p), 0);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), 0); /* it was released, so nobody died with it */
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    mp_manager_lock_close(&lock);
    finish();
}

static void a_recursive_lock_is_released_as_often(void)
{
    begin();
    CHECK_EQUAL(mp_manager_rlock_new(manager, &lock), 0);
    CHECK_EQUAL(mp_manager_lock_release(&lock), -EPERM);
    for (int i = 0; i < 1000; i++)
        CHECK_EQUAL(mp_manager_lock_acquire(&lock, i % 2 - 1), 0);
    in_process(times_out, 2);
    in_process(releases, -EPERM);
    for (int i = 0; i < 999; i++)
        CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    in_process(times_out, 0);
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    in_process(acquires_and_holds, 0);
    CHECK_EQUAL(mp_manager_lock_release(&lock), -EPERM);
    mp_manager_lock_close(&lock);
    finish();
}

static int acquires_and_writes(void *number)
{
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, (long)number % 2 ? -1 : 60000), 0);
    CHECK_EQUAL(mp_list_append(&list, &number, sizeof number), 0);
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    return 0;
}

static void who_waits_longest_is_next(void)
{
    struct mp_process *p[8];
    begin();
    CHECK_EQUAL(mp_manager_lock_new(manager, &lock), 0);
    CHECK_EQUAL(mp_list_new(manager, &list), 0);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), 0);
    for (int i = 0; i < 8; i++) {
        p[i] = started(acquires_and_writes, i);
        wait_for_waiters((unsigned)i + 1);
    }
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    for (long i = 0, got; i < 8; i++) {
        CHECK_EQUAL(code_of(p[i]), 0);
        CHECK_EQUAL(mp_list_get(&list, i, &got, sizeof got), sizeof got);
        CHECK_EQUAL(got, i);
    }
    mp_manager_lock_close(&lock);
    mp_list_close(&list);
    finish();
}

/* Many limits at once, set in no order: each is kept. */
static void time_limits_are_kept_whoever_set_his_first(void)
{
    static const int ms[] = {9, 3, 12, 1, 6, 30, 2, 4};
    struct mp_process *p[8];
    begin();
    CHECK_EQUAL(mp_manager_lock_new(manager, &lock), 0);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), 0);
    bool exact = exact_time;
    exact_time = false; /* there are eight of them */
    for (int i = 0; i < 8; i++)
        p[i] = started(times_out, ms[i]);
    for (int i = 0; i < 8; i++)
        CHECK_EQUAL(code_of(p[i]), 0);
    exact_time = exact;
    times_out((void *)1); /* the timer is armed anew */
    CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    mp_manager_lock_close(&lock);
    finish();
}

/* ---- together ---- */

#define WORKERS 4
#define ROUNDS 10000

static int counts(void *rounds)
{
    long n = 0;
    for (long i = 0; i < (long)rounds; i++) {
        CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), 0);
        CHECK_EQUAL(mp_manager_value_get(&value, &n), 0);
        n++;
        CHECK_EQUAL(mp_manager_value_set(&value, &n), 0);
        CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    }
    return 0;
}

static void nothing_is_lost_under_a_lock(void)
{
    struct mp_process *p[WORKERS];
    long n = 0;
    begin();
    CHECK_EQUAL(mp_manager_lock_new(manager, &lock), 0);
    CHECK_EQUAL(mp_manager_value_new(manager, &n, sizeof n, &value), 0);
    for (int i = 0; i < WORKERS; i++)
        p[i] = started(counts, ROUNDS / WORKERS);
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQUAL(code_of(p[i]), 0);
    CHECK_EQUAL(mp_manager_value_get(&value, &n), 0);
    CHECK_EQUAL(n, ROUNDS);
    mp_manager_lock_close(&lock);
    mp_manager_value_close(&value);
    finish();
}

/* Each worker has keys of its own in one dict, and they take items from one list that the first ones put there. */
static int works(void *number)
{
    long me = (long)number, n, got;
    for (long i = 0; i < ROUNDS / WORKERS; i++) {
        long key[2] = {me, i % 50};
        n = -1;
        int64_t bytes = mp_dict_get(&dict, key, sizeof key, &n, sizeof n);
        CHECK_EQUAL(bytes, i < 50 ? -ENOENT : (int64_t)sizeof n);
        CHECK_EQUAL(n, i < 50 ? -1 : i - 50);
        CHECK_EQUAL(mp_dict_set(&dict, key, sizeof key, &i, sizeof i), 0);
        if (me % 2 == 0) {
            CHECK_EQUAL(mp_list_append(&list, &i, sizeof i), 0);
        } else {
            while (mp_list_pop(&list, 0, &got, sizeof got) == -ERANGE)
                yield();
        }
    }
    return 0;
}

static void ten_thousand_rounds_on_a_dict_and_a_list(void)
{
    struct mp_process *p[WORKERS];
    begin_dict();
    CHECK_EQUAL(mp_list_new(manager, &list), 0);
    for (int i = 0; i < WORKERS; i++)
        p[i] = started(works, i);
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQUAL(code_of(p[i]), 0);
    CHECK_EQUAL(mp_list_size(&list), 0);
    CHECK_EQUAL(mp_dict_size(&dict), 50 * WORKERS);
    mp_list_close(&list);
    end_dict();
}

#define CLIENTS 100
#define TIMES 30

static int sets_pops_and_counts(void *number)
{
    char key[32];
    for (int i = 0, found; i < TIMES; i++) {
        long n;
        size_t bytes = (size_t)snprintf(key, sizeof key, "%ld, %d", (long)number, i);
        CHECK_EQUAL(mp_dict_set(&dict, key, bytes, &i, sizeof i), 0);
        CHECK_EQUAL(mp_dict_pop(&dict, key, bytes, &found, sizeof found), sizeof found);
        CHECK_EQUAL(found, i);
        CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), 0);
        CHECK_EQUAL(mp_manager_value_get(&value, &n), 0);
        n++;
        CHECK_EQUAL(mp_manager_value_set(&value, &n), 0);
        CHECK_EQUAL(mp_manager_lock_release(&lock), 0);
    }
    return 0;
}

static void a_hundred_clients_at_once(void)
{
    struct mp_process *p[CLIENTS];
    long n = 0;
    begin_dict();
    CHECK_EQUAL(mp_manager_lock_new(manager, &lock), 0);
    CHECK_EQUAL(mp_manager_value_new(manager, &n, sizeof n, &value), 0);
    for (long i = 0; i < CLIENTS; i++)
        p[i] = started(sets_pops_and_counts, i);
    for (int i = 0; i < CLIENTS; i++)
        CHECK_EQUAL(code_of(p[i]), 0);
    CHECK_EQUAL(mp_manager_value_get(&value, &n), 0);
    CHECK_EQUAL(n, CLIENTS * TIMES);
    CHECK_EQUAL(mp_dict_size(&dict), 0);
    mp_manager_lock_close(&lock);
    mp_manager_value_close(&value);
    end_dict();
}

int main(int argc, char **argv)
{
    exact_time = argc > 2 && strcmp(argv[2], "exact") == 0;
    check_patience = 8;
    check_start(exact_time ? 1 : argc, argv);
    RUN(a_dict_does_what_pythons_does);
    RUN(a_missing_key_is_enoent);
    RUN(keys_and_values_of_every_length);
    RUN(too_long_and_too_short_is_emsgsize);
    RUN(going_through_a_dict_is_in_order_and_survives_changes);
    RUN(an_item_says_what_it_needs_and_the_last_can_be_popped);
    RUN(what_cannot_be_given_is_not_taken_away);
    RUN(a_dict_agrees_with_a_model);
    RUN(a_list_does_what_pythons_does);
    RUN(a_lists_errors_are_named);
    RUN(a_list_agrees_with_a_model);
    RUN(a_value_has_one_size);
    RUN(a_lock_is_held_by_one_process);
    RUN(a_recursive_lock_is_released_as_often);
    RUN(who_waits_longest_is_next);
    RUN(time_limits_are_kept_whoever_set_his_first);
    RUN(nothing_is_lost_under_a_lock);
    RUN(a_hundred_clients_at_once);
    RUN(ten_thousand_rounds_on_a_dict_and_a_list);
    return check_end();
}
