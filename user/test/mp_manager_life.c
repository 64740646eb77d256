/*
 * A manager's life, and that of what it keeps: started, shared, sent, known by its key, freed when nobody has it any
 * more, shut down, killed.
 */
#include "manager_tools.h"

#include <kinglet/thread.h>

static struct mp_dict dict;
static struct mp_list list;
static struct mp_manager_lock lock;
static char word[16];

static void begin_dict(void)
{
    begin();
    CHECK_EQUAL(mp_dict_new(manager, &dict), 0);
    CHECK_EQUAL(mp_dict_set(&dict, "word", 4, "hello", 5), 0);
}

static void end_dict(void)
{
    mp_dict_close(&dict);
    finish();
}

static int gets(void *expected)
{
    int64_t n = mp_dict_get(&dict, "word", 4, word, sizeof word);
    CHECK_EQUAL(n < 0 ? n : 0, (long)expected);
    CHECK(n < 0 || (n == 5 && memcmp(word, "hello", 5) == 0));
    return 0;
}

static bool is_named(const char *name)
{
    static struct proc_info all[128];
    int n = process_list(1, all, 128);
    for (int i = 0; i < n; i++)
        if (strcmp(all[i].name, name) == 0)
            return true;
    return false;
}

/* ---- starting ---- */

static void it_is_a_daemon_named_manager(void)
{
    struct mp_manager *second;
    begin();
    struct mp_process *server = mp_manager_process(manager);
    CHECK(strcmp(mp_process_name(server), "Manager-1") == 0);
    CHECK_EQUAL(mp_process_daemon(server), 1);
    CHECK_EQUAL(mp_process_is_alive(server), 1);
    CHECK(is_named("Manager-1"));
    CHECK_EQUAL(mp_manager_start(&second), 0);
    CHECK(is_named("Manager-2"));
    CHECK_EQUAL(mp_active_children(NULL, 0), 2);
    CHECK_EQUAL(mp_manager_shutdown(second), 0);
    CHECK_EQUAL(mp_manager_close(second), 0);
    finish();
    CHECK(!is_named("Manager-1"));
    CHECK_EQUAL(mp_active_children(NULL, 0), 0);
}

static int cannot_start(void *unused)
{
    struct mp_manager *m;
    CHECK_EQUAL(mp_manager_start(&m), -EDAEMON);
    return 0;
}

static void a_daemon_cannot_start_one_but_use_it(void)
{
    begin_dict();
    for (int i = 0; i < 2; i++) {
        struct mp_process *p;
        CHECK_EQUAL(mp_process_create(&p, i ? gets : cannot_start, NULL), 0);
        mp_process_set_daemon(p, 1);
        CHECK_EQUAL(mp_process_start(p), 0);
        CHECK_EQUAL(code_of(p), 0);
    }
    end_dict();
}

/* What it was forked with it does not keep: the end of a pipe comes when those have closed it that use it. */
static void it_keeps_no_handles_of_its_starter(void)
{
    int ends[2];
    char c;
    CHECK_EQUAL(pipe(ends), 0);
    begin();
    close(ends[1]);
    CHECK_EQUAL(read(ends[0], &c, 1), 0);
    finish();
}

static void full_tables_are_errors_and_leave_nothing_behind(void)
{
    struct mp_manager *m;
    int last = 0, n;
    while ((n = dup(0)) >= 0)
        last = n;
    for (int free_handles = 0; free_handles < 8; free_handles++) {
        int error = mp_manager_start(&m);
        CHECK(error == -EMFILE || (error == 0 && free_handles >= 3));
        if (error == 0) {
            CHECK_EQUAL(mp_manager_shutdown(m), 0);
            CHECK_EQUAL(mp_manager_close(m), 0);
        }
        CHECK_EQUAL(mp_active_children(NULL, 0), 0);
        for (n = 0; dup(0) >= 0; n++)
            continue;
        CHECK_EQUAL(n, free_handles); /* all are back */
        for (int i = 0; i <= free_handles; i++)
            close(last - i);
    }
}

/* ---- sharing ---- */

