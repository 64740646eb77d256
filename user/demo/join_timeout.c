/*
 * Textbook: waiting for a child, but not for ever. join with a time limit comes back while the child still runs, and
 * says so; the parent may then go on waiting, or end the child. Exit codes: n for exit(n), -15 after SIGTERM.
 */
#include <errno.h>
#include <mp/process.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORK_US 100000
#define PATIENCE_MS 30

static int work(void *times)
{
    for (int i = 0; i < *(int *)times; i++) {
        usleep(WORK_US);
    }
    return 3;
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

int main(void)
{
    struct mp_process *diligent, *endless;
    int once = 1, for_ever = 1000000;
    if (mp_process_create(&diligent, work, &once) < 0 || mp_process_create(&endless, work, &for_ever) < 0) {
        fprintf(stderr, "join_timeout: out of memory\n");
        return 1;
    }
    mp_process_set_name(diligent, "diligent");
    mp_process_set_name(endless, "endless");
    int error = mp_process_start(diligent);
    if (error == 0) {
        error = mp_process_start(endless);
    }
    if (error < 0) {
        fprintf(stderr, "join_timeout: cannot start a process: %s\n", strerror(-error));
        return 1;
    }
    report(diligent, mp_process_join(diligent, PATIENCE_MS)); /* too early */
    report(diligent, mp_process_join(diligent, -1));          /* as long as it takes */
    report(diligent, mp_process_join(diligent, -1));          /* again: nothing to wait for */
    report(endless, mp_process_join(endless, PATIENCE_MS));
    mp_process_terminate(endless);
    report(endless, mp_process_join(endless, -1));
    mp_process_close(diligent);
    mp_process_close(endless);
    return 0;
}
