/*
 * tee: standard input to standard output and to files. -a appends.
 */
#define TOOL "tee"
#define USAGE "[-a] [file ...]"
#include "tool.h"
#include "files.h"

int main(int argc, char **argv)
{
    static char block[COPY_BYTES];
    int option, mode = O_TRUNC;
    while ((option = getopt(argc, argv, "a")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        mode = O_APPEND;
    }
    int count = argc - optind + 1;
    int *outputs = tool_memory(calloc((size_t)count, sizeof *outputs));
    outputs[0] = 1;
    for (int i = 1; i < count; i++) {
        outputs[i] = open(argv[optind + i - 1], O_WRONLY | O_CREAT | mode, 0666);
        if (outputs[i] < 0) {
            tool_error(argv[optind + i - 1]);
        }
    }
    ssize_t n;
    while ((n = read(0, block, sizeof block)) > 0) {
        for (int i = 0; i < count; i++) {
            /* One output that fails does not keep the others from getting the rest. */
            if (outputs[i] >= 0 && write_all(outputs[i], block, (size_t)n) < 0) {
                if (errno != EPIPE) {
                    tool_error(i == 0 ? "standard output" : argv[optind + i - 1]);
                }
                tool_status = 1;
                outputs[i] = -1;
            }
        }
    }
    if (n < 0) {
        tool_error("standard input");
    }
    return tool_status;
}