static int makes_a_grandchild(void *unused)
{
    in_process(gets, 0);
    return gets(0);
}

static void all_who_are_forked_share_it(void)
{
    begin_dict();
    in_process(gets, 0);
    in_process(makes_a_grandchild, 0);
    int pid = fork(); /* a plain one */
    if (pid == 0) {
        CHECK_EQUAL(mp_dict_set(&dict, "child", 5, "c", 1), 0);
        _exit(gets(0));
    }
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK_EQUAL(mp_dict_has(&dict, "child", 5), 1);
    wait_for_connections(1);
    end_dict();
}

static void each_process_has_a_connection_of_its_own(void)
{
    int ends[2], pids[5];
    char c = 0;
    begin_dict();
    CHECK_EQUAL(pipe(ends), 0);
    for (int i = 0; i < 5; i++)
        if ((pids[i] = fork()) == 0) {
            gets(0);
            gets(0);
            CHECK_EQUAL(read(ends[0], &c, 1), 1);
            _exit(0);
        }
    wait_for_connections(6);
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(write(ends[1], &c, 1), 1);
    for (int i = 0; i < 5; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
    wait_for_connections(1);
    end_dict();
}

static void *connects(void *unused)
{
    return (void *)(long)mp_manager_connect(manager);
}

static void threads_that_connect_at_once_have_one_connection(void)
{
    for (int round = 0; round < 5; round++) {
        int tids[4];
        void *result;
        begin();
        for (int i = 0; i < 4; i++)
            tids[i] = thread_create(connects, NULL);
        for (int i = 0; i < 4; i++) {
            CHECK_EQUAL(thread_join(tids[i], &result), 0);
            CHECK_EQUAL((long)result, 0);
        }
        wait_for_connections(1);
        finish();
    }
}

/* ---- references ---- */

static int has_and_closes(void *unused)
{
    gets(0);
    mp_dict_close(&dict);
    CHECK_EQUAL(mp_dict_size(&dict), -EBADF);
    return 0;
}

static int makes_and_dies(void *how)
{
    struct mp_list own;
    CHECK_EQUAL(mp_list_new(manager, &own), 0);
    CHECK_EQUAL(mp_list_append(&own, "x", 1), 0);
    if (how)
        kill(getpid(), SIGKILL);
    return 0;
}

static void what_nobody_has_is_freed(void)
{
    struct mp_manager_info info;
    begin_dict();
    CHECK_EQUAL(mp_manager_objects(manager), 1);
    in_process(has_and_closes, 0); /* the parent has it still */
    gets(0);
    CHECK_EQUAL(mp_list_new(manager, &list), 0);
    CHECK_EQUAL(mp_manager_objects(manager), 2);
    mp_list_close(&list);
    CHECK_EQUAL(mp_list_size(&list), -EBADF);
    CHECK_EQUAL(mp_manager_objects(manager), 1); /* the close comes before what is called after it */
    in_process(makes_and_dies, 0);
    CHECK_EQUAL(code_of(started(makes_and_dies, 1)), -SIGKILL);
    wait_for_connections(1);
    CHECK_EQUAL(mp_manager_info(manager, &info), 0);
    CHECK(info.objects == 1 && info.references == 1 && info.bytes > 0 && info.max_bytes == MP_MANAGER_BYTES);
    end_dict();
}

/* The child has a copy of the reference, so the object lives on when its maker has closed his. */
static void a_reference_is_inherited(void)
{
    int ends[2];
    char c = 0;
    begin_dict();
    CHECK_EQUAL(pipe(ends), 0);
    int pid = fork();
    if (pid == 0) {
        CHECK_EQUAL(read(ends[0], &c, 1), 1);
        _exit(gets(0));
    }
    mp_dict_close(&dict);
    CHECK_EQUAL(mp_manager_objects(manager), 1);
    CHECK_EQUAL(write(ends[1], &c, 1), 1);
    CHECK_EQUAL(ending_of(pid), 0);
    finish();
}

/* ---- sent to others ---- */

static struct mp_connection here, there;

static int receives_all(void *with_key)
{
    struct mp_manager *m;
    struct mp_dict d;
    struct mp_list l;
    int handles[3], more;
    char key[MP_AUTHKEY_BYTES];
    CHECK_EQUAL(mp_connection_receive_handles(&there, key, sizeof key, handles, 3), sizeof key);
    CHECK_EQUAL(mp_manager_open(&m, handles[0], with_key ? key : NULL), 0);
    CHECK_EQUAL(mp_dict_open(m, handles[1], &d), 0);
    CHECK_EQUAL(mp_dict_get(&d, "word", 4, word, sizeof word), 5);
    CHECK_EQUAL(mp_list_open(m, handles[1], &l), -EINVAL); /* it is a dict */
    CHECK_EQUAL(mp_list_open(m, handles[2], &l), 0);
    CHECK_EQUAL(mp_list_append(&l, "from afar", 9), 0);
    CHECK_EQUAL(mp_dict_open(m, handles[0], &d), -EINVAL); /* the door */
    CHECK_EQUAL(mp_dict_open(m, 0, &d), -EINVAL);          /* something else */
    CHECK_EQUAL(mp_dict_open(m, 999, &d), -EBADF);
    more = dup(handles[1]); /* a reference, too */
    mp_dict_close(&d);
    CHECK_EQUAL(mp_dict_open(m, more, &d), 0);
    CHECK_EQUAL(mp_dict_size(&d), 1);
    CHECK_EQUAL(mp_manager_shutdown(m), -EPERM);
    mp_dict_close(&d);
    CHECK_EQUAL(mp_manager_close(m), 0);
    return 0;
}

/* To a process that was there before the manager: once with the key in the message, once with that of its own. */
static void a_manager_and_proxies_can_be_sent(void)
{
    for (long with_key = 0; with_key < 2; with_key++) {
        struct mp_process *p;
        CHECK_EQUAL(mp_pipe(&here, &there, 1), 0);
        CHECK_EQUAL(mp_process_create(&p, receives_all, (void *)with_key), 0);
        if (with_key)
            mp_process_set_authkey(p, "a key that is not the manager's ..");
        CHECK_EQUAL(mp_process_start(p), 0);
        begin_dict();
        CHECK_EQUAL(mp_list_new(manager, &list), 0);
        const int handles[3] = {mp_manager_door(manager), dict.proxy.reference, list.proxy.reference};
        CHECK_EQUAL(mp_connection_send_handles(&here, mp_process_authkey(mp_current_process()), MP_AUTHKEY_BYTES,
                                               handles, 3), 0);
        CHECK_EQUAL(code_of(p), 0);
        CHECK_EQUAL(mp_list_size(&list), 1);
        mp_connection_close(&here);
        mp_connection_close(&there);
        mp_list_close(&list);
        end_dict();
    }
}

static void a_proxy_of_another_manager_is_einval(void)
{
    struct mp_manager *second;
    struct mp_dict same;
    begin_dict();
    CHECK_EQUAL(mp_manager_start(&second), 0);
    CHECK_EQUAL(mp_dict_open(second, dict.proxy.reference, &same), -EINVAL);
    CHECK_EQUAL(mp_dict_open(manager, dict.proxy.reference, &same), 0);
    CHECK_EQUAL(mp_dict_size(&same), 1);
    CHECK_EQUAL(mp_manager_shutdown(second), 0);
    CHECK_EQUAL(mp_manager_close(second), 0);
    end_dict();
}

/* ---- the key ---- */

static void a_door_that_is_none_is_eacces(void)
{
    int pipes[2], messages[2];
    CHECK_EQUAL(pipe(pipes), 0);
    CHECK_EQUAL(message_pipe(messages, 0, 0, 0), 0);
    const int doors[] = {dup(0), pipes[0], pipes[1], messages[0], messages[1], process_open(getpid()), 900, -1};
    for (unsigned i = 0; i < sizeof doors / sizeof doors[0]; i++) {
        CHECK_EQUAL(mp_manager_open(&manager, doors[i], NULL), 0);
        CHECK_EQUAL(mp_manager_connect(manager), i < 6 ? -EACCES : -EBADF);
        CHECK_EQUAL(mp_dict_new(manager, &dict), i < 6 ? -EACCES : -EBADF);
        CHECK_EQUAL(mp_manager_close(manager), 0);
    }
}

static void a_wrong_key_is_eacces(void)
{
    struct mp_process *p;
    struct mp_manager *m;
    begin_dict();
    CHECK_EQUAL(mp_process_create(&p, gets, (void *)-EACCES), 0);
    CHECK_EQUAL(mp_process_set_authkey(p, "a key that is not the manager's ..."), 0);
    CHECK_EQUAL(mp_process_start(p), 0);
    CHECK_EQUAL(code_of(p), 0);
    unsigned char key[MP_AUTHKEY_BYTES];
    for (unsigned bit = 0; bit < 8 * sizeof key; bit += 37) { /* nearly right is wrong */
        memcpy(key, mp_process_authkey(mp_current_process()), sizeof key);
        key[bit / 8] ^= 1 << bit % 8;
        CHECK_EQUAL(mp_manager_open(&m, dup(mp_manager_door(manager)), key), 0);
        CHECK_EQUAL(mp_manager_connect(m), -EACCES);
        CHECK_EQUAL(mp_manager_objects(m), -EACCES);
        CHECK_EQUAL(mp_manager_close(m), 0);
    }
    gets(0);
    end_dict();
}

/* ---- the end ---- */

/* Every call says the same, at once. */
static void all_is_shut_down(void)
{
    uint64_t cursor = 0;
    struct mp_dict_item item = {.key = word, .key_bytes = sizeof word};
    struct mp_dict new_dict;
    CHECK_EQUAL(mp_dict_set(&dict, "a", 1, "b", 1), -ESHUTDOWN);
    CHECK_EQUAL(mp_dict_get(&dict, "a", 1, word, sizeof word), -ESHUTDOWN);
    CHECK_EQUAL(mp_dict_has(&dict, "a", 1), -ESHUTDOWN);
    CHECK_EQUAL(mp_dict_delete(&dict, "a", 1), -ESHUTDOWN);
    CHECK_EQUAL(mp_dict_size(&dict), -ESHUTDOWN);
    CHECK_EQUAL(mp_dict_next(&dict, &cursor, &item), -ESHUTDOWN);
    CHECK_EQUAL(mp_dict_open(manager, dict.proxy.reference, &new_dict), -ESHUTDOWN);
    CHECK_EQUAL(mp_list_append(&list, "x", 1), -ESHUTDOWN);
    CHECK_EQUAL(mp_list_pop(&list, -1, word, sizeof word), -ESHUTDOWN);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), -ESHUTDOWN);
    CHECK_EQUAL(mp_manager_lock_release(&lock), -ESHUTDOWN);
    CHECK_EQUAL(mp_manager_objects(manager), -ESHUTDOWN);
    CHECK_EQUAL(mp_dict_new(manager, &new_dict), -ESHUTDOWN);
    CHECK(strcmp(strerror(ESHUTDOWN), "the server has shut down") == 0);
}

