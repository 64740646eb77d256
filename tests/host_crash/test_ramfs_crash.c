// sources: tests/host_crash/crash.c tests/host_servers/stubs.c user/servers/ramfs/store.c
// sources: user/servers/ramfs/blocks.c user/servers/ramfs/content.c user/servers/ramfs/journal.c
// sources: user/servers/ramfs/restore.c user/servers/ramfs/dir.c user/servers/ramfs/path.c
// sources: user/servers/ramfs/names.c user/servers/ramfs/open.c
/*
 * ramfs, ended before each single store into its store, in each of its operations: the next one finds the file
 * system as it was before the operation or as it is after, and the request, come again, is answered as if nothing
 * had happened, and done once. The same when the next one is ended while it finds its way about.
 */
#include "check.h"
#include "crash.h"
#include "../host_servers/stubs.h"
#include "../../user/servers/ramfs/ramfs.h"

#include <stdarg.h>
#include <sys/mman.h>

#define STORE_BYTES (4u << 20)
#define IMAGE_BYTES 20000
#define TEXT_MAX 60000
#define SESSIONS 5

static uint8_t image[IMAGE_BYTES];

/* What outlives ramfs, and what a run of it tells. */
static struct {
    uint64_t session[SESSIONS]; /* cookies of those that are open, as the kernel would know them; 0: none */
    char text[TEXT_MAX];        /* the file system, described */
    size_t length;
    size_t pages;
    uint64_t stores;
    int64_t status;
    struct reply answer;
} *told;

/* ---- describing ---- */

static __attribute__((format(printf, 1, 2))) void describe(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    told->length += (size_t)vsnprintf(told->text + told->length, TEXT_MAX - told->length, format, arguments);
    va_end(arguments);
    CHECK(told->length < TEXT_MAX);
}

static uint32_t sum_of(const struct inode *node)
{
    uint32_t sum = 1;

    for (uint64_t at = 0; at < node->size;) {
        if (at > 200000 && node->size - at > 10000)
            at = node->size - 10000; /* a hole, mostly */
        const void *data;
        size_t n = file_run(node, at, node->size - at, &data);

        CHECK(n > 0);
        for (size_t i = 0; i < n; i++)
            sum = sum * 31 + ((const uint8_t *)data)[i];
        at += n;
    }
    return sum;
}

static void describe_inode(const struct inode *node)
{
    describe("#%u mode %o links %u", node->index, node->mode, node->links);
    if (S_ISREG(node->mode))
        describe(" size %lu blocks %u sum %x", (unsigned long)node->size, node->file.blocks, sum_of(node));
    else if (S_ISCHR(node->mode))
        describe(" device %x", node->rdev);
    describe("\n");
}

/* Names with their inodes, and how many names each has: its links, and those of directories below it. */
static void describe_directory(struct inode *dir, int depth, unsigned *names)
{
    unsigned below = 0;

    describe("%*sdir live %zu mount %d parent #%u\n", depth, "", dir->dir.live, dir->dir.mount,
             dir->dir.parent->index);
    for (size_t i = 0; i < dir->dir.used; i++) {
        const struct entry *e = dir->dir.slots[i].entry;

        if (e == NULL)
            continue;
        CHECK(i == 0 || dir->dir.slots[i].serial > dir->dir.slots[i - 1].serial);
        CHECK(dir_find(dir, e->name, e->length, name_hash(dir, e->name, e->length)) == e);
        names[e->inode->index]++;
        describe("%*s%s ", depth, "", e->name);
        describe_inode(e->inode);
        if (S_ISDIR(e->inode->mode)) {
            below++;
            CHECK(e->inode->dir.parent == dir);
            describe_directory(e->inode, depth + 2, names);
        }
    }
    CHECK_EQUAL(dir->links, 2 + below);
}

