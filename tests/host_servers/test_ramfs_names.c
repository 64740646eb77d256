// sources: tests/host_servers/stubs.c tests/host_servers/oracle.c user/servers/ramfs/store.c user/servers/ramfs/blocks.c
// sources: user/servers/ramfs/content.c user/servers/ramfs/journal.c user/servers/ramfs/restore.c
// sources: user/servers/ramfs/dir.c user/servers/ramfs/path.c user/servers/ramfs/names.c
// sources: user/servers/ramfs/open.c
/*
 * ramfs: operations on names, with the host's file system as the judge of the errors where it is of the
 * same mind; readdir while names come and go; redirects at mounts and device nodes; xv6's rules.
 */
#include "check.h"
#include "oracle.h"
#include "stubs.h"

#include "../../user/servers/ramfs/ramfs.h"

static struct reply answer;
static uint64_t flags; /* MSGF_ of the next requests */

static void start(void)
{
    stub_make(NULL);
}

typedef int64_t operation(const struct message *m, const char *path, struct reply *answer);

static int64_t ask(operation *op, uint64_t cookie, const char *path, uint64_t arg0, uint64_t arg1)
{
    struct message m = {.cookie = cookie, .arg0 = arg0, .arg1 = arg1, .info = flags << 32};

    answer = (struct reply){0};
    answer.status = op(&m, path, &answer);
    stub_finish(&answer);
    return answer.status;
}

static int64_t ask_two(operation *op, const char *from, const char *to)
{
    static char both[2 * PATH_MAX];
    struct message m = {.op = op == op_link ? MSG_LINK : MSG_RENAME, .info = flags << 32};

    strcpy(both, from);
    strcpy(both + strlen(from) + 1, to);
    answer = (struct reply){0};
    answer.status = op(&m, both, &answer);
    stub_finish(&answer);
    return answer.status;
}

static void close_session(uint64_t cookie)
{
    CHECK(inode_of(cookie) != NULL);
    inode_release(inode_of(cookie));
    stub_finish(NULL);
}

/* Open and close at once. */
static int64_t try_open(const char *path, uint64_t open_flags)
{
    int64_t result = ask(op_open, 0, path, open_flags, 0644);

    if (result == 0 && (answer.flags & REPLY_SESSION) != 0)
        close_session(answer.extra);
    return result;
}

/* Open; gives the cookie. */
static uint64_t session_on(const char *path, uint64_t open_flags)
{
    CHECK_EQUAL(ask(op_open, 0, path, open_flags, 0644), 0);
    CHECK_EQUAL(answer.flags, REPLY_SESSION);
    return answer.extra;
}

/* ---- against the host ---- */

/* A path of few names, so that the operations meet; now and then with a slash too many, "." or "..". */
static const char *random_path(char *out)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    int parts = 1 + (int)random_below(3);

    out[0] = '\0';
    for (int i = 0; i < parts; i++) {
        if (i > 0)
            strcat(out, random_below(20) == 0 ? "//" : "/");
        strcat(out, i + 1 < parts && random_below(15) == 0 ? random_below(2) == 0 ? "." : "a/.."
                                                           : names[random_below(4)]);
    }
    if (random_below(15) == 0)
        strcat(out, "/");
    return out;
}

static bool ends_in_slash(const char *path)
{
    return path[strlen(path) - 1] == '/';
}

