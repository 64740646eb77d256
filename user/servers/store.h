/*
 * What init and the servers it keeps memory for agree on. A server's state lies in a memory object that init
 * makes before the first start, holds, and hands to every incarnation as SERVER_HANDLE_STORE; the server maps it
 * and knows what is in it. The first word of it is init's: it tells a server that lives from one that dies of
 * what it finds there, which gets a new, empty store after STORE_DEATHS_MAX such deaths.
 */
#ifndef SERVERS_STORE_H
#define SERVERS_STORE_H

#include <stdint.h>

#define SERVER_HANDLE_INITRD 3
#define SERVER_HANDLE_CHANNEL 4
#define SERVER_HANDLE_EXTRA 5 /* its device, or a session on the server it needs */
#define SERVER_HANDLE_STORE 6
#define SERVER_HANDLE_TRACE 7 /* the tracer's: the trace, as a device */

#define STORE_DEATHS_MAX 3 /* in a row, before anything was served */
#define SERVER_EXIT_BAD_STORE 2 /* the exit code of one that can make nothing of its store */

struct store_word {
    uint64_t served; /* set to 1 by the server when it has received or served a message; to 0 by init, at each start */
};

#endif