static void describe_all(void)
{
    static unsigned names[STORE_BYTES / 8 / sizeof(struct inode)];

    told->length = 0;
    memset(names, 0, sizeof names);
    describe_directory(store_root(), 0, names);
    for (struct inode *node = inode_from(0); node != NULL; node = inode_from((uint64_t)node->index + 1)) {
        if (S_ISDIR(node->mode) && node->links == 0)
            describe("removed directory #%u in #%u\n", node->index, node->dir.parent->index);
        else if (!S_ISDIR(node->mode))
            CHECK_EQUAL(node->links, names[node->index]);
    }
    for (int i = 0; i < SESSIONS; i++)
        if (told->session[i] != 0) {
            CHECK(inode_of(told->session[i]) != NULL);
            describe("open: ");
            describe_inode(inode_of(told->session[i]));
        }
    told->pages = stub_pages();
}

/* ---- restarting ---- */

/* A new ramfs takes over. */
static void restart(void)
{
    CHECK_EQUAL(stub_restart(image), 0); /* and nothing made no sense */
    for (int i = 0; i < SESSIONS; i++)
        if (told->session[i] != 0 && inode_of(told->session[i]) != NULL)
            inode_of(told->session[i])->references++;
    inodes_orphaned();
    store_finish(0, NULL);
}

/* Whether it was ended at the crash point. */
static bool crashes(void (*what)(void))
{
    if (setjmp(crash_back) != 0)
        return true;
    what();
    return false;
}

static uint8_t *saved;
static struct stub_shared saved_shared;
static uint64_t saved_session[SESSIONS];

static void save(void)
{
    saved_shared = *stub_shared;
    memcpy(saved_session, told->session, sizeof saved_session);
    for (size_t i = 0; i < STORE_BYTES / BLOCK_SIZE; i++)
        if (stub_shared->page[i])
            memcpy(saved + i * BLOCK_SIZE, (uint8_t *)store + i * BLOCK_SIZE, BLOCK_SIZE);
}

static void load(void)
{
    *stub_shared = saved_shared;
    stub_see_pages();
    memcpy(told->session, saved_session, sizeof saved_session);
    for (size_t i = 0; i < STORE_BYTES / BLOCK_SIZE; i++)
        if (stub_shared->page[i])
            memcpy((uint8_t *)store + i * BLOCK_SIZE, saved + i * BLOCK_SIZE, BLOCK_SIZE);
}

/* ---- operations ---- */

typedef int64_t handler(const struct message *m, const char *path, struct reply *answer);

/* A write as data.c has it. */
static int64_t write_to(struct inode *node, uint64_t offset, size_t n, bool append, struct reply *answer)
{
    if (append)
        offset = node->size;
    file_prepare_gap(node, offset);
    blocks_expect((n + offset % BLOCK_SIZE + BLOCK_SIZE - 1) / BLOCK_SIZE);
    for (size_t done = 0; done < n;) {
        uint64_t at = offset + done;
        size_t within = at % BLOCK_SIZE, rest = BLOCK_SIZE - within, part = rest < n - done ? rest : n - done;
        uint32_t fresh;
        uint8_t *data = file_block(node, at / BLOCK_SIZE, part == BLOCK_SIZE, &fresh);

        CHECK(data != NULL);
        memset(data + within, 'w', part);
        if (fresh != 0)
            file_enter(node, at / BLOCK_SIZE, fresh);
        done += part;
    }
    file_grown(node, offset + n, append);
    if (append) {
        answer->extra = offset + n;
        answer->flags = REPLY_OFFSET;
    }
    return (int64_t)n;
}

static struct inode *named(const char *path)
{
    struct place place;

    CHECK_EQUAL(walk(store_root(), path, 0, WALK_NAME, &place), 0);
    CHECK(place.inode != NULL);
    return place.inode;
}

enum { WRITE = -1, APPEND = -2, TRUNCATE = -3, CLOSE = -4 };

