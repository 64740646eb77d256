/*
 * lib/common/errno_name.c, and that the table agrees with the host's numbers.
 */
#include <common/errno_name.h>
#include <kinglet/errno.h>

#include "check.h"

CASE(every_error_has_its_name_and_text)
{
    CHECK_TEXT(errno_name(ENOENT), "ENOENT");
    CHECK_TEXT(errno_text(ENOENT), "no such file or directory");
    CHECK_TEXT(errno_name(EDAEMON), "EDAEMON");
    CHECK_TEXT(errno_text(EDAEMON), "daemonic processes are not allowed to have children");
}

CASE(a_negative_error_is_named_like_its_positive)
{
    CHECK_TEXT(errno_name(-EAGAIN), "EAGAIN");
    CHECK_TEXT(errno_text(-EAGAIN), errno_text(EAGAIN));
}

CASE(a_number_that_is_no_error_gets_a_text_too)
{
    CHECK_TEXT(errno_name(0), "0");
    CHECK_TEXT(errno_text(0), "no error");
    CHECK_TEXT(errno_name(4095), "E?");
    CHECK_TEXT(errno_text(-4095), "unknown error");
    CHECK_TEXT(errno_name(INT32_MIN), "E?");
}

#if defined(__linux__)
/* glibc's list of names (strerrorname_np) is not everywhere; texts are, and show a wrong number. */
CASE(numbers_are_those_of_linux)
{
    CHECK_TEXT(strerror(ENOENT), "No such file or directory");
    CHECK_TEXT(strerror(EPIPE), "Broken pipe");
    CHECK_TEXT(strerror(ENAMETOOLONG), "File name too long");
    CHECK_TEXT(strerror(ENOTEMPTY), "Directory not empty");
    CHECK_TEXT(strerror(EMSGSIZE), "Message too long");
    CHECK_TEXT(strerror(ETIMEDOUT), "Connection timed out");
    CHECK_TEXT(strerror(ECANCELED), "Operation canceled");
    CHECK_TEXT(strerror(EOWNERDEAD), "Owner died");
}
#endif