CASE(names_behave_as_on_the_host)
{
    char one[64], two[64];

    start();
    oracle_enter();
    for (int i = 0; i < 60000; i++) {
        int64_t found, wanted;
        int what = (int)random_below(8);

        random_path(one);
        random_path(two);
        switch (what) {
        case 0:
            found = ask(op_mkdir, 0, one, 0755, 0), wanted = oracle_mkdir(one);
            break;
        case 1:
            found = try_open(one, O_CREAT | O_EXCL | O_WRONLY), wanted = oracle_create(one);
            break;
        case 2:
            found = try_open(one, O_RDONLY), wanted = oracle_open(one);
            break;
        case 3:
            found = ask(op_unlink, 0, one, 0, 0), wanted = oracle_unlink(one);
            break;
        case 4:
            found = ask(op_rmdir, 0, one, 0, 0), wanted = oracle_rmdir(one);
            break;
        case 5:
            found = ask_two(op_link, one, two), wanted = oracle_link(one, two);
            break;
        case 6:
            found = ask(op_stat, 0, one, 0, 0), wanted = oracle_links(one);
            if (found == 0 && wanted > 0)
                CHECK_EQUAL(((const struct stat *)answer.data)->st_nlink, wanted);
            wanted = wanted > 0 ? 0 : wanted;
            break;
        default:
            found = ask_two(op_rename, one, two), wanted = oracle_rename(one, two);
        }
        /* systems differ in which error a slash after a file's name is */
        if (found != wanted && !(found < 0 && wanted < 0 && (ends_in_slash(one) || ends_in_slash(two)))) {
            fprintf(stderr, "step %d, operation %d, %s, %s: %lld here, %lld there\n", i, what, one, two,
                    (long long)found, (long long)wanted);
            exit(1);
        }
    }
}

/* ---- directories ---- */

static const struct kdirent *record_at(const char *buffer, int64_t at)
{
    return (const struct kdirent *)(buffer + at);
}

CASE(readdir_goes_on_while_names_come_and_go)
{
    _Alignas(8) char buffer[200];
    char name[32];
    bool seen[400] = {false};
    uint64_t offset = 0;
    int64_t n;

    start();
    for (int i = 0; i < 400; i++) {
        sprintf(name, "file%d", i);
        CHECK_EQUAL(try_open(name, O_CREAT | O_WRONLY), 0);
    }
    for (int i = 0; i < 300; i++) { /* those at 3, 6, ... are removed meanwhile, some before they were seen */
        sprintf(name, "file%d", i);
        if (i % 3 == 0)
            CHECK_EQUAL(ask(op_unlink, 0, name, 0, 0), 0);
    }
    for (int round = 0; (n = dir_list(store_root(), &offset, buffer, sizeof buffer)) > 0; round++) {
        for (int64_t at = 0; at < n; at += record_at(buffer, at)->d_reclen) {
            int number;

            if (sscanf(record_at(buffer, at)->d_name, "file%d", &number) != 1)
                continue;
            CHECK(!seen[number]);
            seen[number] = true;
        }
        if (round < 60) {
            sprintf(name, "file%d", 399 - round);
            CHECK_EQUAL(ask(op_unlink, 0, name, 0, 0), 0);
        }
    }
    CHECK_EQUAL(n, 0);
    for (int i = 0; i < 300; i++)
        CHECK(seen[i] == (i % 3 != 0));
    offset = 0;
    CHECK_EQUAL(dir_list(store_root(), &offset, buffer, 8), -EINVAL);
    CHECK_EQUAL(dir_list(store_root(), &offset, buffer, 16), 16);
    CHECK_TEXT(record_at(buffer, 0)->d_name, ".");
    CHECK_EQUAL(dir_list(store_root(), &offset, buffer, 23), 16);
    CHECK_TEXT(record_at(buffer, 0)->d_name, "..");
}

CASE(a_large_directory_comes_and_goes)
{
    char name[32];

    start();
    for (int i = 0; i < 50000; i++) {
        sprintf(name, "%d", i);
        CHECK_EQUAL(try_open(name, O_CREAT | O_WRONLY), 0);
    }
    for (int i = 0; i < 50000; i++) {
        sprintf(name, "%d", i);
        CHECK_EQUAL(try_open(name, O_RDONLY), 0);
        CHECK_EQUAL(ask(op_unlink, 0, name, 0, 0), 0);
    }
    CHECK_EQUAL(store_root()->dir.live, 0);
    CHECK(store_root()->dir.room <= 16);
}