static const struct operation {
    const char *title;
    handler *handler; /* NULL: `special` */
    const char *one, *two;
    uint64_t arg0, arg1;
    int special;
    uint32_t flags; /* MSGF_ */
} operations[] = {
    {"mkdir", op_mkdir, "d/new", NULL, 0755, 0, 0, 0},
    {"mkdir of a name that needs several cells", op_mkdir,
     "d/a-name-that-is-so-long-that-it-does-not-fit-into-one-cell-nor-into-two-of-them-but-needs-three-cells-at-"
     "least", NULL, 0755, 0, 0, 0},
    {"create", op_open, "d/new", NULL, O_CREAT | O_EXCL | O_WRONLY, 0644, 0, 0},
    {"create read-only", op_open, "new", NULL, O_CREAT | O_WRONLY, 0444, 0, 0},
    {"open", op_open, "file", NULL, O_RDWR, 0, 0, 0},
    {"open and truncate", op_open, "big", NULL, O_WRONLY | O_TRUNC, 0, 0, 0},
    {"open and truncate one of the initrd", op_open, "image", NULL, O_WRONLY | O_TRUNC, 0, 0, 0},
    {"mknod", op_mknod, "d/device", NULL, S_IFCHR | 0666, 0x305, 0, 0},
    {"unlink", op_unlink, "file", NULL, 0, 0, 0, 0},
    {"unlink one of two", op_unlink, "two", NULL, 0, 0, 0, 0},
    {"unlink what is open", op_unlink, "opened", NULL, 0, 0, 0, 0},
    {"unlink a large one", op_unlink, "big", NULL, 0, 0, 0, 0},
    {"rmdir", op_rmdir, "d/empty", NULL, 0, 0, 0, 0},
    {"rmdir of what is not empty", op_rmdir, "d", NULL, 0, 0, 0, 0},
    {"rmdir of a directory that is open", op_rmdir, "cwd", NULL, 0, 0, 0, 0},
    {"xv6's unlink of a directory", op_unlink, "d/empty", NULL, 0, 0, 0, MSGF_XV6},
    {"link", op_link, "file", "d/link", 0, 0, 0, 0},
    {"rename in one directory", op_rename, "file", "renamed", 0, 0, 0, 0},
    {"rename to another directory", op_rename, "file", "d/e/renamed", 0, 0, 0, 0},
    {"rename over a file", op_rename, "file", "d/f", 0, 0, 0, 0},
    {"rename over a file that is open", op_rename, "file", "opened", 0, 0, 0, 0},
    {"rename over a large file", op_rename, "file", "big", 0, 0, 0, 0},
    {"rename over another name of it", op_rename, "two", "too", 0, 0, 0, 0},
    {"rename of a directory", op_rename, "d/e", "moved", 0, 0, 0, 0},
    {"rename over an empty directory", op_rename, "d/e", "d/empty", 0, 0, 0, 0},
    {"rename over a directory that is open", op_rename, "d/e", "cwd", 0, 0, 0, 0},
    {"mount", op_mount, "d/empty", NULL, 0, 33, 0, MSGF_HANDLE},
    {"unmount", op_unmount, "mounted", NULL, 0, 0, 0, 0},
    {"write", NULL, "file", NULL, 100, 9000, WRITE, 0},
    {"write behind the end", NULL, "file", NULL, 30000, 9000, WRITE, 0},
    {"write into one of the initrd", NULL, "image", NULL, 5000, 9000, WRITE, 0},
    {"write where blocks of numbers are needed", NULL, "file", NULL, 14 * BLOCK_SIZE - 10, 9000, WRITE, 0},
    {"write far out", NULL, "file", NULL, (uint64_t)5 << 30, 100, WRITE, 0},
    {"append", NULL, "file", NULL, 0, 9000, APPEND, 0},
    {"append a little", NULL, "image", NULL, 0, 3, APPEND, 0},
    {"truncate", NULL, "big", NULL, 5000, 0, TRUNCATE, 0},
    {"truncate within the initrd's", NULL, "image", NULL, 5000, 0, TRUNCATE, 0},
    {"truncate to more", NULL, "file", NULL, 50000, 0, TRUNCATE, 0},
    {"truncate to nothing", NULL, "big", NULL, 0, 0, TRUNCATE, 0},
    {"close of what was unlinked", NULL, NULL, NULL, 2, 0, CLOSE, 0},
    {"close of a removed directory", NULL, NULL, NULL, 3, 0, CLOSE, 0},
};
#define OPERATIONS (sizeof operations / sizeof operations[0])

static const struct operation *operation;
static bool again; /* it comes again: MSGF_RETRY */

