/*
 * From _start to main and from there to exit. stdio needs no start-up: its files are ready as they
 * are linked, and find out at first use whether they are a terminal.
 */
#include "internal.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char **environ;
const char *libc_program_name = "?";

int main(int argc, char **argv, char **envp);
_Noreturn void libc_start(int argc, char **argv, char **envp);

extern char __tls_first[], __tls_image[], __tls_image_bytes[]; /* linker/user.ld */

_Noreturn void libc_start(int argc, char **argv, char **envp)
{
    memcpy(__tls_first, __tls_image, (uint64_t)__tls_image_bytes);
    environ = envp;
    if (argc > 0) {
        const char *slash = strrchr(argv[0], '/');
        libc_program_name = slash ? slash + 1 : argv[0];
    }
    exit(main(argc, argv, envp));
}
