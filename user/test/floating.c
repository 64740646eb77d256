/*
 * Floating-point registers belong to their process: over switches, fork, exec and a server's work.
 */
#include "serving.h"

/* All 32 registers and fcsr get values made from `seed`; later they must still be those. */
static void set_all(uint64_t seed)
{
    static uint64_t values[32];
    for (int i = 0; i < 32; i++)
        values[i] = seed * 1000003 + (uint64_t)i * 0x9e3779b97f4a7c15ul;
    __asm__ volatile("fld f0, 0(%0); fld f1, 8(%0); fld f2, 16(%0); fld f3, 24(%0);"
                     "fld f4, 32(%0); fld f5, 40(%0); fld f6, 48(%0); fld f7, 56(%0);"
                     "fld f8, 64(%0); fld f9, 72(%0); fld f10, 80(%0); fld f11, 88(%0);"
                     "fld f12, 96(%0); fld f13, 104(%0); fld f14, 112(%0); fld f15, 120(%0);"
                     "fld f16, 128(%0); fld f17, 136(%0); fld f18, 144(%0); fld f19, 152(%0);"
                     "fld f20, 160(%0); fld f21, 168(%0); fld f22, 176(%0); fld f23, 184(%0);"
                     "fld f24, 192(%0); fld f25, 200(%0); fld f26, 208(%0); fld f27, 216(%0);"
                     "fld f28, 224(%0); fld f29, 232(%0); fld f30, 240(%0); fld f31, 248(%0);"
                     "fscsr %1"
                     :
                     : "r"(values), "r"(seed % 5 << 5 | (seed & 0x1f))
                     : "memory");
}

static bool are_all(uint64_t seed)
{
    static uint64_t values[32], fcsr;
    __asm__ volatile("fsd f0, 0(%1); fsd f1, 8(%1); fsd f2, 16(%1); fsd f3, 24(%1);"
                     "fsd f4, 32(%1); fsd f5, 40(%1); fsd f6, 48(%1); fsd f7, 56(%1);"
                     "fsd f8, 64(%1); fsd f9, 72(%1); fsd f10, 80(%1); fsd f11, 88(%1);"
                     "fsd f12, 96(%1); fsd f13, 104(%1); fsd f14, 112(%1); fsd f15, 120(%1);"
                     "fsd f16, 128(%1); fsd f17, 136(%1); fsd f18, 144(%1); fsd f19, 152(%1);"
                     "fsd f20, 160(%1); fsd f21, 168(%1); fsd f22, 176(%1); fsd f23, 184(%1);"
                     "fsd f24, 192(%1); fsd f25, 200(%1); fsd f26, 208(%1); fsd f27, 216(%1);"
                     "fsd f28, 224(%1); fsd f29, 232(%1); fsd f30, 240(%1); fsd f31, 248(%1);"
                     "frcsr %0"
                     : "=r"(fcsr)
                     : "r"(values)
                     : "memory");
    for (int i = 0; i < 32; i++)
        if (values[i] != seed * 1000003 + (uint64_t)i * 0x9e3779b97f4a7c15ul)
            return false;
    return fcsr == (seed % 5 << 5 | (seed & 0x1f));
}

/* Some switch by themselves, some are switched away from in the middle of computing. */
static void many_processes_keep_their_own(void)
{
    enum { PROCESSES = 6 };
    int pids[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            uint64_t end = clock_ns() + 60 * MS;
            for (uint64_t n = (uint64_t)i * 1000; clock_ns() < end; n++) {
                set_all(n);
                if (i % 3 == 0)
                    yield();
                else if (i % 3 == 1)
                    for (volatile int spin = 0; spin < 20000; spin++)
                        ;
                else
                    sleep_ns(100000);
                CHECK(are_all(n));
            }
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++)
        CHECK_EQUAL(ending_of(pids[i]), 0);
}

static void fork_copies_them(void)
{
    set_all(42);
    int pid = (int)raw(SYS_fork, 0, 0, 0);
    if (pid == 0) {
        CHECK(are_all(42));
        set_all(43);
        yield();
        CHECK(are_all(43));
        _exit(0);
    }
    CHECK(are_all(42));
    set_all(44);
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK(are_all(44));
}

/* The child forks again before it ever used the unit itself. */
static void fork_copies_them_through_generations(void)
{
    set_all(77);
    int pid = (int)raw(SYS_fork, 0, 0, 0);
    if (pid == 0) {
        int grandchild = (int)raw(SYS_fork, 0, 0, 0);
        if (grandchild == 0)
            _exit(are_all(77) ? 0 : 1);
        CHECK_EQUAL(ending_of(grandchild), 0);
        CHECK(are_all(77));
        _exit(0);
    }
    CHECK_EQUAL(ending_of(pid), 0);
    CHECK(are_all(77));
}

/* Nothing of one program's shows in another's: a new program starts with zeroes. */
static void a_new_program_starts_with_zeroes(void)
{
    set_all(99);
    int pid = (int)raw(SYS_fork, 0, 0, 0);
    if (pid == 0) {
        static char *const arguments[] = {(char *)"floating", (char *)"--zero", NULL};
        raw(SYS_exec, "/test/floating", arguments, 0);
        _exit(99);
    }
    CHECK(are_all(99));
    CHECK_EQUAL(ending_of(pid), 0);
}

static void rounding_modes_are_ones_own(void)
{
    __asm__ volatile("fsrm %0" ::"r"(1ul)); /* towards zero */
    int pid = fork();
    if (pid == 0) {
        __asm__ volatile("fsrm %0" ::"r"(3ul)); /* up */
        for (int i = 0; i < 100; i++) {
            volatile double a = 1, b = 3, q = a / b;
            CHECK(q * 3 >= 1);
            yield();
        }
        _exit(0);
    }
    for (int i = 0; i < 100; i++) {
        volatile double a = 1, b = 3, q = a / b;
        CHECK(q < 0.33333333333333335);
        yield();
    }
    CHECK_EQUAL(ending_of(pid), 0);
}

static void serve_with_floating_point(int channel)
{
    struct message m;
    for (uint64_t n = 1;; n++) {
        set_all(n);
        next(channel, &m);
        CHECK(are_all(n));
        set_all(m.arg0 + 500);
        answer(channel, &m, 0);
        CHECK(are_all(m.arg0 + 500));
    }
}

/* A call goes straight to the server and back, past the run queue; the registers must change all the same. */
static void a_call_brings_them_back(void)
{
    struct server s = start_server(serve_with_floating_point, 0, SESSION_READ, false);
    for (uint64_t n = 1; n < 200; n++) {
        set_all(n);
        CHECK_EQUAL(simple_call(s.session, OP(1), n, 0), 0);
        CHECK(are_all(n));
    }
    end_server(&s);
}

static int check_zero(void)
{
    uint64_t bits[3], fcsr;
    __asm__ volatile("fmv.x.d %0, f1; fmv.x.d %1, f16; fmv.x.d %2, f31; frcsr %3"
                     : "=r"(bits[0]), "=r"(bits[1]), "=r"(bits[2]), "=r"(fcsr));
    return bits[0] || bits[1] || bits[2] || fcsr;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--zero") == 0)
        return check_zero();
    check_start(argc, argv);
    RUN(many_processes_keep_their_own);
    RUN(fork_copies_them);
    RUN(fork_copies_them_through_generations);
    RUN(a_new_program_starts_with_zeroes);
    RUN(rounding_modes_are_ones_own);
    RUN(a_call_brings_them_back);
    return check_end();
}