/* What main.c does with a request. */
static void request(void)
{
    static char paths[2 * PATH_MAX];
    const struct operation *o = operation;
    struct reply answer = {0};

    if (o->special == CLOSE) { /* not a request: it is told once, and the session is gone from then on */
        uint64_t cookie = told->session[o->arg0];

        told->session[o->arg0] = 0;
        if (!again && inode_of(cookie) != NULL)
            inode_release(inode_of(cookie));
        store_finish(0, NULL);
        return;
    }
    if (again && journal_answered(stub_token, &answer)) {
        told->status = answer.status;
        told->answer = answer;
        return;
    }
    if (o->handler != NULL) {
        struct message m = {.op = o->handler == op_link ? MSG_LINK : MSG_RENAME, .arg0 = o->arg0, .arg1 = o->arg1,
                            .info = (uint64_t)o->flags << 32};

        strcpy(paths, o->one);
        if (o->two != NULL)
            strcpy(paths + strlen(o->one) + 1, o->two);
        answer.status = o->handler(&m, paths, &answer);
    } else if (o->special == TRUNCATE) {
        answer.status = file_resize(named(o->one), o->arg0);
    } else {
        answer.status = write_to(named(o->one), o->arg0, o->arg1, o->special == APPEND, &answer);
    }
    store_finish(stub_token, &answer);
    told->status = answer.status;
    told->answer = answer;
}

/* The session that the answer opened is there from the reply on. */
static void take_answer(void)
{
    if (told->status == 0 && (told->answer.flags & REPLY_SESSION) != 0)
        told->session[0] = told->answer.extra;
}

/* ---- the runs ---- */

static uint64_t crash_point;

static void run_to_the_end(void)
{
    restart();
    crash_at(UINT64_MAX);
    request();
    told->stores = crash_stop();
}

static void run_to_the_crash(void)
{
    restart();
    crash_at(crash_point);
    request();
    crash_stop();
}

static void restart_to_the_crash(void)
{
    crash_at(crash_point);
    restart();
    crash_stop();
}

static void look(void)
{
    restart();
    describe_all();
}

static void run_again(void)
{
    again = true;
    request();
}

/* ---- the cases ---- */

static void put(const char *path, uint64_t size)
{
    struct reply answer = {0};
    struct message m = {.arg0 = O_CREAT | O_EXCL | O_WRONLY, .arg1 = 0644};

    CHECK_EQUAL(op_open(&m, path, &answer), 0);
    if (size > 0)
        write_to(inode_of(answer.extra), 0, size, false, &answer);
    inode_release(inode_of(answer.extra));
    stub_finish(NULL);
}

static void put_directory(const char *path)
{
    struct reply answer = {0};
    struct message m = {.arg0 = 0755};

    CHECK_EQUAL(op_mkdir(&m, path, &answer), 0);
    stub_finish(NULL);
}

static uint64_t opened(const char *path)
{
    struct inode *node = named(path);

    node->references++;
    return inode_cookie(node);
}

/* The file system in which all operations have something to do. */
static void set_up(void)
{
    struct reply answer = {0};
    struct message m = {.arg1 = 34, .info = (uint64_t)MSGF_HANDLE << 32};

    told = calloc(1, sizeof *told);
    saved = mmap(NULL, STORE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < IMAGE_BYTES; i++)
        image[i] = (uint8_t)(i * 7);
    stub_store_bytes = STORE_BYTES;
    stub_make(image);
    crash_watch(store, STORE_BYTES);
    put_directory("d");
    put_directory("d/e");
    put_directory("d/e/inner");
    put_directory("d/empty");
    put_directory("cwd");
    put_directory("gone");
    put_directory("mounted");
    put("file", 6000);
    put("image", 0);
    named("image")->file.image_size = named("image")->size = IMAGE_BYTES;
    put("d/f", 5000);
    put("two", 10);
    put("opened", 5000);
    put("unlinked", 5000);
    put("big", 30 * BLOCK_SIZE);
    m.op = MSG_LINK;
    CHECK_EQUAL(op_link(&m, "two\0too", &answer), 0);
    stub_finish(NULL);
    m.op = MSG_MOUNT;
    CHECK_EQUAL(op_mount(&m, "mounted", &answer), 0);
    stub_finish(NULL);
    told->session[1] = opened("opened");
    told->session[2] = opened("unlinked");
    CHECK_EQUAL(op_unlink(&m, "unlinked", &answer), 0);
    stub_finish(NULL);
    told->session[3] = opened("gone");
    CHECK_EQUAL(op_rmdir(&m, "gone", &answer), 0);
    stub_finish(NULL);
    told->session[4] = opened("cwd");
    save();
}