static int finds_all_shut_down(void *unused)
{
    CHECK_EQUAL(mp_manager_connect(manager), -ESHUTDOWN); /* it never had a connection */
    all_is_shut_down();
    return 0;
}

static int waits_for_the_end(void *unused)
{
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, (long)unused ? 100000 : -1), -ESHUTDOWN);
    all_is_shut_down();
    return 0;
}

static void make_all(void)
{
    begin_dict();
    CHECK_EQUAL(mp_list_new(manager, &list), 0);
    CHECK_EQUAL(mp_manager_lock_new(manager, &lock), 0);
}

static void close_all(void)
{
    mp_dict_close(&dict);
    mp_list_close(&list);
    mp_manager_lock_close(&lock);
    CHECK_EQUAL(mp_dict_size(&dict), -EBADF);
    CHECK_EQUAL(mp_manager_close(manager), 0);
}

static int cannot_shut_down(void *unused)
{
    CHECK(mp_manager_process(manager) == NULL);
    CHECK_EQUAL(mp_manager_shutdown(manager), -EPERM);
    return gets(0);
}

static void after_a_shutdown_everything_says_so(void)
{
    struct mp_process *p[3];
    make_all();
    in_process(cannot_shut_down, 0);
    CHECK_EQUAL(mp_manager_close(manager), -EBUSY);
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), 0);
    for (int i = 0; i < 3; i++)
        p[i] = started(waits_for_the_end, i % 2);
    wait_for_waiters(3);
    int pid = mp_process_pid(mp_manager_process(manager));
    CHECK_EQUAL(mp_manager_shutdown(manager), 0);
    CHECK_ERRNO(kill(pid, 0), ESRCH); /* it is joined */
    CHECK_EQUAL(mp_process_exit_code(mp_manager_process(manager)), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(code_of(p[i]), 0);
    all_is_shut_down();
    in_process(finds_all_shut_down, 0);
    CHECK_EQUAL(mp_manager_shutdown(manager), 0);
    close_all();
}

