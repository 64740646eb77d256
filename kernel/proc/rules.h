/*
 * What a process gets differently when it is an xv6 program (lib/xv6), as far as the kernel sees to it. All
 * such differences are in this table; what differs in a server hangs on MSGF_XV6.
 */
#ifndef KERNEL_PROC_RULES_H
#define KERNEL_PROC_RULES_H

#include <stdint.h>

struct rules {
    uint32_t path_bytes;    /* of a path with its NUL */
    uint32_t arg_bytes;     /* of exec's strings with their NULs, together */
    uint32_t arg_strings;
    uint32_t message_flags; /* go with every request */
};

extern const struct rules rules_of[2]; /* by RULES_ */

#endif