static char before[TEXT_MAX], after[TEXT_MAX];

/* The operation as it should be: sets before, after, and what it answers. */
static void learn(int64_t *status, struct reply *answer, size_t *pages, uint64_t *stores)
{
    load();
    again = false;
    CHECK(!crashes(look));
    strcpy(before, told->text);
    load();
    CHECK(!crashes(run_to_the_end));
    *status = told->status;
    *answer = told->answer;
    *stores = told->stores;
    take_answer();
    CHECK(!crashes(look));
    strcpy(after, told->text);
    *pages = told->pages;
}

/* Writes change contents before they are over, and are not undone. */
static bool is_write(const struct operation *o)
{
    return o->special == WRITE || o->special == APPEND || o->special == TRUNCATE ||
           (o->handler == op_open && (o->arg0 & O_TRUNC) != 0);
}

/* What the next ramfs finds, and what it answers when the request comes again. */
static void check_what_is_left(int64_t status, const struct reply *answer, size_t pages, bool retry)
{
    told->status = -1;
    CHECK(!crashes(look));
    if (strcmp(told->text, before) != 0 && strcmp(told->text, after) != 0 && !is_write(operation) && retry) {
        fprintf(stderr, "%s: at store %lu: neither before nor after:\n%s", operation->title,
                (unsigned long)crash_point, told->text);
        exit(1);
    }
    if (!retry)
        return;
    CHECK(!crashes(run_again));
    if (operation->special != CLOSE) {
        CHECK_EQUAL(told->status, status);
        CHECK_EQUAL(told->answer.flags, answer->flags);
        if ((answer->flags & (REPLY_SESSION | REPLY_OFFSET)) != 0)
            CHECK_EQUAL(told->answer.extra & UINT32_MAX, answer->extra & UINT32_MAX);
        CHECK_EQUAL(told->answer.length, answer->length);
    }
    take_answer();
    CHECK(!crashes(look));
    if (strcmp(told->text, after) != 0) {
        fprintf(stderr, "%s: at store %lu:\n%sinstead of\n%s", operation->title, (unsigned long)crash_point,
                told->text, after);
        exit(1);
    }
    CHECK_EQUAL(told->pages, pages);
}

CASE(every_operation_ended_at_every_store)
{
    set_up();
    for (operation = operations; operation < operations + OPERATIONS; operation++) {
        int64_t status;
        struct reply answer;
        size_t pages;
        uint64_t stores;

        learn(&status, &answer, &pages, &stores);
        for (crash_point = 0; crash_point < stores; crash_point++) {
            load();
            again = false;
            CHECK(crashes(run_to_the_crash));
            if (operation->special == CLOSE)
                told->session[operation->arg0] = 0; /* told, whatever came of it */
            check_what_is_left(status, &answer, pages, true);
        }
        printf("%s: %lu stores\n", operation->title, (unsigned long)stores);
    }
}

/* Whoever asked has died with ramfs: nothing of what was begun is left but what is whole, and no memory. */
CASE(an_operation_that_nobody_wants_any_more_leaves_nothing)
{
    set_up();
    for (operation = operations; operation < operations + OPERATIONS; operation++) {
        int64_t status;
        struct reply answer;
        size_t pages;
        uint64_t stores;

        learn(&status, &answer, &pages, &stores);
        for (crash_point = 0; crash_point < stores; crash_point++) {
            load();
            again = false;
            CHECK(crashes(run_to_the_crash));
            if (operation->special == CLOSE)
                told->session[operation->arg0] = 0;
            check_what_is_left(status, &answer, pages, false);
            if (strcmp(told->text, before) == 0) {
                size_t now = told->pages;

                load();
                CHECK(!crashes(look));
                CHECK_EQUAL(now, told->pages);
            } else if (strcmp(told->text, after) == 0 && (answer.flags & REPLY_SESSION) == 0) {
                CHECK_EQUAL(told->pages, pages);
            }
        }
    }
}

