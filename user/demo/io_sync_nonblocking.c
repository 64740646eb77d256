/*
 * Textbook: synchronous, non-blocking input (polling in a loop). With O_NONBLOCK `read` returns at once: with the data
 * if there are any, else with EAGAIN, "try again". The process can do other work between two tries, and the words come
 * in the order in which they arrive; but it must ask again and again, mostly in vain, and when there is no
 * other work it burns the processor's time.
 *
 * In a trace: this process never blocks; its reads come back with -EAGAIN, many times.
 */
#include "sources.h"
#include <errno.h>
#include <fcntl.h>

int main(void)
{
    int handle[SOURCES];
    int left = SOURCES;
    start_sources(handle);
    for (int i = 0; i < SOURCES; i++) {
        fcntl(handle[i], F_SETFL, O_NONBLOCK);
    }
    while (left > 0) {
        for (int i = 0; i < SOURCES; i++) {
            char word[WORD] = "";
            ssize_t n = handle[i] < 0 ? 0 : read(handle[i], word, WORD - 1);
            if (n < 0 && errno != EAGAIN) {
                perror("read");
                return 1;
            }
            if (n > 0) {
                printf("%s\n", word);
                close(handle[i]);
                handle[i] = -1;
                left--;
            }
        }
        work_a_little();
        yield(); /* with one hart and SCHED=fcfs the sources would else never have it */
    }
    finish();
    return 0;
}