CASE(unlinked_open_file_lives_on)
{
    start();

    uint64_t cookie = session_on("f", O_CREAT | O_RDWR);

    CHECK_EQUAL(ask(op_unlink, 0, "f", 0, 0), 0);
    CHECK_EQUAL(try_open("f", O_RDONLY), -ENOENT);
    CHECK(inode_of(cookie) != NULL);
    close_session(cookie);
    CHECK(inode_of(cookie) == NULL);
}

CASE(removed_directory_leads_out_and_takes_nothing_in)
{
    start();
    CHECK_EQUAL(ask(op_mkdir, 0, "d", 0755, 0), 0);
    CHECK_EQUAL(ask(op_mkdir, 0, "d/e", 0755, 0), 0);

    uint64_t d = session_on("d", O_PATH), e = session_on("d/e", O_PATH);

    CHECK_EQUAL(ask(op_rmdir, 0, "d/e", 0, 0), 0);
    CHECK_EQUAL(ask(op_rmdir, 0, "d", 0, 0), 0);
    CHECK_EQUAL(ask(op_mkdir, e, "x", 0755, 0), -ENOENT);
    CHECK_EQUAL(ask(op_open, e, "x", O_CREAT | O_WRONLY, 0644), -ENOENT);
    close_session(d);
    CHECK_EQUAL(ask(op_stat, e, "../..", 0, 0), 0);
    CHECK_EQUAL(((const struct stat *)answer.data)->st_ino, 1);
    close_session(e);
    CHECK(inode_of(d) == NULL && inode_of(e) == NULL);
}

/* ---- opening ---- */

CASE(open_checks_what_it_opens)
{
    char name[NAME_MAX + 2];

    start();
    CHECK_EQUAL(ask(op_mkdir, 0, "d", 0755, 0), 0);
    CHECK_EQUAL(try_open("d", O_RDWR), -EISDIR);
    CHECK_EQUAL(try_open("d", O_CREAT), -EISDIR);
    CHECK_EQUAL(try_open("d", O_EXEC), -EACCES);
    CHECK_EQUAL(try_open("d", O_DIRECTORY), 0);
    CHECK_EQUAL(try_open("f/", O_CREAT), -EISDIR);
    CHECK_EQUAL(try_open("f", O_CREAT), 0);
    CHECK_EQUAL(try_open("f", O_CREAT | O_EXCL), -EEXIST);
    CHECK_EQUAL(try_open("f", O_DIRECTORY), -ENOTDIR);
    CHECK_EQUAL(try_open("f", O_EXEC), -EACCES); /* mode 0644 */
    CHECK_EQUAL(try_open("f/", 0), -ENOTDIR);
    CHECK_EQUAL(try_open("f/x", 0), -ENOTDIR);
    CHECK_EQUAL(try_open("x/y", O_CREAT), -ENOENT);
    CHECK_EQUAL(try_open("f", O_ACCMODE), -EINVAL);
    CHECK_EQUAL(ask(op_open, 0, "r", O_CREAT | O_WRONLY, 0444), 0);
    CHECK_EQUAL(answer.length & (SESSION_READ | SESSION_WRITE), SESSION_WRITE);
    CHECK_EQUAL(try_open("r", O_WRONLY), -EACCES);
    CHECK_EQUAL(try_open("r", O_TRUNC), -EACCES);
    CHECK_EQUAL(try_open("r", O_RDONLY), 0);
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK_EQUAL(try_open(name, O_CREAT), -ENAMETOOLONG);
    name[NAME_MAX] = '\0';
    CHECK_EQUAL(try_open(name, O_CREAT), 0);
    CHECK_EQUAL(ask(op_open, 12345, "f", 0, 0), -ESTALE);
}

