/*
 * poweroff: ends the machine when the console has brought out what was written to it. A status from 0 to
 * 255 becomes QEMU's exit status.
 */
#include <kinglet/system.h>
#include <unistd.h>

#define TOOL "poweroff"
#define USAGE "[status]"
#include "tool.h"

int main(int argc, char **argv)
{
    char *end = "";
    long status = argc > 1 ? strtol(argv[1], &end, 10) : 0;
    if (argc > 2 || (argc > 1 && end == argv[1]) || *end != '\0' || status < 0 || status > 255) {
        tool_usage();
    }
    fsync(1);
    errno = -power(POWER_OFF, (int)status);
    tool_error("cannot power off");
    return 1;
}
