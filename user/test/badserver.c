/*
 * Servers that misbehave towards the kernel's own calls: exec, open, read, stat, readdir of a file server that
 * lies, dawdles or dies. The client gets a named error and is whole; nobody waits for ever.
 */
#include "serving.h"

#include <common/elf.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#define PLACE "/tmp/bad"

/* How the server behaves; set before it starts. */
static enum {
    HONEST, FEW_BYTES, CLAIMS_MORE, CLAIMS_UNWRITTEN, ENDS_EARLY, DIES_READING, DIES_OPENING, NEVER_ANSWERS,
    NEVER_READS, GIVES_PIPE, GIVES_NOTHING, REFUSES
} manner;

static int program; /* a real program, which the server passes on */
static char chunk[65536];

static int64_t serve_read(int channel, const struct message *m)
{
    uint64_t want = m->arg1 < sizeof chunk ? m->arg1 : sizeof chunk;
    struct reply r = {.token = m->token, .data = chunk, .flags = REPLY_DATA};
    ssize_t n;
    switch (manner) {
    case FEW_BYTES:
        want = m->arg0 < 1024 || want < 7 ? want : 7; /* headers have to come whole */
        break;
    case CLAIMS_MORE:
        r.status = (int64_t)m->arg1 + 1;
        r.length = 0;
        return reply(channel, &r);
    case CLAIMS_UNWRITTEN:
        r.status = (int64_t)m->arg1;
        r.length = 0;
        return reply(channel, &r);
    case ENDS_EARLY:
        if (m->arg0 >= 8192)
            want = 0;
        break;
    case DIES_READING:
        _exit(4);
    case NEVER_READS:
        return 0;
    default:
        break;
    }
    lseek(program, (long)m->arg0, SEEK_SET);
    n = read(program, chunk, want);
    r.status = n < 0 ? -EIO : n;
    r.length = n < 0 ? 0 : (uint64_t)n;
    return reply(channel, &r);
}

static void serve_badly(int channel)
{
    struct message m;
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    for (;;) {
        next(channel, &m);
        struct reply r = {.token = m.token};
        int64_t result = 0;
        if (m.op == MSG_CLOSE || m.op == MSG_CANCEL)
            continue;
        if (manner == NEVER_ANSWERS)
            continue;
        if (m.op == MSG_OPEN) {
            if (manner == DIES_OPENING)
                _exit(4);
            r.flags = manner == GIVES_PIPE ? REPLY_HANDLE : REPLY_SESSION;
            if (manner == GIVES_NOTHING || manner == REFUSES)
                r.flags = 0;
            r.status = manner == REFUSES ? -12345 : 0; /* no errno that anybody knows */
            r.extra = manner == GIVES_PIPE ? (uint64_t)ends[0] : 9;
            r.length = SESSION_READ | SESSION_WRITE | SESSION_SEEKABLE;
            result = reply(channel, &r);
        } else if (m.op == MSG_READ || m.op == MSG_READDIR) {
            result = serve_read(channel, &m);
        } else if (m.op == MSG_STAT || m.op == MSG_FSTAT) {
            memset(chunk, 0xff, sizeof(struct stat));
            r = (struct reply){.token = m.token, .data = chunk, .length = sizeof(struct stat), .status = 1 << 20,
                               .flags = REPLY_DATA};
            result = reply(channel, &r);
        } else {
            r.status = INT64_MAX; /* for a write: more than was offered */
            result = reply(channel, &r);
        }
        CHECK(result == 0 || result == -ESRCH);
    }
}

static struct server start_bad(int how)
{
    manner = how;
    /* Read before the server is one: its rank lets it call only drivers. */
    program = open("/bin/true", O_RDONLY);
    CHECK(program >= 0);
    struct server s = start_server(serve_badly, 0, SESSION_READ, false);
    CHECK(mkdir(PLACE, 0777) == 0 || errno == EEXIST);
    CHECK_EQUAL(mount(PLACE, s.session), 0);
    return s;
}

static void end_bad(struct server *s)
{
    CHECK_EQUAL(unmount(PLACE), 0);
    kill(s->pid, SIGKILL);
    ending_of(s->pid);
    close(s->session);
    close(program);
    CHECK_EQUAL(rmdir(PLACE), 0);
}

/* 1000 + errno when exec failed and the caller is as before; else how the program ended. */
static int run(void)
{
    int pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        static char memory[20000];
        memset(memory, 'm', sizeof memory);
        execl(PLACE "/program", "program", NULL);
        int error = errno;
        for (unsigned i = 0; i < sizeof memory; i++)
            CHECK(memory[i] == 'm');
        _exit(1000 + error);
    }
    return ending_of(pid);
}

static int run_from(int how)
{
    struct server s = start_bad(how);
    int result = run();
    end_bad(&s);
    return result;
}

static void exec_works_from_any_server(void)
{
    CHECK_EQUAL(run_from(HONEST), 0);
    CHECK_EQUAL(run_from(FEW_BYTES), 0);
}

static void exec_from_a_liar_is_eio_or_enoexec(void)
{
    CHECK_EQUAL(run_from(CLAIMS_MORE), 1000 + EIO);
    CHECK_EQUAL(run_from(CLAIMS_UNWRITTEN), 1000 + ENOEXEC); /* zeroes, and nothing of the kernel's */
    CHECK_EQUAL(run_from(ENDS_EARLY), 1000 + ENOEXEC);
    CHECK_EQUAL(run_from(GIVES_PIPE), 1000 + EACCES);
    CHECK_EQUAL(run_from(GIVES_NOTHING), 1000 + EIO);
}

