/*
 * The console killed at any moment while programs print and while one reads what is typed (tests/test_deaths.py
 * types). Every line comes out whole, once, and in order, but for single characters that come twice: those that
 * were on their way to the device. See deaths.h for what it needs.
 */
#include "deaths.h"

#include <sys/stat.h>

/* console_deaths N: two programs print 400 lines each while the console is killed N times. */
static void print(int who)
{
    char line[80];
    for (int i = 0; i < 400; i++) {
        int n = snprintf(line, sizeof line, "<%c%03d %s>\n", 'a' + who, i, "some words to fill the line with");
        CHECK_EQUAL(write(1, line, (size_t)n), n);
    }
}

static int kill_all_the_time(int times)
{
    int pids[2];
    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            print(i);
            _exit(0);
        }
    }
    uint64_t dice = 3;
    for (int i = 0; i < times; i++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        struct stat st;
        CHECK_EQUAL(fstat(1, &st), 0); /* behind what comes again: so no write meets two deaths in a row */
        sleep_ns((dice >> 33) % (2 * MS));
        kill_server("console");
    }
    int failed = 0;
    for (int i = 0; i < 2; i++)
        failed |= ending_of(pids[i]);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = kill_all_the_time(argc > 1 ? atoi(argv[1]) : 20);
    sleep_ns(20 * MS);
    dprintf(1, "\nprinted: %s\n", failed ? "FAILED" : "ok");
    return failed;
}
