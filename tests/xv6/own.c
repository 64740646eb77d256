/* A program that brings functions by the library's names: it gets its own. */
#include "kernel/types.h"
#include "user/user.h"

void printf(const char *format, ...)
{
    write(1, "my own printf: ", 15);
    write(1, format, strlen(format));
}

uint strlen(const char *text)
{
    uint n = 0;

    while (text[n])
        n++;
    return n;
}

int main(void)
{
    printf("good\n");
    fprintf(1, "and the library's %s\n", "fprintf");
    return 0;
}
