/*
 * What the system did since the last look: shares and rates. Called by main.c.
 */
#include "top.h"

#include <errno.h>
#include <stdlib.h>

#define TOOL "top"
#define USAGE ""
#include "../tool.h"

#define BATCH 64

static void must(int result, const char *what)
{
    if (result < 0) {
        errno = -result;
        tool_error(what);
        exit(1);
    }
}

static void list_tasks(struct sample *s)
{
    static struct proc_info list[BATCH];
    int n, first = 0;
    s->count = 0;
    uint64_t seen = clock_ns();
    for (; (n = process_list(first, list, BATCH)) > 0; seen = clock_ns()) {
        uint64_t until = clock_ns();
        if (s->count + (size_t)n > s->room) {
            s->room = (s->count + (size_t)n) * 2;
            s->tasks = tool_memory(reallocarray(s->tasks, s->room, sizeof *s->tasks));
        }
        for (int i = 0; i < n; i++) {
            s->tasks[s->count++] = (struct task){.info = list[i], .seen_ns = seen, .until_ns = until};
        }
        first = list[n - 1].pid + 1;
    }
    must(n, "the list of processes");
}

static int compare_pids(const void *a, const void *b)
{
    const struct task *x = a, *y = b;
    return (x->info.pid > y->info.pid) - (x->info.pid < y->info.pid);
}

/* What it was at the last look; NULL: it is new, though its pid may not be. `before` is sorted by pid. */
static const struct task *earlier(const struct sample *before, const struct task *task)
{
    const struct task *found = before->count > 0
        ? bsearch(task, before->tasks, before->count, sizeof *task, compare_pids) : NULL;
    return found != NULL && found->info.start_ns == task->info.start_ns ? found : NULL;
}

/* Processes run while the list is made: each has an interval of its own, from just before it was looked at the last time
 * to just after it was now, so that none has more than all of it, however long the host stopped us in between. */
static void compare_tasks(struct sample *now, const struct sample *before)
{
    for (size_t i = 0; i < now->count; i++) {
        struct task *task = &now->tasks[i];
        const struct task *old = earlier(before, task);
        uint64_t since = old != NULL ? old->seen_ns : task->info.start_ns;
        task->ran_ns = task->info.cpu_ns - (old != NULL ? old->info.cpu_ns : 0);
        task->over_ns = task->until_ns > since ? task->until_ns - since : 0;
    }
}

static void compare_harts(struct sample *now, const struct sample *before)
{
    for (int i = 0; i < SYSTEM_MAX_HARTS; i++) {
        const struct hart_info *hart = &now->system.hart[i], *old = &before->system.hart[i];
        uint64_t idle = hart->idle_ns - old->idle_ns;
        now->busy_ns[i] = idle < now->interval_ns ? now->interval_ns - idle : 0;
    }
    now->switches = now->system.switches - before->system.switches;
}

void sample_take(struct sample *now, const struct sample *before)
{
    must(system_info(&now->system), "the system's numbers");
    must(sched_get(&now->sched), "the scheduler's numbers");
    list_tasks(now);
    now->interval_ns = now->system.uptime_ns - before->system.uptime_ns;
    if (before->count > 0) {
        qsort(before->tasks, before->count, sizeof *before->tasks, compare_pids);
    }
    compare_tasks(now, before);
    compare_harts(now, before);
}

unsigned task_share(const struct task *task)
{
    return task->over_ns > 0 ? (unsigned)((task->ran_ns * 1000 + task->over_ns / 2) / task->over_ns) : 0;
}

static enum sorting sorting_now;

static int compare_tasks_shown(const void *a, const void *b)
{
    const struct task *x = a, *y = b;
    uint64_t left = 0, right = 0;
    switch (sorting_now) {
    case SORT_SHARE:
        left = task_share(x);
        right = task_share(y);
        break;
    case SORT_MEMORY:
        left = x->info.pages;
        right = y->info.pages;
        break;
    default:
        break;
    }
    if (left == right && sorting_now != SORT_PID) {
        left = x->info.cpu_ns;
        right = y->info.cpu_ns;
    }
    return left != right ? (left < right ? 1 : -1) : compare_pids(a, b);
}

void sample_sort(struct sample *sample, enum sorting sorting)
{
    sorting_now = sorting;
    if (sample->count > 0) {
        qsort(sample->tasks, sample->count, sizeof *sample->tasks, compare_tasks_shown);
    }
}
