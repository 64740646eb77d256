/*
 * top's page: a summary, the harts, and a row for each process. Called by main.c. It is put together in
 * memory and written at once, so that the screen does not flicker.
 */
#include "top.h"

#include <common/utf8.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define TOOL "top"
#define USAGE ""
#include "../tool.h"

#define WIDE_COLUMNS 105 /* from here on there is room for all columns under their full names */
#define HARTS_A_LINE 4

static const struct page *page;
static struct {
    char *text;
    size_t used, room;
} out;
static struct {
    char text[512];
    size_t used;
} line;
static int rows;

/* ---- lines ---- */

static void __attribute__((format(printf, 1, 2))) put(const char *format, ...)
{
    va_list list;
    size_t room = sizeof line.text - line.used;
    va_start(list, format);
    int n = vsnprintf(line.text + line.used, room, format, list);
    va_end(list);
    line.used += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void append(const char *text, size_t n)
{
    if (out.used + n > out.room) {
        out.room = (out.used + n) * 2;
        out.text = tool_memory(realloc(out.text, out.room));
    }
    memcpy(out.text + out.used, text, n);
    out.used += n;
}

/* How many bytes of the line fit into a row of the screen; *full: they take all of it. */
static size_t fitting(bool *full)
{
    int columns = 0;
    size_t at = 0;
    while (page->columns > 0 && at < line.used) {
        size_t n = utf8_length(line.text + at, line.used - at);
        int wider = columns + utf8_columns(line.text + at, n);
        if (wider > page->columns) {
            break;
        }
        columns = wider;
        at += n;
    }
    *full = columns == page->columns;
    return page->columns > 0 ? at : line.used;
}

static void end_line(void)
{
    bool full;
    append(line.text, fitting(&full));
    /* Of a full row nothing older is left, and the cursor is still on its last column, which would be erased. */
    append("\033[K", page->screen && !full ? 3 : 0);
    append("\n", 1);
    line.used = 0;
    rows++;
}

/* Seconds in so many characters, as exact as they allow. */
static void put_seconds(uint64_t ns, int width)
{
    unsigned long long ms = ns / 1000000;
    int digits = 1;
    for (unsigned long long s = ms / 1000; s >= 10; s /= 10) {
        digits++;
    }
    int places = width - digits - 1 > 3 ? 3 : width - digits - 1;
    if (places < 1) {
        put("%*llu", width, ms / 1000);
    } else {
        unsigned unit = places == 3 ? 1 : places == 2 ? 10 : 100;
        put("%*llu.%0*llu", width - places - 1, ms / 1000, places, ms % 1000 / unit);
    }
}

/* ---- the head ---- */

static void show_summary(const struct sample *s)
{
    unsigned in_state[PROC_ZOMBIE + 1] = {0};
    unsigned long long up = s->system.uptime_ns / 100000000; /* tenths of a second */
    uint64_t ms = s->interval_ns / 1000000;
    for (size_t i = 0; i < s->count; i++) {
        in_state[s->tasks[i].info.state <= PROC_ZOMBIE ? s->tasks[i].info.state : PROC_BLOCKED]++;
    }
    put("up %llu:%02u:%02u.%u, %zu processes: %u running, %u ready, %u blocked", up / 36000, (unsigned)(up / 600 % 60),
        (unsigned)(up / 10 % 60), (unsigned)(up % 10), s->count, in_state[PROC_RUNNING], in_state[PROC_READY],
        in_state[PROC_BLOCKED]);
    if (in_state[PROC_ZOMBIE] > 0) {
        put(", %u zombie%s", in_state[PROC_ZOMBIE], in_state[PROC_ZOMBIE] > 1 ? "s" : "");
    }
    end_line();
    put("%s, load %llu, %llu switches/s", s->sched.policy, (unsigned long long)(s->system.load_milli / 1000),
        (unsigned long long)(ms > 0 ? s->switches * 1000 / ms : 0));
    put("; KiB: %llu of %llu free, %llu available", (unsigned long long)s->system.frames_free * 4,
        (unsigned long long)s->system.frames_total * 4, (unsigned long long)s->system.frames_available * 4);
    end_line();
}

static void show_harts(const struct sample *s)
{
    int shown = 0;
    for (int i = 0; i < SYSTEM_MAX_HARTS; i++) {
        if (!s->system.hart[i].online) {
            continue;
        }
        uint64_t share = s->interval_ns > 0 ? s->busy_ns[i] * 1000 / s->interval_ns : 0;
        put("%shart %d %3llu.%llu%% busy", shown % HARTS_A_LINE > 0 ? "   " : "", i,
            (unsigned long long)(share / 10), (unsigned long long)(share % 10));
        if (++shown % HARTS_A_LINE == 0) {
            end_line();
        }
    }
    if (shown % HARTS_A_LINE > 0) {
        end_line();
    }
}

/* ---- the table ---- */

static bool is_wide(void)
{
    return page->columns == 0 || page->columns >= WIDE_COLUMNS;
}

static unsigned levels(const struct sample *s)
{
    return s->sched.levels <= SCHED_MAX_LEVELS ? s->sched.levels : SCHED_MAX_LEVELS;
}

static void show_titles(const struct sample *s)
{
    if (is_wide()) {
        put("  PID  PPID   JOB STATE   LEVEL HART   %%CPU CPU-TIME WAITS-FOR REASON     ");
    } else {
        put("  PID   JOB STATE   L H  %%CPU   TIME WAITS-FOR ");
    }
    for (unsigned l = 0; l < levels(s); l++) {
        put(is_wide() ? "LEVEL%u " : "  L%u ", l);
    }
    put("NAME");
    end_line();
}

static void show_task(const struct sample *s, const struct task *task)
{
    static const char *const states[] = {
        [PROC_READY] = "READY",
        [PROC_RUNNING] = "RUNNING",
        [PROC_BLOCKED] = "BLOCKED",
        [PROC_ZOMBIE] = "ZOMBIE",
    };
    const struct proc_info *p = &task->info;
    const char *state = p->state <= PROC_ZOMBIE ? states[p->state] : "?";
    unsigned share = task_share(task);
    char waits_for[12] = "-";
    if (p->waits_for != 0) {
        snprintf(waits_for, sizeof waits_for, "%d", p->waits_for);
    }
    if (is_wide()) {
        put("%5d %5d %5d %-7s %5u %4u %4u.%u ", p->pid, p->ppid, p->job, state, p->level, p->hart, share / 10, share % 10);
        put_seconds(p->cpu_ns, 8);
        put(" %9s %-10s ", waits_for, p->reason[0] != '\0' ? p->reason : "-");
    } else {
        char reason[REASON_MAX + sizeof waits_for + 1];
        snprintf(reason, sizeof reason, "%s%s%s", p->reason[0] != '\0' ? p->reason : "-",
                 p->waits_for != 0 ? " " : "", p->waits_for != 0 ? waits_for : "");
        put("%5d %5d %-7s %u %u %3u.%u ", p->pid, p->job, state, p->level, p->hart, share / 10, share % 10);
        put_seconds(p->cpu_ns, 6);
        put(" %-9.9s ", reason);
    }
    for (unsigned l = 0; l < levels(s); l++) {
        put_seconds(p->cpu_ns_level[l], is_wide() ? 6 : 4);
        put(" ");
    }
    put("%s", p->name);
    end_line();
}

void show(const struct page *wanted, const struct sample *sample)
{
    page = wanted;
    out.used = line.used = 0;
    rows = 0;
    append("\033[H", page->screen ? 3 : 0);
    show_summary(sample);
    show_harts(sample);
    put("%s", page->note != NULL ? page->note : "");
    end_line();
    show_titles(sample);
    for (size_t i = 0; i < sample->count && (page->rows == 0 || rows < page->rows - 1); i++) {
        const struct task *task = &sample->tasks[i];
        if (!page->hide_idle || task->ran_ns > 0 || task->info.state != PROC_BLOCKED) {
            show_task(sample, task);
        }
    }
    append("\033[J", page->screen ? 3 : 0);
    fwrite(out.text, 1, out.used, stdout);
    fflush(stdout);
}
