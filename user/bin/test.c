/*
 * test, and under its other name [: the shell's builtin as a program, for env, xargs and their like.
 */
#include <stdio.h>

#include "test.h"

static void test_failed(const char *name, const char *what, const char *why)
{
    fprintf(stderr, "%s: %s%s%s\n", name, what != NULL ? what : "", what != NULL ? ": " : "", why);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv, test_failed);
}
