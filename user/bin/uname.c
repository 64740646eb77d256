/*
 * uname: what system this is. The version is that of the kernel that runs, not of this program.
 */
#include <kinglet/system.h>
#include <stdbool.h>
#include <unistd.h>

#define TOOL "uname"
#define USAGE "[-amnoprsv]"
#include "tool.h"

int main(int argc, char **argv)
{
    static const char order[] = "snrvmpo";
    struct system_info info;
    bool wanted[sizeof order] = {false};
    bool any = false;
    int option;
    while ((option = getopt(argc, argv, "amnoprsv")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        for (size_t i = 0; order[i] != '\0'; i++) {
            wanted[i] |= order[i] == option || (option == 'a' && order[i] != 'p');
        }
        any = true;
    }
    if (optind < argc) {
        tool_usage();
    }
    wanted[0] |= !any;
    int result = system_info(&info);
    if (result < 0) {
        errno = -result;
        tool_error("the system's numbers");
        return 1;
    }
    const char *const parts[] = {"Kinglet", "kinglet", info.release, info.build, "riscv64", "riscv64", "Kinglet"};
    const char *gap = "";
    for (size_t i = 0; order[i] != '\0'; i++) {
        if (wanted[i]) {
            printf("%s%s", gap, parts[i]);
            gap = " ";
        }
    }
    putchar('\n');
    tool_exit();
}
