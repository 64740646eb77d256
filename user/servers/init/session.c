/*
 * The shell: on the console, in a job of its own that heads a session, so that what it starts can be ended
 * and limited without the servers. With the boot option `run` it runs that and the machine goes off with its
 * exit status. Whatever needs a file or the console is done in a child, never in init.
 */
#include "init.h"

#include <fcntl.h>
#include <kinglet/system.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONSOLE_PATH "/dev/console"
#define SHELL_PATH "/bin/sh"
#define SIGNAL_STATUS 128         /* exit status of a run that a signal ended: this + the signal */
#define DRAIN_NS 2000000000ULL    /* how long the console may take to bring out its last bytes */
#define STEADY_NS 1000000000ULL   /* a shell that lived so long is started again at once */
#define FRAMES_PER_PROCESS 13     /* what a small process takes of the machine, about */
#define PROCESSES_MIN 128
#define HANDLES 64 /* init has none above */

enum phase { SHELL_RUNS, SHELL_ENDED, RUN_DRAINS };

static int root_session;
static char *run_text; /* the boot option, or NULL */
static enum phase phase;
static int pid;           /* the shell, or the child that waits for the console to drain */
static uint64_t due;      /* SHELL_ENDED: when to start it again; RUN_DRAINS: when to wait no longer */
static uint64_t began;    /* when the shell was started */
static int run_status;
static struct restarts restarts;

/* A limit for all that the shell starts: what is left is for the servers, and for another shell. */
static void limit_job(int job)
{
    struct system_info info;
    struct job_limits limits = {0};

    if (system_info(&info) < 0)
        return;
    limits.max_pages = info.frames_available / 16 * 15;
    /* Below what the machine could hold, so that a fork bomb meets this limit and not the end of memory. */
    limits.max_processes = info.frames_available / 16 * 15 / FRAMES_PER_PROCESS;
    if (limits.max_processes < PROCESSES_MIN)
        limits.max_processes = PROCESSES_MIN;
    job_limits(job, &limits, NULL);
}

/* In a child: be rid of init's handles, with the console as 0, 1 and 2. False: it cannot be had. */
static bool enter_file_system(void)
{
    int result = set_root(root_session);

    for (int i = 0; i < HANDLES; i++)
        close(i);
    if (result < 0)
        return false;
    return open(CONSOLE_PATH, O_RDWR) == 0 && dup(0) == 1 && dup(0) == 2;
}

/* The boot option session=system leaves the shell in init's own session, whose members may end the
 * servers: for tests of what happens then, and for students who want to see it. */
static int own_session(void)
{
    char word[8] = "";

    if (boot_option("session", word, sizeof word) >= 0 && strcmp(word, "system") == 0)
        return setjob(0, 0);
    return job_session(INIT_HANDLE_MACHINE);
}

/* An image with xv6 programs has them in the root directory, and there a console, which they look for. */
static bool has_xv6(void)
{
    struct stat st;

    return stat("/console", &st) == 0;
}

static _Noreturn void become_shell(void)
{
    static char *const plain[] = {"PATH=/bin:/demo:/test:/sbin", "HOME=/", NULL};
    static char *const with_xv6[] = {"PATH=/:/bin:/demo:/test:/sbin", "HOME=/", NULL};
    char *const interactive[] = {"sh", NULL};
    char *const command[] = {"sh", "-c", run_text, NULL};
    int job = own_session();

    if (job >= 0)
        limit_job(job);
    else
        say("no session for the shell: error %d", -job);
    if (!enter_file_system())
        say("the shell cannot open " CONSOLE_PATH);
    else if (execve(SHELL_PATH, run_text != NULL ? command : interactive, has_xv6() ? with_xv6 : plain) < 0)
        say("cannot run " SHELL_PATH);
    _exit(RUN_STATUS_NOT_FOUND);
}

static void start_shell(void)
{
    phase = SHELL_RUNS;
    began = clock_ns();
    pid = fork_flags(0);
    if (pid == 0)
        become_shell();
    if (pid < 0) {
        say("cannot start the shell: error %d", -pid);
        session_ended(pid, &(struct exit_status){.code = RUN_STATUS_NOT_FOUND});
    }
}

static _Noreturn void power_off(void)
{
    power(POWER_OFF, run_status);
    say("cannot power off");
    for (;;)
        sleep_ns(UINT64_MAX / 2);
}

/* The run is over: a child waits until the console, and then the tracer, has brought out all that was written. */
static void start_drain(void)
{
    phase = RUN_DRAINS;
    due = clock_ns() + DRAIN_NS;
    pid = fork_flags(0);
    if (pid == 0) {
        int tracer = fcntl(services_tracer(), F_DUPFD, HANDLES); /* above those that are closed */

        if (enter_file_system())
            fsync(1);
        fsync(tracer);
        _exit(0);
    }
    if (pid < 0)
        power_off();
}

void session_start(int root)
{
    char none[1];
    int length = boot_option("run", none, sizeof none);

    root_session = root;
    if (length >= 0) {
        run_text = malloc((size_t)length + 1);
        if (run_text == NULL || boot_option("run", run_text, (size_t)length + 1) < 0) {
            say("no memory for the boot option run");
            run_status = RUN_STATUS_BAD_OPTION;
            power_off();
        }
    }
    start_shell();
}

void session_ended(int ended, const struct exit_status *status)
{
    static const char again[] = "[shell ended, starting another]\n";

    if (ended != pid || phase == SHELL_ENDED)
        return;
    if (phase == RUN_DRAINS)
        power_off();
    pid = 0;
    if (run_text != NULL) {
        run_status = status->signal != 0 ? SIGNAL_STATUS + status->signal : status->code & 0xff;
        start_drain();
        return;
    }

    uint64_t now = clock_ns(), pause = restarts_note(&restarts, now);

    phase = SHELL_ENDED;
    if (now - began >= STEADY_NS)
        pause = 0;
    else if (pause == 0)
        pause = 5000000000ULL; /* never given up: it is the way in */
    due = now + pause;
    log_write(again, sizeof again - 1);
}

uint64_t session_due(void)
{
    if (phase == SHELL_RUNS)
        return UINT64_MAX;
    if (due > clock_ns())
        return due;
    if (phase == RUN_DRAINS)
        power_off();
    start_shell();
    return phase == SHELL_RUNS ? UINT64_MAX : due;
}
