/*
 * reboot: starts the machine anew when the console has brought out what was written to it.
 */
#include <kinglet/system.h>
#include <unistd.h>

#define TOOL "reboot"
#define USAGE ""
#include "tool.h"

int main(int argc, char **argv)
{
    if (argc > 1) {
        tool_usage();
    }
    fsync(1);
    errno = -power(POWER_REBOOT, 0);
    tool_error("cannot reboot");
    return 1;
}
