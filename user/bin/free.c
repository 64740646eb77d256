/*
 * free: memory in KiB. "promised" is free now but owed to a process; "available" is what is left to
 * promise. -o: how many of each kind of kernel object are alive (to see that nothing leaks).
 */
#include <kinglet/system.h>
#include <stdbool.h>
#include <unistd.h>

#define TOOL "free"
#define USAGE "[-o]"
#include "tool.h"

#define KIB_PER_FRAME 4

static void show(uint64_t frames)
{
    printf(" %10llu", (unsigned long long)(frames * KIB_PER_FRAME));
}

static void show_objects(const struct system_info *info)
{
    const struct {
        const char *name;
        uint64_t count;
    } objects[] = {
        {"processes", info->processes}, {"jobs", info->jobs}, {"address spaces", info->spaces},
        {"handle tables", info->handle_tables}, {"pipes", info->pipes}, {"channels", info->channels},
        {"sessions", info->sessions}, {"other objects", info->objects},
    };
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        printf("%-14s %10llu\n", objects[i].name, (unsigned long long)objects[i].count);
    }
}

int main(int argc, char **argv)
{
    struct system_info info;
    bool objects = false;
    int option;
    while ((option = getopt(argc, argv, "ok")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        objects |= option == 'o';
    }
    int result = system_info(&info);
    if (result < 0) {
        errno = -result;
        tool_error("the system's numbers");
        return 1;
    }
    bool owed = info.frames_free > info.frames_available;
    uint64_t promised = owed ? info.frames_free - info.frames_available : 0;
    printf("            total       used       free   promised  available\n");
    printf("KiB   ");
    show(info.frames_total);
    show(info.frames_total - info.frames_free);
    show(info.frames_free);
    show(promised);
    show(info.frames_available);
    putchar('\n');
    if (objects) {
        show_objects(&info);
    }
    tool_exit();
}
