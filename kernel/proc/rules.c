/*
 * The table of rules: see rules.h. Read by exec, by the calls that name a path, and by every request.
 */
#include "proc/rules.h"

#include "mem/frame.h"
#include "proc/exec.h"

#include <kinglet/file.h>
#include <kinglet/message.h>
#include <kinglet/process.h>

const struct rules rules_of[2] = {
    [RULES_NATIVE] = {.path_bytes = PATH_MAX,
                      .arg_bytes = EXEC_ARG_PAGES * PAGE_SIZE,
                      .arg_strings = EXEC_MAX_STRINGS},
    /* xv6's MAXPATH, the page that it has for a stack, and its MAXARG less the NULL at the end. */
    [RULES_XV6] = {.path_bytes = 128, .arg_bytes = PAGE_SIZE, .arg_strings = 31, .message_flags = MSGF_XV6},
};
