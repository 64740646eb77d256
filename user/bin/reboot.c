/*
 * reboot: starts the machine anew, at once.
 */
#include <kinglet/system.h>

#define TOOL "reboot"
#define USAGE ""
#include "tool.h"

int main(int argc, char **argv)
{
    if (argc > 1) {
        tool_usage();
    }
    errno = -power(POWER_REBOOT, 0);
    tool_error("cannot reboot");
    return 1;
}