CASE(paths_lead_on_at_mounts)
{
    start();
    CHECK_EQUAL(ask(op_mkdir, 0, "mnt", 0755, 0), 0);
    CHECK_EQUAL(ask(op_mkdir, 0, "d", 0755, 0), 0);
    CHECK_EQUAL(try_open("f", O_CREAT), 0);
    CHECK_EQUAL(ask(op_mount, 0, "mnt", 0, 33), -EINVAL); /* no handle came along */
    CHECK_EQUAL(stub_closed, -1);
    flags = MSGF_HANDLE;
    CHECK_EQUAL(ask(op_mount, 0, "mnt", 0, 33), 0);
    CHECK_EQUAL(ask(op_mount, 0, "mnt", 0, 34), -EBUSY);
    CHECK_EQUAL(stub_closed, 34);
    CHECK_EQUAL(ask(op_mount, 0, "f", 0, 35), -ENOTDIR);
    CHECK_EQUAL(ask(op_mount, 0, "", 0, 36), -EBUSY);
    flags = 0;
    CHECK_EQUAL(ask(op_open, 0, "mnt//x/y", O_RDONLY, 0), 0);
    CHECK_EQUAL(answer.flags, REPLY_REDIRECT);
    CHECK_EQUAL(answer.extra, 33);
    CHECK_EQUAL(answer.length, 5);
    CHECK_EQUAL(ask(op_stat, 0, "d/../mnt", 0, 0), 0);
    CHECK_EQUAL(answer.flags, REPLY_REDIRECT);
    CHECK_EQUAL(answer.length, 8);
    CHECK_EQUAL(ask(op_resolve, 0, "mnt", 0, 0), 0);
    CHECK_EQUAL(answer.flags, 0);
    CHECK_EQUAL(ask_two(op_rename, "f", "mnt/f"), 0);
    CHECK_EQUAL(answer.flags, REPLY_REDIRECT | REPLY_SECOND);
    CHECK_EQUAL(ask_two(op_link, "mnt/f", "f2"), 0);
    CHECK_EQUAL(answer.flags, REPLY_REDIRECT);
    CHECK_EQUAL(ask_two(op_rename, "mnt", "other"), -EBUSY);
    CHECK_EQUAL(ask_two(op_rename, "d", "mnt"), -EBUSY);
    CHECK_EQUAL(ask(op_rmdir, 0, "mnt", 0, 0), -EBUSY);
    CHECK_EQUAL(ask(op_mkdir, 0, "mnt", 0755, 0), -EEXIST);
    CHECK_EQUAL(ask(op_unmount, 0, "d", 0, 0), -EINVAL);
    CHECK_EQUAL(ask(op_unmount, 0, "mnt", 0, 0), 0);
    CHECK_EQUAL(stub_closed, 33);
    CHECK_EQUAL(ask(op_rmdir, 0, "mnt", 0, 0), 0);
}

CASE(device_nodes_lead_to_their_driver)
{
    start();
    CHECK_EQUAL(ask(op_mknod, 0, "tty", S_IFCHR | 0666, 1 << 8 | 1), 0);
    CHECK_EQUAL(ask(op_mknod, 0, "null", S_IFCHR | 0666, MINOR_NULL), 0);
    CHECK_EQUAL(ask(op_mknod, 0, "odd", S_IFCHR | 0666, 99), 0);
    CHECK_EQUAL(ask(op_mknod, 0, "wrong", S_IFCHR | 0666, MAJORS << 8), -EINVAL);
    CHECK_EQUAL(ask(op_mknod, 0, "wrong", S_IFDIR | 0755, 0), -EINVAL);
    CHECK_EQUAL(try_open("tty", O_RDWR), -ENXIO);
    CHECK_EQUAL(driver_set(1, 44), 0);
    CHECK_EQUAL(ask(op_open, 0, "/tty", O_RDWR | O_CREAT, 0), 0);
    CHECK_EQUAL(answer.flags, REPLY_REDIRECT);
    CHECK_EQUAL(answer.extra, 44);
    CHECK_EQUAL(answer.length, 4);
    CHECK_EQUAL(ask(op_stat, 0, "tty", 0, 0), 0);
    CHECK_EQUAL(((const struct stat *)answer.data)->st_rdev, 1 << 8 | 1);
    CHECK_EQUAL(try_open("null", O_RDWR), 0);
    CHECK_EQUAL(answer.flags, REPLY_SESSION);
    CHECK_EQUAL(answer.length & SESSION_SEEKABLE, 0);
    CHECK_EQUAL(try_open("odd", O_RDWR), -ENXIO);
    CHECK_EQUAL(driver_set(1, 45), 0);
    CHECK_EQUAL(stub_closed, 44);
}

