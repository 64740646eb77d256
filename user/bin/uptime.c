/*
 * uptime: how long the system has been up, how many processes there are, and how busy it is.
 */
#include <kinglet/system.h>

#define TOOL "uptime"
#define USAGE ""
#include "tool.h"

int main(int argc, char **argv)
{
    struct system_info info;
    if (argc > 1) {
        tool_usage();
    }
    int result = system_info(&info);
    if (result < 0) {
        errno = -result;
        tool_error("the system's numbers");
        return 1;
    }
    uint64_t seconds = info.uptime_ns / 1000000000;
    uint64_t all_ns = info.uptime_ns * info.harts;
    printf("up ");
    if (seconds >= 3600) {
        printf("%llu:%02u:%02u", (unsigned long long)(seconds / 3600), (unsigned)(seconds / 60 % 60),
               (unsigned)(seconds % 60));
    } else {
        printf("%llu.%03u s", (unsigned long long)seconds, (unsigned)(info.uptime_ns / 1000000 % 1000));
    }
    printf(", %llu processes, %llu hart%s, load %llu.%02u, idle %u%%, %llu switches\n",
           (unsigned long long)info.processes, (unsigned long long)info.harts, info.harts == 1 ? "" : "s",
           (unsigned long long)(info.load_milli / 1000), (unsigned)(info.load_milli % 1000 / 10),
           (unsigned)(all_ns > 0 ? info.idle_ns * 100 / all_ns : 0), (unsigned long long)info.switches);
    tool_exit();
}
