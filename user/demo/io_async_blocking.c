/*
 * Textbook: asynchronous, blocking input (multiplexing). The process sleeps in `poll` until any of the sources has
 * something, whichever it is; then that one's `read` returns at once. The words come in the order in which they arrive,
 * nobody asks in vain, and one process can serve thousands of sources; but while it sleeps it does no other work.
 *
 * In a trace: this process blocks with the reason `poll`, once for each word, and never in `pipe_read`.
 */
#include "sources.h"
#include <poll.h>

int main(void)
{
    int handle[SOURCES];
    struct pollfd watched[SOURCES];
    int left = SOURCES;
    start_sources(handle);
    for (int i = 0; i < SOURCES; i++) {
        watched[i] = (struct pollfd){.fd = handle[i], .events = POLLIN};
    }
    while (left > 0) {
        if (poll(watched, SOURCES, -1) < 0) {
            perror("poll");
            return 1;
        }
        for (int i = 0; i < SOURCES; i++) {
            char word[WORD] = "";
            if (watched[i].revents & POLLIN && read(watched[i].fd, word, WORD - 1) > 0) {
                printf("%s\n", word);
                watched[i].fd = -1; /* poll leaves it out from now on */
                left--;
            }
        }
    }
    finish();
    return 0;
}