CASE(xv6_programs_get_xv6s_rules)
{
    struct {
        uint16_t number;
        char name[14];
    } entries[8];

    start();
    CHECK_EQUAL(try_open("a-rather-long-name", O_CREAT), 0);
    flags = MSGF_XV6;
    CHECK_EQUAL(try_open("a-rather-long-name", O_RDONLY), 0);
    CHECK_EQUAL(try_open("another-rather-long-name", O_CREAT), 0);
    CHECK_EQUAL(try_open("another-rather-what", O_RDONLY), 0); /* cut to the same 14 bytes */
    CHECK_EQUAL(ask(op_mkdir, 0, "d", 0755, 0), 0);
    CHECK_EQUAL(ask(op_unlink, 0, "d", 0, 0), 0);
    CHECK(ask(op_unlink, 0, ".", 0, 0) < 0);
    CHECK_EQUAL(dir_list_xv6(store_root(), 0, entries, sizeof entries), 4 * 16);
    CHECK(entries[0].number != 0 && strcmp(entries[0].name, ".") == 0);
    CHECK(memcmp(entries[2].name, "a-rather-long-", 14) == 0);
    CHECK(memcmp(entries[3].name, "another-rather", 14) == 0);
    CHECK_EQUAL(dir_list_xv6(store_root(), 48, entries, 20), 16);
    CHECK_EQUAL(dir_list_xv6(store_root(), 64, entries, sizeof entries), 0);
    flags = 0;
    CHECK_EQUAL(try_open("another-rather", O_RDONLY), 0);
}

CASE(the_file_system_is_full_for_xv6_programs_long_before_memory_is)
{
    static uint32_t blocks[8192];
    size_t n = 0;

    start();
    flags = MSGF_XV6;
    struct message m = {.info = flags << 32};
    while (!xv6_full(&m)) {
        CHECK(n < 8192); /* 32 MiB */
        CHECK((blocks[n++] = block_new()) != 0);
        CHECK_EQUAL(store_blocks(), n);
    }
    CHECK(n > 1000);
    CHECK_EQUAL(ask(op_mkdir, 0, "d", 0755, 0), -ENOSPC);
    flags = 0;
    CHECK_EQUAL(ask(op_mkdir, 0, "d", 0755, 0), 0);
    flags = MSGF_XV6;
    block_free(blocks[--n]);
    CHECK(!xv6_full(&m));
    CHECK_EQUAL(ask(op_mkdir, 0, "e", 0755, 0), 0);
    while (n > 0)
        block_free(blocks[--n]);
    CHECK_EQUAL(store_blocks(), 0);
    flags = 0;
}

CASE(files_made_after_the_start_have_small_inode_numbers)
{
    struct inode *node;

    stub_make_open(NULL);
    for (int i = 0; i < 300; i++) {
        CHECK((node = inode_new(S_IFREG | 0644)) != NULL);
        CHECK(node->index >= 256);
        node->links = 1;
    }
    store_sealed();
    for (uint32_t i = 1; i < 200; i++) {
        CHECK((node = inode_new(S_IFREG | 0644)) != NULL);
        CHECK_EQUAL(node->index, i);
    }
}

CASE(without_memory_nothing_is_half_made)
{
    char name[32];
    int made = 0;

    start();
    stub_memory_left = 100000;
    for (int64_t result; (result = ask(op_mkdir, 0, (sprintf(name, "%d", made), name), 0755, 0)) != -ENOSPC;)
        CHECK(result == 0 && ++made < 10000);
    CHECK(made > 100);
    CHECK_EQUAL(store_root()->dir.live, made);
    CHECK_EQUAL(store_root()->links, 2 + made);
    stub_memory_left = SIZE_MAX;
    CHECK_EQUAL(ask(op_mkdir, 0, name, 0755, 0), 0);
}
