/*
 * poweroff: ends the machine, at once. A status from 0 to 255 becomes QEMU's exit status.
 */
#include <kinglet/system.h>

#define TOOL "poweroff"
#define USAGE "[status]"
#include "tool.h"

int main(int argc, char **argv)
{
    char *end = "";
    long status = argc > 1 ? strtol(argv[1], &end, 10) : 0;
    if (argc > 2 || *end != '\0' || status < 0 || status > 255) {
        tool_usage();
    }
    errno = -power(POWER_OFF, (int)status);
    tool_error("cannot power off");
    return 1;
}
