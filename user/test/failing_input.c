/*
 * failing_input TEXT COMMAND [ARGUMENT ...]: runs a command whose standard input has a text, and behind it an
 * error where the end should be: EAGAIN.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int ends[2];
    if (argc < 3 || pipe2(ends, O_NONBLOCK) < 0)
        return 2;
    ssize_t length = (ssize_t)strlen(argv[1]);
    if (write(ends[1], argv[1], (size_t)length) != length || dup2(ends[0], 0) < 0)
        return 2;
    execvp(argv[2], argv + 2); /* with the other end open, so that there is no end of file */
    return 126;
}
