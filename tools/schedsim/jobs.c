/*
 * The job list: a line per job, `name,arrival,cpu[,io,cpu...]`. Whatever is wrong with one is said with its line.
 */
#include "schedsim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void add_job(struct job_list *list, const char *name, size_t name_length, uint64_t arrival, uint32_t line)
{
    list->jobs = grow(list->jobs, &list->room, list->count + 1, sizeof *list->jobs);
    list->names = grow(list->names, &list->name_room, list->name_bytes + name_length + 1, 1);
    struct job *job = &list->jobs[list->count++];
    memset(job, 0, sizeof *job);
    job->name = list->name_bytes;
    memcpy(list->names + list->name_bytes, name, name_length);
    list->names[list->name_bytes + name_length] = '\0';
    list->name_bytes += name_length + 1;
    job->arrival = arrival;
    job->first = list->time_count;
    job->line = line;
}

void add_time(struct job_list *list, uint64_t ns)
{
    struct job *job = &list->jobs[list->count - 1];
    list->times = grow(list->times, &list->time_room, list->time_count + 1, sizeof *list->times);
    job->last = list->time_count;
    list->times[list->time_count++] = ns;
    if ((job->last - job->first) % 2 == 0)
        job->cpu += ns;
    else
        job->io += ns;
}

void free_jobs(struct job_list *list)
{
    free(list->jobs);
    free(list->times);
    free(list->names);
}

/* ---- reading ---- */

struct source {
    const char *file;
    uint32_t line;
};

#define WRONG(s, format, ...) fail("%s:%u: " format, (s)->file, (unsigned)(s)->line, __VA_ARGS__)

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without blanks at both ends, in place. */
static char *trim(char *text)
{
    while (blank(*text))
        text++;
    size_t n = strlen(text);
    while (n > 0 && blank(text[n - 1]))
        text[--n] = '\0';
    return text;
}

/* Takes the next field off `*rest`, which is NULL after the last. */
static char *next_field(char **rest)
{
    char *field = *rest, *comma = strchr(field, ',');
    *rest = comma ? comma + 1 : NULL;
    if (comma)
        *comma = '\0';
    return trim(field);
}

static void check_name(const struct source *s, const char *name)
{
    if (*name == '\0')
        WRONG(s, "%s", "the job has no name");
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '"')
            WRONG(s, "%s", "the name has a quote or a control character in it");
}

static uint64_t time_field(const struct source *s, const char *what, char **rest)
{
    if (!*rest)
        WRONG(s, "the %s is missing", what);
    const char *text = next_field(rest);
    uint64_t ns = 0;
    const char *wrong = read_ms(text, &ns);
    if (wrong && *text)
        WRONG(s, "the %s %s: %.40s", what, wrong, text);
    if (wrong)
        WRONG(s, "the %s %s", what, wrong);
    return ns;
}

static void add_cpu_time(struct job_list *list, const struct source *s, char **rest)
{
    uint64_t ns = time_field(s, "CPU time", rest);
    if (ns == 0)
        WRONG(s, "%s", "the CPU time is 0: every burst computes for a while");
    add_time(list, ns);
}

static void read_line(struct job_list *list, const struct source *s, char *line)
{
    char *rest = line;
    char *name = next_field(&rest);
    check_name(s, name);
    uint64_t arrival = time_field(s, "arrival", &rest);
    if (list->count && arrival < list->jobs[list->count - 1].arrival)
        WRONG(s, "it arrives before the job of line %u: the list is in order of arrival",
              (unsigned)list->jobs[list->count - 1].line);
    add_job(list, name, strlen(name), arrival, s->line);
    add_cpu_time(list, s, &rest);
    while (rest) {
        add_time(list, time_field(s, "I/O time", &rest));
        if (!rest)
            WRONG(s, "%s", "the CPU time after the last I/O is missing");
        add_cpu_time(list, s, &rest);
    }
}

static uint64_t hash(const char *text)
{
    uint64_t h = 14695981039346656037ull; /* FNV-1a */
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211ull;
    return h ^ h >> 32;
}

/* The first job whose name an earlier one has, and that one; NULL: none. */
static const struct job *same_name(const struct job_list *list, const struct job **earlier)
{
    const struct job *found = NULL;
    size_t size = 16;
    while (size < list->count * 2)
        size *= 2;
    uint32_t *seen = calloc(size, sizeof *seen); /* a hash table, open addressing: number of the job, from 1 */
    if (!seen)
        fail("not enough memory for %zu jobs", list->count);
    for (size_t i = 0; i < list->count && !found; i++) {
        const char *name = job_name(list, &list->jobs[i]);
        size_t at = hash(name) & (size - 1);
        for (; seen[at] && !found; at = (at + 1) & (size - 1)) {
            *earlier = &list->jobs[seen[at] - 1];
            if (strcmp(job_name(list, *earlier), name) == 0)
                found = &list->jobs[i];
        }
        seen[at] = (uint32_t)i + 1;
    }
    free(seen);
    return found;
}

void read_jobs(struct job_list *list, FILE *in, const char *file)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    struct source s = {.file = file};
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, in)) >= 0) {
        char *text = line;
        if (++s.line == UINT32_MAX)
            WRONG(&s, "%s", "the list is too long");
        if (strlen(line) != (size_t)length)
            WRONG(&s, "%s", "there is a zero byte in the line");
        if (s.line == 1 && strncmp(text, byte_order_mark, sizeof byte_order_mark - 1) == 0)
            text += sizeof byte_order_mark - 1;
        text[strcspn(text, "#")] = '\0';
        if (*trim(text))
            read_line(list, &s, text);
    }
    if (ferror(in))
        fail("cannot read %s: %s", file, strerror(errno));
    free(line);
    if (list->count == 0)
        fail("%s:%u: no jobs in the list", file, (unsigned)s.line);
    const struct job *earlier = NULL, *later = same_name(list, &earlier);
    if (later) /* they could not be told apart in the timeline */
        fail("%s:%u: the job of line %u is called %s, too", file, (unsigned)later->line, (unsigned)earlier->line,
             job_name(list, later));
}

void print_jobs(const struct job_list *list, FILE *out)
{
    char text[MS_TEXT_SIZE];
    for (size_t i = 0; i < list->count; i++) {
        const struct job *job = &list->jobs[i];
        fprintf(out, "%s,%s", job_name(list, job), ms_text(text, job->arrival));
        for (size_t t = job->first; t <= job->last; t++)
            fprintf(out, ",%s", ms_text(text, list->times[t]));
        putc('\n', out);
    }
}
