/*
 * Textbook: interprocess communication with pipes (Silberschatz 3.7.4; producer and consumer: 3.5). Three processes
 * and two bounded buffers: a producer of numbers, a filter that lets multiples of 7 pass, a consumer that adds up. A
 * reader of an empty pipe and a writer to a full one wait; end of file travels down the line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBERS 100000 /* far more than a pipe holds: the producer must wait for the others */

static FILE *open_end(int end, const char *mode)
{
    FILE *file = fdopen(end, mode);
    if (file == NULL) {
        perror("fdopen");
        exit(1);
    }
    return file;
}

/* What could not be written comes to light at the latest here. */
static void close_end(FILE *file)
{
    if (fclose(file) != 0) {
        perror("fclose");
        exit(1);
    }
}

static void produce(int out)
{
    FILE *to = open_end(out, "w");
    for (int n = 1; n <= NUMBERS; n++) {
        fprintf(to, "%d\n", n);
    }
    close_end(to);
}

static void filter(int in, int out)
{
    FILE *from = open_end(in, "r");
    FILE *to = open_end(out, "w");
    char line[32];
    while (fgets(line, sizeof line, from) != NULL) {
        if (atoi(line) % 7 == 0) {
            fputs(line, to);
        }
    }
    close_end(to);
    close_end(from);
}

static void consume(int in)
{
    FILE *from = open_end(in, "r");
    char line[32];
    long count = 0, sum = 0;
    while (fgets(line, sizeof line, from) != NULL) {
        count++;
        sum += atol(line);
    }
    close_end(from);
    printf("consumer: %ld multiples of 7 up to %d, their sum is %ld\n", count, NUMBERS, sum);
}

static int start(void)
{
    int pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(1);
    }
    return pid;
}

int main(void)
{
    int first[2], second[2];
    if (pipe(first) < 0 || pipe(second) < 0) {
        perror("pipe");
        return 1;
    }
    /* Each process closes the ends that it does not use. If the consumer kept a writing end of its own
     * pipe, end of file would never come. */
    if (start() == 0) {
        close(first[0]);
        close(second[0]);
        close(second[1]);
        produce(first[1]);
        return 0;
    }
    if (start() == 0) {
        close(first[1]);
        close(second[0]);
        filter(first[0], second[1]);
        return 0;
    }
    close(first[0]);
    close(first[1]);
    close(second[1]);
    consume(second[0]);
    int status, failed = 0;
    while (wait(&status) > 0) {
        failed |= status != 0;
    }
    return failed;
}
