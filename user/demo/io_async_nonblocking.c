/*
 * Textbook: asynchronous, non-blocking input. The process submits all its reads at once, goes on with other work, and
 * asks later which have completed. The data is in its buffers by then: nothing is left to be read. It asks one queue
 * for all the calls, and if it runs out of work it can sleep there until the next one completes, or in `poll`.
 *
 * In a trace: threads named "submit read" block with the reason `pipe_read`, one for each call, while the first
 * thread of the process computes. It blocks only when its work is done, with the reason `completion`.
 */
#include "sources.h"
#include <errno.h>
#include <fcntl.h>
#include <kinglet/submit.h>

int main(void)
{
    int handle[SOURCES];
    char word[SOURCES][WORD] = {""};
    int left = SOURCES;
    start_sources(handle);
    int queue = completion_create(O_NONBLOCK);
    for (int i = 0; i < SOURCES; i++) {
        int error = submit_read(queue, (uint64_t)i, handle[i], word[i], WORD - 1);
        if (error < 0) {
            fprintf(stderr, "submit: error %d\n", error);
            return 1;
        }
    }
    while (left > 0) {
        struct completion done;
        if (read(queue, &done, sizeof done) == sizeof done) {
            printf("%s\n", word[done.tag]);
            left--;
        } else if (errno == EAGAIN && work_left()) {
            work_a_little();
        } else if (errno == EAGAIN) {
            fcntl(queue, F_SETFL, 0); /* nothing else to do: wait */
        } else {
            perror("read");
            return 1;
        }
    }
    finish();
    return 0;
}
