/*
 * echo: prints its arguments. -n: no newline at the end; -e: \n \t \\ and their kin mean something.
 */
#define TOOL "echo"
#define USAGE "[-ne] [word ...]"
#include "tool.h"
#include "echo.h"

int main(int argc, char **argv)
{
    echo_words(argc, argv);
    tool_exit();
}