static void exec_from_a_dying_server_is_eio(void)
{
    CHECK_EQUAL(run_from(DIES_OPENING), 1000 + EIO);
    CHECK_EQUAL(run_from(DIES_READING), 1000 + EIO);
}

static void exec_that_waits_for_a_server_can_be_killed(void)
{
    for (int how = NEVER_ANSWERS; how <= NEVER_READS; how++) {
        struct server s = start_bad(how);
        for (int i = 0; i < 3; i++) {
            int pid = fork();
            if (pid == 0) {
                execl(PLACE "/program", "program", NULL);
                _exit(1);
            }
            wait_until_blocked(pid, "call");
            CHECK_EQUAL(kill(pid, SIGTERM), 0);
            CHECK_EQUAL(ending_of(pid), -SIGTERM);
        }
        end_bad(&s);
    }
}

/* Every call that waits for an answer that never comes. */
static int blocked_call;

static void call_and_wait(void)
{
    struct stat st;
    switch (blocked_call) {
    case 0: open(PLACE "/x", O_RDONLY); break;
    case 1: stat(PLACE "/x", &st); break;
    case 2: mkdir(PLACE "/x", 0777); break;
    case 3: unlink(PLACE "/x"); break;
    case 4: rename(PLACE "/x", PLACE "/y"); break;
    case 5: rename("/README", PLACE "/y"); break;
    case 6: chdir(PLACE "/x"); break;
    case 7: mount(PLACE "/x", 0); break;
    default: break;
    }
}

static void all_that_waits_for_a_server_can_be_killed(void)
{
    struct server s = start_bad(NEVER_ANSWERS);
    for (blocked_call = 0; blocked_call < 8; blocked_call++) {
        int pid = fork();
        if (pid == 0) {
            call_and_wait();
            _exit(1);
        }
        wait_until_blocked(pid, "call");
        CHECK_EQUAL(kill(pid, SIGTERM), 0);
        CHECK_EQUAL(ending_of(pid), -SIGTERM);
    }
    end_bad(&s);
}

static void read_and_write_check_what_the_server_says(void)
{
    struct server s = start_bad(CLAIMS_MORE);
    int file = open(PLACE "/x", O_RDWR);
    CHECK(file >= 0);
    CHECK_ERRNO(read(file, chunk, 100), EIO);
    CHECK_ERRNO(write(file, chunk, 100), EIO);
    CHECK_EQUAL(getdents(file, chunk, 100), -EIO);
    CHECK_EQUAL(lseek(file, 0, SEEK_CUR), 0);
    struct stat st;
    CHECK_EQUAL(fstat(file, &st), 0); /* full of ones, if the server likes; 0, not what it said */
    CHECK_EQUAL(stat(PLACE "/x", &st), 0);
    CHECK(raw(SYS_mkdir, PLACE "/x", 0777, 0) >= 0);
    close(file);
    end_bad(&s);
}

/* An answer that is no errno is passed on, and harms nobody. */
static void an_unknown_error_is_passed_on(void)
{
    struct server s = start_bad(REFUSES);
    CHECK_EQUAL(raw(SYS_open, PLACE "/x", O_RDONLY, 0), -12345);
    CHECK_EQUAL(raw(SYS_exec, PLACE "/x", NULL, NULL), -12345);
    end_bad(&s);
}

/* A server whose buffer for paths is too small, or is none. */
static void serve_into(int channel, void *buffer, size_t bytes)
{
    struct message m;
    CHECK_EQUAL(channel_serve(channel, buffer, bytes), 0);
    for (;;) {
        next(channel, &m);
        if (m.op == OP(1)) {
            answer(channel, &m, 1);
            continue;
        }
        CHECK(m.op == MSG_STAT || m.op == MSG_CLOSE);
        if (m.op == MSG_STAT)
            answer(channel, &m, -ENOENT);
    }
}

static void serve_small(int channel)
{
    serve_into(channel, serve_buffer, 6);
}

static void serve_null(int channel)
{
    serve_into(channel, NULL, 4096);
}

static void serve_kernel(int channel)
{
    serve_into(channel, (void *)0xffffffc080200000, 4096);
}

static void serve_wrapping(int channel)
{
    serve_into(channel, (void *)(UINT64_MAX - 2), UINT64_MAX);
}

static void a_path_that_does_not_fit_the_servers_buffer_is_an_error(void)
{
    static void (*const servers[])(int) = {serve_small, serve_null, serve_kernel, serve_wrapping};
    for (int i = 0; i < 4; i++) {
        struct server s = start_server(servers[i], 0, SESSION_READ, false);
        struct stat st;
        CHECK_EQUAL(mkdir(PLACE, 0777), 0);
        CHECK_EQUAL(mount(PLACE, s.session), 0);
        CHECK_ERRNO(stat(PLACE "/longer than six", &st), i == 0 ? EMSGSIZE : EFAULT);
        if (i == 0)
            CHECK_ERRNO(stat(PLACE "/12345", &st), ENOENT); /* fits to the byte */
        CHECK_EQUAL(simple_call(s.session, OP(1), 0, 0), 1);
        CHECK_EQUAL(unmount(PLACE), 0);
        end_server(&s);
        CHECK_EQUAL(rmdir(PLACE), 0);
    }
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(exec_works_from_any_server);
    RUN(exec_from_a_liar_is_eio_or_enoexec);
    RUN(exec_from_a_dying_server_is_eio);
    RUN(exec_that_waits_for_a_server_can_be_killed);
    RUN(all_that_waits_for_a_server_can_be_killed);
    RUN(read_and_write_check_what_the_server_says);
    RUN(an_unknown_error_is_passed_on);
    RUN(a_path_that_does_not_fit_the_servers_buffer_is_an_error);
    return check_end();
}
