/*
 * Textbook: synchronous, blocking input. `read` returns when the data is there, and until then the process is blocked:
 * it does nothing else. So the words come in the order in which they are asked for, though the quick one has long been
 * waiting when the slow one is read; and the other work starts when all of it is over.
 *
 * In a trace: this process blocks with the reason `pipe_read`, and runs again when somebody has written.
 */
#include "sources.h"

int main(void)
{
    int handle[SOURCES];
    start_sources(handle);
    for (int i = 0; i < SOURCES; i++) {
        char word[WORD] = "";
        if (read(handle[i], word, WORD - 1) < 0) {
            perror("read");
            return 1;
        }
        printf("%s\n", word);
    }
    finish();
    return 0;
}
