/*
 * The console from inside, with what a person (tests/test_console.py) types: modes, poll, O_NONBLOCK, buffers
 * that are no memory. Says "type TEXT" when it is the person's turn. Run by name of the case.
 */
#include "check.h"

#include <fcntl.h>

static char buffer[2000];

static void ask(const char *what)
{
    dprintf(1, "type %s\n", what);
}

static int set_mode(unsigned bits)
{
    return (int)call(0, MSG_TTY_MODE, bits, 0, NULL, 0, 0);
}

static bool readable(int timeout_ms)
{
    struct pollfd p = {.fd = 0, .events = POLLIN};
    CHECK(poll(&p, 1, timeout_ms) >= 0);
    return p.revents & POLLIN;
}

/* Each byte comes at once, control characters too, and nothing is shown. */
static void raw_mode(void)
{
    CHECK_EQUAL(set_mode(0), TTY_ECHO | TTY_LINE);
    ask("raw");
    size_t n = 0;
    while (n < 4) {
        long got = read(0, buffer + n, sizeof buffer - n);
        CHECK(got > 0);
        n += (size_t)got;
    }
    CHECK_EQUAL(set_mode(TTY_ECHO | TTY_LINE), 0);
    CHECK_EQUAL(n, 4);
    CHECK(memcmp(buffer, "a\003\004\177", 4) == 0);
}

static void poll_and_nonblock(void)
{
    int fd = open("/dev/console", O_RDWR | O_NONBLOCK);
    CHECK(!readable(0));
    CHECK(!readable(20));
    CHECK_ERRNO(read(fd, buffer, 10), EAGAIN);
    ask("half");
    CHECK(!readable(50)); /* no line yet */
    CHECK_ERRNO(read(fd, buffer, 10), EAGAIN);
    ask("rest");
    CHECK(readable(-1));
    CHECK_EQUAL(read(fd, buffer, 3), 3); /* a line can be read in pieces */
    CHECK(readable(0));
    CHECK_EQUAL(read(fd, buffer + 3, 100), 6);
    CHECK(memcmp(buffer, "halfrest\n", 9) == 0);
    CHECK(!readable(0));
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    CHECK_EQUAL(poll(&p, 1, -1), 1);
    /* More than the console keeps, without waiting: what it takes is shown, and no more. */
    static char much[30000];
    memset(much, '.', sizeof much);
    long n = write(fd, much, sizeof much);
    CHECK(n > 0 && n <= (long)sizeof much);
    CHECK_EQUAL(fsync(fd), 0);
    dprintf(1, "\nwritten=%ld\n", n);
    close(fd);
}

static void bad_buffers(void)
{
    const uintptr_t bad[] = {0, 8, 0xffffffc080200000, 1UL << 38};
    ask("line");
    CHECK(readable(-1));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQUAL(raw(SYS_write, 1, bad[i], 100), -EFAULT);
        CHECK_EQUAL(raw(SYS_read, 0, bad[i], 0), 0);
        CHECK_EQUAL(raw(SYS_fstat, 1, bad[i], 0), -EFAULT);
    }
    CHECK_EQUAL(raw(SYS_read, 0, bad[1], 100), -EFAULT);
    ask("more");
    CHECK(readable(-1));
    CHECK(read(0, buffer, sizeof buffer) > 0);
    CHECK_ERRNO(lseek(1, 0, SEEK_CUR), ESPIPE);
    CHECK_ERRNO(ftruncate(1, 0), EINVAL);
    CHECK_EQUAL(getdents(0, buffer, sizeof buffer), -ENOTDIR);
    CHECK_EQUAL(call(1, MSG_TTY_FOREGROUND, 1, 0, NULL, 0, 0), -EINVAL);
    CHECK_EQUAL(call(1, MSG_PRIVATE, 0, 0, NULL, 0, 0), -ENOTTY);
}

int main(int argc, char **argv)
{
    check_start(argc, argv);
    RUN(raw_mode);
    RUN(poll_and_nonblock);
    RUN(bad_buffers);
    return check_end();
}
