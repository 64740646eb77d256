/*
 * rm: removes files. -r: directories with all that is in them; -f: no complaint about what is not there.
 */
#define TOOL "rm"
#define USAGE "[-rf] file ..."
#include "tool.h"
#include "files.h"

static bool recursive, force;

static void remove_path(const char *path)
{
    if (!is_directory(path)) {
        if (unlink(path) < 0 && !(force && errno == ENOENT)) {
            tool_error(path);
        }
        return;
    }
    if (!recursive) {
        tool_complain(path, "is a directory (-r removes it)");
        return;
    }
    char **names = list_directory(path, false);
    for (char **name = names; name != NULL && *name != NULL; name++) {
        char *inner = tool_join(path, *name);
        remove_path(inner);
        free(inner);
    }
    free_names(names);
    if (rmdir(path) < 0) {
        tool_error(path);
    }
}

int main(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "rRf")) != -1) {
        if (option == '?') {
            tool_usage();
        }
        force |= option == 'f';
        recursive |= option != 'f';
    }
    if (optind == argc && !force) {
        tool_usage();
    }
    for (int i = optind; i < argc; i++) {
        char *name = tool_basename(argv[i]);
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "/") == 0) {
            tool_complain(argv[i], "the root, this directory and those above it are not removed");
        } else {
            remove_path(argv[i]);
        }
        free(name);
    }
    tool_exit();
}
