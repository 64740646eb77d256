/*
 * Names and texts of errors: see <common/errno_name.h>. The table is <kinglet/errno.h>'s.
 */
#include <common/errno_name.h>
#include <kinglet/errno.h>

const char *errno_name(int error)
{
    switch (error < 0 ? -(unsigned)error : (unsigned)error) {
    case 0:
        return "0";
#define ERROR_NAME(name, number, text) \
    case number: \
        return #name;
        KINGLET_ERRORS(ERROR_NAME)
#undef ERROR_NAME
    default:
        return "E?";
    }
}

const char *errno_text(int error)
{
    switch (error < 0 ? -(unsigned)error : (unsigned)error) {
    case 0:
        return "no error";
#define ERROR_TEXT(name, number, text) \
    case number: \
        return text;
        KINGLET_ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
    default:
        return "unknown error";
    }
}
