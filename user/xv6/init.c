/*
 * What xv6 programs find as /init, unless they bring their own: the console as 0, 1 and 2, and a shell, again
 * and again. An xv6 program itself. It is not what starts the system (that is user/servers/init).
 */
#include "kernel/types.h"
#include "kernel/fcntl.h"
#include "kernel/file.h"
#include "user/user.h"

static void start_shell(void)
{
    char *argv[] = {"sh", 0};

    exec("sh", argv);
    printf("init: cannot run sh\n");
    exit(1);
}

int main(void)
{
    if (open("console", O_RDWR) < 0) {
        mknod("console", CONSOLE, 0);
        open("console", O_RDWR);
    }
    dup(0);
    dup(0);
    for (;;) {
        printf("init: starting sh\n");

        int shell = fork(), ended;

        if (shell == 0)
            start_shell();
        if (shell < 0) {
            printf("init: no process for sh\n");
            exit(1);
        }
        while ((ended = wait(0)) != shell)
            if (ended < 0)
                exit(1);
    }
}