CASE(and_the_next_one_ended_while_it_looks_around)
{
    set_up();
    for (operation = operations; operation < operations + OPERATIONS; operation++) {
        int64_t status;
        struct reply answer;
        size_t pages;
        uint64_t stores;

        learn(&status, &answer, &pages, &stores);
        for (int i = 0; stores > 0 && i < 12; i++) {
            uint64_t first = random_u64() % stores;

            load();
            again = false;
            crash_point = first;
            CHECK(crashes(run_to_the_crash));
            if (operation->special == CLOSE)
                told->session[operation->arg0] = 0;
            for (int death = 0; death < 3; death++) {
                crash_point = random_u64() % (random_below(2) == 0 ? 40 : 2000);
                crashes(restart_to_the_crash);
            }
            crash_point = first;
            check_what_is_left(status, &answer, pages, true);
        }
    }
}

static const char *random_path(char *out)
{
    static const char *const names[] = {"a", "b", "c", "a name of more than one cell: it goes on and on and on"};
    int parts = 1 + (int)random_below(2);

    out[0] = '\0';
    for (int i = 0; i < parts; i++) {
        strcat(out, i > 0 ? "/" : "");
        strcat(out, names[random_below(4)]);
    }
    return out;
}

static struct operation random_operation(void)
{
    static char one[200], two[200];
    static const struct operation kinds[] = {
        {"mkdir", op_mkdir, one, NULL, 0755, 0, 0, 0},
        {"create", op_open, one, NULL, O_CREAT | O_EXCL | O_WRONLY, 0644, 0, 0},
        {"open", op_open, one, NULL, O_CREAT | O_TRUNC | O_WRONLY, 0644, 0, 0},
        {"unlink", op_unlink, one, NULL, 0, 0, 0, 0},
        {"rmdir", op_rmdir, one, NULL, 0, 0, 0, 0},
        {"link", op_link, one, two, 0, 0, 0, 0},
        {"rename", op_rename, one, two, 0, 0, 0, 0},
        {"rename", op_rename, one, two, 0, 0, 0, 0},
        {"write", NULL, one, NULL, 0, 0, WRITE, 0},
        {"append", NULL, one, NULL, 0, 0, APPEND, 0},
        {"truncate", NULL, one, NULL, 0, 0, TRUNCATE, 0},
    };
    struct operation made = kinds[random_below(sizeof kinds / sizeof kinds[0])];

    random_path(one);
    random_path(two);
    if (made.handler == NULL) {
        made.arg0 = random_below(random_below(2) == 0 ? 9000 : 90000);
        made.arg1 = 1 + random_below(9000);
    }
    return made;
}

/* One file system through a long life of random operations, with a death in each that changes anything. */
CASE(a_long_life)
{
    unsigned deaths = 0;

    set_up();
    for (int i = 0; i < 3000; i++) {
        struct operation made = random_operation();
        struct place place;
        int64_t status;
        struct reply answer;
        size_t pages;
        uint64_t stores;

        operation = &made;
        if (made.handler == NULL && (walk(store_root(), made.one, 0, WALK_NAME, &place) != 0 ||
                                     place.inode == NULL || !S_ISREG(place.inode->mode)))
            continue; /* nothing to write to */
        learn(&status, &answer, &pages, &stores);
        load();
        again = false;
        crash_point = stores > 0 ? random_u64() % stores : 0;
        CHECK(crashes(run_to_the_crash) == (stores > 0));
        deaths += stores > 0;
        if (stores > 0)
            check_what_is_left(status, &answer, pages, true);
        told->session[0] = 0;           /* what was opened is closed */
        CHECK(!crashes(look));
        stub_token++;                   /* the next request has another */
        save();
    }
    CHECK(deaths > 500);
}
