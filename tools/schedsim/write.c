/*
 * What a person or a program reads: timeline and metrics, as CSV or as JSON. Segments are written as they come, so
 * that none need be kept; the metrics are in the jobs.
 */
#include "schedsim.h"

static void write_string(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        putc(*text, out);
    }
    putc('"', out);
}

/* ---- timeline ---- */

static void write_parameters(struct writer *w)
{
    const struct options *o = w->options;
    const struct sched_tuning *t = &o->tuning;
    char text[MS_TEXT_SIZE];
    fprintf(w->out, "\"policy\": \"%s\",\n\"parameters\": {\"levels\": %u, \"slices\": [", o->policy->name,
            (unsigned)t->levels);
    for (unsigned l = 0; l < t->levels; l++)
        fprintf(w->out, "%s%s", l ? ", " : "", ms_text(text, t->slice[l]));
    fprintf(w->out, "], \"boost\": %s", ms_text(text, t->boost));
    fprintf(w->out, ", \"keep_allotment\": %s", t->keep_allotment ? "true" : "false");
    fprintf(w->out, ", \"quantum\": %s", ms_text(text, t->quantum));
    fprintf(w->out, ", \"predict\": \"%s\", \"alpha\": %u.%06u", o->declared ? "declared" : "average",
            (unsigned)(t->alpha_ppm / ALPHA_ONE), (unsigned)(t->alpha_ppm % ALPHA_ONE));
    fprintf(w->out, ", \"first_guess\": %s", ms_text(text, t->first_guess));
    fprintf(w->out, ", \"preemptive\": %s", t->preemptive ? "true" : "false");
    fprintf(w->out, ", \"switch_cost\": %s}", ms_text(text, o->switch_cost));
}

void write_begin(struct writer *w)
{
    if (w->options->output == OUTPUT_TIMELINE) {
        fputs("start,end,hart,job,level,why\n", w->out);
    } else if (w->options->output == OUTPUT_JSON) {
        fputs("{\n", w->out);
        write_parameters(w);
        fputs(",\n\"timeline\": [", w->out);
    }
}

void write_segment(struct writer *w, const struct segment *s)
{
    char start_text[MS_TEXT_SIZE], end_text[MS_TEXT_SIZE];
    const char *start = ms_text(start_text, s->start), *end = ms_text(end_text, s->end);
    const char *name = job_name(w->list, s->job);
    if (w->options->output == OUTPUT_TIMELINE) {
        fprintf(w->out, "%s,%s,0,%s,%u,%s\n", start, end, name, s->level, why_text[s->why]);
    } else if (w->options->output == OUTPUT_JSON) {
        fprintf(w->out, "%s\n{\"start\": %s, \"end\": %s, \"hart\": 0, \"job\": ", w->any ? "," : "", start, end);
        write_string(w->out, name);
        fprintf(w->out, ", \"level\": %u, \"why\": \"%s\"}", s->level, why_text[s->why]);
    }
    w->any = true;
}

/* ---- metrics ---- */

enum metric { ARRIVAL, FIRST_RUN, COMPLETION, TURNAROUND, RESPONSE, WAITING, CPU, IO, METRICS };
static const char *const metric_name[METRICS] = {"arrival", "first_run", "completion", "turnaround",
                                                 "response", "waiting", "cpu", "io"};
#define MEANS_FROM TURNAROUND /* of points in time there is none */

static void metrics_of(const struct job *job, uint64_t value[METRICS])
{
    value[ARRIVAL] = job->arrival;
    value[FIRST_RUN] = job->first_run;
    value[COMPLETION] = job->completion;
    value[TURNAROUND] = job->completion - job->arrival;
    value[RESPONSE] = job->first_run - job->arrival;
    value[WAITING] = value[TURNAROUND] - job->cpu - job->io;
    value[CPU] = job->cpu;
    value[IO] = job->io;
}

static void means_of(const struct job_list *list, uint64_t mean[METRICS])
{
    unsigned __int128 sum[METRICS] = {0};
    for (size_t i = 0; i < list->count; i++) {
        uint64_t value[METRICS];
        metrics_of(&list->jobs[i], value);
        for (unsigned m = 0; m < METRICS; m++)
            sum[m] += value[m];
    }
    for (unsigned m = 0; m < METRICS; m++)
        mean[m] = (uint64_t)((sum[m] + list->count / 2) / list->count);
}

static void write_metrics_csv(struct writer *w)
{
    char text[MS_TEXT_SIZE];
    uint64_t value[METRICS];
    fputs("job", w->out);
    for (unsigned m = 0; m < METRICS; m++)
        fprintf(w->out, ",%s", metric_name[m]);
    putc('\n', w->out);
    for (size_t i = 0; i < w->list->count; i++) {
        metrics_of(&w->list->jobs[i], value);
        fputs(job_name(w->list, &w->list->jobs[i]), w->out);
        for (unsigned m = 0; m < METRICS; m++)
            fprintf(w->out, ",%s", ms_text(text, value[m]));
        putc('\n', w->out);
    }
    means_of(w->list, value);
    fputs("mean", w->out);
    for (unsigned m = 0; m < METRICS; m++)
        fprintf(w->out, ",%s", m < MEANS_FROM ? "" : ms_text(text, value[m]));
    putc('\n', w->out);
}

static void write_members(FILE *out, const uint64_t value[METRICS], unsigned from)
{
    char text[MS_TEXT_SIZE];
    for (unsigned m = from; m < METRICS; m++)
        fprintf(out, "%s\"%s\": %s", m == from ? "" : ", ", metric_name[m], ms_text(text, value[m]));
}

static void write_metrics_json(struct writer *w)
{
    uint64_t value[METRICS];
    fputs("\n],\n\"jobs\": [", w->out);
    for (size_t i = 0; i < w->list->count; i++) {
        metrics_of(&w->list->jobs[i], value);
        fprintf(w->out, "%s\n{\"job\": ", i ? "," : "");
        write_string(w->out, job_name(w->list, &w->list->jobs[i]));
        fputs(", ", w->out);
        write_members(w->out, value, 0);
        putc('}', w->out);
    }
    means_of(w->list, value);
    fputs("\n],\n\"means\": {", w->out);
    write_members(w->out, value, MEANS_FROM);
    fputs("}\n}\n", w->out);
}

void write_end(struct writer *w)
{
    if (w->options->output == OUTPUT_METRICS)
        write_metrics_csv(w);
    else if (w->options->output == OUTPUT_JSON)
        write_metrics_json(w);
}