static void when_it_was_killed_everything_says_so(void)
{
    struct mp_process *p[3];
    make_all();
    CHECK_EQUAL(mp_manager_lock_acquire(&lock, -1), 0);
    for (int i = 0; i < 3; i++)
        p[i] = started(waits_for_the_end, i % 2);
    wait_for_waiters(3);
    CHECK_EQUAL(mp_process_kill(mp_manager_process(manager)), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(code_of(p[i]), 0);
    all_is_shut_down();
    in_process(finds_all_shut_down, 0);
    CHECK_EQUAL(mp_manager_shutdown(manager), 0);
    CHECK_EQUAL(mp_process_exit_code(mp_manager_process(manager)), -SIGKILL);
    close_all();
}

static int start_ends[2]; /* a message pipe */

static int starts_and_ends(void *by_exit)
{
    begin_dict();
    int pid = mp_process_pid(mp_manager_process(manager));
    const int handles[2] = {mp_manager_door(manager), dict.proxy.reference};
    CHECK_EQUAL(message_send(start_ends[1], &pid, sizeof pid, handles, 2, -1), 0);
    if (!by_exit)
        _exit(3);
    return 3; /* through exit, which joins its children: not this one */
}

static void it_ends_with_its_starter(void)
{
    int pid, handles[2];
    CHECK_EQUAL(message_pipe(start_ends, 0, 0, 0), 0);
    for (long by_exit = 0; by_exit < 2; by_exit++) {
        struct mp_process *p = started(starts_and_ends, by_exit);
        CHECK_EQUAL(message_receive(start_ends[0], &pid, sizeof pid, handles, 2, -1), sizeof pid);
        CHECK_EQUAL(code_of(p), 3);
        CHECK_ERRNO(kill(pid, 0), ESRCH);
        CHECK_EQUAL(mp_manager_open(&manager, handles[0], NULL), 0);
        CHECK_EQUAL(mp_manager_connect(manager), -ESHUTDOWN);
        CHECK_EQUAL(mp_manager_close(manager), 0);
        close(handles[1]);
    }
}

/* ---- memory ---- */

static void what_it_may_take_is_limited(void)
{
    static char large[MP_ITEM_MAX];
    struct mp_manager_info info;
    CHECK_EQUAL(mp_manager_start_limited(&manager, 1 << 20), 0);
    CHECK_EQUAL(mp_dict_new(manager, &dict), 0);
    CHECK_EQUAL(mp_list_new(manager, &list), 0);
    for (int round = 0; round < 3; round++) {
        long n = 0, m = 0;
        int error;
        while ((error = mp_dict_set(&dict, &n, sizeof n, large, sizeof large)) == 0)
            n++;
        CHECK_EQUAL(error, -ENOMEM);
        CHECK_EQUAL(n, 15);
        CHECK_EQUAL(mp_dict_size(&dict), n);
        while ((error = mp_list_append(&list, &m, sizeof m)) == 0)
            m++;
        CHECK_EQUAL(error, -ENOMEM);
        CHECK_EQUAL(mp_list_size(&list), m);
        CHECK_EQUAL(mp_list_extend(&list, large, 1, 1000), -ENOMEM);
        CHECK_EQUAL(mp_list_set(&list, 0, large, 10000), -ENOMEM);
        CHECK_EQUAL(mp_list_size(&list), m);
        CHECK_EQUAL(mp_manager_info(manager, &info), 0);
        CHECK(info.max_bytes == 1 << 20 && info.bytes <= info.max_bytes && info.bytes > info.max_bytes / 10 * 9);
        CHECK_EQUAL(mp_dict_value_size(&dict, &m, 0), -ENOENT); /* it answers */
        n--;
        CHECK_EQUAL(mp_dict_value_size(&dict, &n, sizeof n), sizeof large);
        CHECK_EQUAL(mp_dict_clear(&dict), 0); /* there is room again */
        CHECK_EQUAL(mp_list_clear(&list), 0);
    }
    mp_list_close(&list);
    end_dict();
}

#define SMALL_LIMIT (256ul << 10)
#define MAKERS 4 /* each has room for about 1000 references: together more than fit */

/* Makes values of nothing until there is no room, and keeps them until it is killed. */
_Noreturn static int makes_values(void *unused)
{
    struct mp_manager_value value;
    int error;
    while ((error = mp_manager_value_new(manager, NULL, 0, &value)) == 0)
        ;
    CHECK(error == -ENOMEM || error == -EMFILE);
    for (;;)
        sleep_ns(1000 * MS);
}

static uint64_t bytes_of_server(void)
{
    struct proc_info info;
    int pid = mp_process_pid(mp_manager_process(manager));
    CHECK_EQUAL(process_list(pid, &info, 1), 1);
    return info.committed * 4096;
}

/* Small objects cost more for what surrounds them than for themselves. Looked at from outside, as what the process has. */
static void all_overhead_is_within_the_limit(void)
{
    struct mp_manager_info info;
    struct mp_process *p[MAKERS];
    struct mp_manager_value value;
    CHECK_EQUAL(mp_manager_start_limited(&manager, SMALL_LIMIT), 0);
    CHECK_EQUAL(mp_dict_new(manager, &dict), 0);
    uint64_t before = bytes_of_server();
    for (int i = 0; i < MAKERS; i++) {
        p[i] = started(makes_values, 0);
        wait_until_blocked(mp_process_pid(p[i]), "sleep");
    }
    CHECK_EQUAL(mp_manager_value_new(manager, NULL, 0, &value), -ENOMEM);
    CHECK_EQUAL(mp_manager_info(manager, &info), 0);
    CHECK(info.objects > 1500 && info.bytes <= SMALL_LIMIT);
    CHECK(bytes_of_server() - before <= SMALL_LIMIT + 20000); /* connections do not count, and the heap grows by pages */
    for (int i = 0; i < MAKERS; i++) {
        CHECK_EQUAL(mp_process_kill(p[i]), 0);
        CHECK_EQUAL(code_of(p[i]), -SIGKILL);
    }
    end_dict();
}

int main(int argc, char **argv)
{
    check_patience = 3;
    check_start(argc, argv);
    RUN(it_is_a_daemon_named_manager);
    RUN(a_daemon_cannot_start_one_but_use_it);
    RUN(it_keeps_no_handles_of_its_starter);
    RUN(full_tables_are_errors_and_leave_nothing_behind);
    RUN(all_who_are_forked_share_it);
    RUN(each_process_has_a_connection_of_its_own);
    RUN(threads_that_connect_at_once_have_one_connection);
    RUN(what_nobody_has_is_freed);
    RUN(a_reference_is_inherited);
    RUN(a_manager_and_proxies_can_be_sent);
    RUN(a_proxy_of_another_manager_is_einval);
    RUN(a_door_that_is_none_is_eacces);
    RUN(a_wrong_key_is_eacces);
    RUN(after_a_shutdown_everything_says_so);
    RUN(when_it_was_killed_everything_says_so);
    RUN(it_ends_with_its_starter);
    RUN(what_it_may_take_is_limited);
    RUN(all_overhead_is_within_the_limit);
    return check_end();
}
