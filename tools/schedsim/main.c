/*
 * schedsim: runs a list of jobs under a policy of kernel/sched/, on the host and without a kernel. The policies are
 * the kernel's own files; this is what drives them and what says how it went. docs/schedsim.md is the manual.
 */
#include "schedsim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void fail(const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fputs("schedsim: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    putc('\n', stderr);
    exit(1);
}

void *grow(void *memory, size_t *room, size_t needed, size_t size_of_one)
{
    if (needed <= *room)
        return memory;
    size_t more = *room < 8 ? 16 : *room * 2;
    if (more < needed)
        more = needed;
    memory = realloc(memory, more * size_of_one);
    if (!memory)
        fail("not enough memory");
    *room = more;
    return memory;
}

static FILE *open_for_writing(const char *path)
{
    FILE *out = fopen(path, "wb");
    if (!out)
        fail("cannot write %s: %s", path, strerror(errno));
    return out;
}

static void close_written(FILE *out, const char *path)
{
    if (ferror(out) | fclose(out))
        fail("cannot write %s: %s", path ? path : "standard output", strerror(errno));
}

static void get_jobs(struct job_list *list, const struct options *options)
{
    if (!options->jobs) {
        make_random_jobs(list, options->seed, options->count);
    } else if (strcmp(options->jobs, "-") == 0) {
        read_jobs(list, stdin, "standard input");
    } else {
        FILE *in = fopen(options->jobs, "rb");
        if (!in)
            fail("cannot read %s: %s", options->jobs, strerror(errno));
        read_jobs(list, in, options->jobs);
        fclose(in);
    }
}

/* The page has the whole trace in it, so that is kept in memory until the end. */
static void run_to_page(const struct options *options, struct job_list *list, const char *template, FILE *out)
{
    char *trace = NULL, title[64];
    size_t size = 0;
    FILE *memory = open_memstream(&trace, &size);
    if (!memory)
        fail("not enough memory");
    struct trace_out *t = trace_begin(memory, options, list);
    simulate(options, list, NULL, t);
    trace_end(t);
    if (ferror(memory) | fclose(memory))
        fail("not enough memory");
    snprintf(title, sizeof title, "schedsim: %s, %zu job%s", options->policy->name, list->count,
             list->count == 1 ? "" : "s");
    write_page(out, template, title, trace, size);
    if (options->trace) {
        FILE *file = open_for_writing(options->trace);
        fwrite(trace, 1, size, file);
        close_written(file, options->trace);
    }
    free(trace);
}

static void run(const struct options *options, struct job_list *list, FILE *out)
{
    struct writer writer = {.out = out, .options = options, .list = list};
    FILE *trace_file = options->trace ? open_for_writing(options->trace) : NULL;
    struct trace_out *trace = trace_file ? trace_begin(trace_file, options, list) : NULL;
    write_begin(&writer);
    simulate(options, list, &writer, trace);
    write_end(&writer);
    if (trace) {
        trace_end(trace);
        close_written(trace_file, options->trace);
    }
}

int main(int argc, char **argv)
{
    struct options options;
    struct job_list list = {0};
    read_options(&options, argc, argv);
    get_jobs(&list, &options);
    char *template = options.output == OUTPUT_HTML ? read_page_template() : NULL;
    FILE *out = options.to ? open_for_writing(options.to) : stdout;
    if (options.output == OUTPUT_JOBS)
        print_jobs(&list, out);
    else if (options.output == OUTPUT_HTML)
        run_to_page(&options, &list, template, out);
    else
        run(&options, &list, out);
    free_jobs(&list);
    free(template);
    close_written(out, options.to);
    return 0;
}
