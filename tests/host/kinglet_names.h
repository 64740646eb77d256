/*
 * Gives lib/common/string.c's functions names of their own, so that a test program can hold them
 * beside the host's. Compiled into string.c with -include, and included by test_string.c.
 */
#ifndef HOST_KINGLET_NAMES_H
#define HOST_KINGLET_NAMES_H

#define memcpy kinglet_memcpy
#define memmove kinglet_memmove
#define memset kinglet_memset
#define memcmp kinglet_memcmp
#define memchr kinglet_memchr
#define strlen kinglet_strlen
#define strnlen kinglet_strnlen
#define strcmp kinglet_strcmp
#define strncmp kinglet_strncmp
#define strchr kinglet_strchr
#define strrchr kinglet_strrchr
#define strlcpy kinglet_strlcpy

#endif
