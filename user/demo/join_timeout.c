/*
 * Textbook: waiting for a child, but not for ever (Silberschatz 3.3.2). join with a time limit comes back while the
 * child still runs, and says so; the parent may then go on waiting, or end the child. Exit codes: n for exit(n), -15
 * after SIGTERM.
 */
#include "demo/demo.h"

#define PATIENCE_MS 30

static struct mp_event *may_end;

static int diligent(void *unused)
{
    must(mp_event_wait(may_end, -1), "event");
    return 3;
}

static int endless(void *unused)
{
    for (;;) {
        sleep(1000);
    }
    return 0;
}

static void report(struct mp_process *process, int joined)
{
    int code = mp_process_exit_code(process);
    printf("%s: join says \"%s\", alive: %s, exit code: ", mp_process_name(process),
           joined == 0 ? "it has ended" : strerror(-joined), mp_process_is_alive(process) ? "yes" : "no");
    if (code == MP_NO_EXIT_CODE) {
        printf("none yet\n");
    } else {
        printf("%d\n", code);
    }
}

static struct mp_process *start_named(const char *name, int (*target)(void *))
{
    struct mp_process *process;
    must(mp_process_create(&process, target, NULL), "a process");
    must(mp_process_set_name(process, name), "name");
    must(mp_process_start(process), "starting a process");
    return process;
}

int main(void)
{
    may_end = share(sizeof *may_end); /* an event full of zeroes is not set */
    struct mp_process *first = start_named("diligent", diligent), *second = start_named("endless", endless);
    report(first, mp_process_join(first, PATIENCE_MS)); /* too early */
    mp_event_set(may_end);
    report(first, mp_process_join(first, -1)); /* as long as it takes */
    report(first, mp_process_join(first, -1)); /* again: nothing to wait for */
    report(second, mp_process_join(second, PATIENCE_MS));
    must(mp_process_terminate(second), "terminate");
    report(second, mp_process_join(second, -1));
    mp_process_close(first);
    mp_process_close(second);
    return 0;
}
