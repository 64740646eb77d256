/*
 * The builtins `test` and `[`; ../test.h has what they do.
 */
#include "../test.h"
#include "sh.h"

static void test_failed(const char *name, const char *what, const char *why)
{
    complain("%s: %s%s%s", name, what != NULL ? what : "", what != NULL ? ": " : "", why);
}

int builtin_test(int argc, char **argv)
{
    return test_main(argc, argv, test_failed);
}
