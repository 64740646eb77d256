/*
 * Jobs: see job.h. Called by fork, exit, sbrk, exec (charges), by kill and by the shell's setjob.
 * One lock for all of it: LOCK_JOB.
 */
#include "proc/job.h"

#include "mem/cache.h"
#include "mem/frame.h"

#include <kinglet/errno.h>

struct spinlock job_lock;
static struct cache job_cache = CACHE("job", struct job);
static struct list jobs;
static struct job *root;
static int32_t last_id;

void jobs_init(void)
{
    spin_init(&job_lock, "jobs", LOCK_JOB);
    list_init(&jobs);
}

uint64_t job_count(void)
{
    return cache_live(&job_cache);
}

/* job_lock is held, here and in all that is static below. */
static struct job *create(struct job *parent)
{
    struct job *job = cache_alloc(&job_cache);
    if (!job)
        return NULL;
    do
        last_id = last_id == INT32_MAX ? 1 : last_id + 1; /* never negative: kill takes -job */
    while (job_find(last_id));
    job->id = last_id;
    job->parent = parent;
    job->session = parent ? parent->session : job;
    job->depth = parent ? parent->depth + 1 : 0;
    job->max_processes = job->max_pages = UINT64_MAX;
    list_init(&job->members);
    list_push_back(&jobs, &job->all);
    if (parent)
        parent->refs++;
    return job;
}

void job_release(struct job *job)
{
    while (job && --job->refs == 0) {
        struct job *parent = job->parent;
        list_remove(&job->all);
        cache_free(&job_cache, job);
        job = parent;
    }
}

struct job *job_root(void)
{
    if (!root) {
        spin_lock(&job_lock);
        root = create(NULL);
        if (root)
            root->refs = 1; /* for good */
        spin_unlock(&job_lock);
    }
    return root;
}

struct job *job_find(int32_t id)
{
    struct list_node *node;
    list_for_each(node, &jobs) {
        struct job *job = list_entry(node, struct job, all);
        if (job->id == id)
            return job;
    }
    return NULL;
}

/* Room for one more process and `pages` in this job and all above it, up to but without `common`? */
static int charge(struct job *job, struct job *common, uint64_t processes, uint64_t pages)
{
    for (struct job *j = job; j != common; j = j->parent) {
        if (processes > j->max_processes - (j->processes < j->max_processes ? j->processes : j->max_processes))
            return -EAGAIN;
        if (pages > j->max_pages - (j->pages < j->max_pages ? j->pages : j->max_pages))
            return -ENOMEM;
    }
    for (struct job *j = job; j != common; j = j->parent) {
        j->processes += processes;
        j->pages += pages;
    }
    return 0;
}

static void discharge(struct job *job, struct job *common, uint64_t processes, uint64_t pages)
{
    for (struct job *j = job; j != common; j = j->parent) {
        j->processes -= processes;
        j->pages -= pages;
    }
}

static int adjust(struct job *job, int64_t pages)
{
    if (pages > 0)
        return charge(job, NULL, 0, (uint64_t)pages);
    discharge(job, NULL, 0, (uint64_t)-pages);
    return 0;
}

/* Has it been killed, or will it be, since job_kill is at work on its job? Then it makes no process and no thread. */
static bool doomed(const struct proc *p)
{
    if (atomic_load(&p->task.killed))
        return true;
    for (const struct job *job = p->job; job && p != init_proc; job = job->parent)
        if (job->ending)
            return true;
    return false;
}

static void link_member(struct job *job, struct proc *p)
{
    p->job = job;
    job->refs++;
    list_push_back(&job->members, &p->job_link.node);
}

int job_add(struct job *job, struct proc *p, uint64_t pages, struct proc *forker)
{
    spin_lock(&job_lock);
    /* kill walks the members in order and marks each before it goes on, so a forker that is not
     * marked yet puts its child in front of the walk. */
    if (forker)
        job = forker->job;
    int error = forker && doomed(forker) ? -EINTR : charge(job, NULL, 1, pages);
    if (!error) {
        link_member(job, p);
        p->job_pages = pages;
        p->job_processes = 1;
    }
    spin_unlock(&job_lock);
    return error;
}

void job_remove(struct proc *p)
{
    spin_lock(&job_lock);
    struct job *job = p->job;
    list_remove(&p->job_link.node);
    discharge(job, NULL, p->job_processes, p->job_pages);
    p->job = NULL;
    p->job_pages = p->job_processes = 0;
    job_release(job);
    spin_unlock(&job_lock);
}

int job_add_thread(struct proc *leader)
{
    spin_lock(&job_lock);
    int error = doomed(leader) ? -EINTR : charge(leader->job, NULL, 1, 0);
    leader->job_processes += !error;
    spin_unlock(&job_lock);
    return error;
}

void job_remove_thread(struct proc *leader)
{
    spin_lock(&job_lock);
    discharge(leader->job, NULL, 1, 0);
    leader->job_processes--;
    spin_unlock(&job_lock);
}

/* job_lock is held. */
static int pay(struct proc *p, uint64_t pages)
{
    if (pages < p->program_pages)
        pages = p->program_pages;
    int error = adjust(p->job, (int64_t)(pages - p->job_pages));
    if (!error)
        p->job_pages = pages;
    return error;
}

int job_expect(struct proc *p, uint64_t pages)
{
    spin_lock(&job_lock);
    int error = p->program_pages ? -EINTR : pages > p->job_pages ? pay(p, pages) : 0;
    if (!error)
        p->program_pages = pages;
    spin_unlock(&job_lock);
    return error;
}

void job_replace(struct proc *p, uint64_t pages)
{
    spin_lock(&job_lock);
    ASSERT(pages <= p->job_pages);
    discharge(p->job, NULL, 0, p->job_pages - pages);
    p->job_pages = pages;
    p->program_pages = 0;
    spin_unlock(&job_lock);
}

/* Of several threads that settle at once, the last sees what the others have changed: all change first. */
int job_settle(struct proc *p)
{
    spin_lock(&job_lock);
    int error = pay(p, __atomic_load_n(&p->space->committed, __ATOMIC_RELAXED));
    spin_unlock(&job_lock);
    return error;
}

struct job *job_pay(uint64_t pages)
{
    spin_lock(&job_lock);
    struct job *job = this_process()->job;
    if (charge(job, NULL, 0, pages))
        job = NULL;
    else
        job->refs++;
    spin_unlock(&job_lock);
    return job;
}

void job_repay(struct job *job, uint64_t pages)
{
    spin_lock(&job_lock);
    discharge(job, NULL, 0, pages);
    job_release(job);
    spin_unlock(&job_lock);
}

int job_adjust(struct job *job, int64_t delta)
{
    spin_lock(&job_lock);
    int error = adjust(job, delta);
    spin_unlock(&job_lock);
    return error;
}

static bool below(const struct job *job, const struct job *top)
{
    while (job && job != top)
        job = job->parent;
    return job != NULL;
}

struct job *job_next_below(const struct job *job, const struct job *top)
{
    for (struct list_node *node = job->all.next; node != &jobs.head; node = node->next)
        if (below(list_entry(node, struct job, all), top))
            return list_entry(node, struct job, all);
    return NULL;
}

bool job_may_kill(const struct proc *by, const struct job *job)
{
    return below(job, by->leader->job->session);
}

bool job_is_system(const struct proc *p)
{
    spin_lock(&job_lock);
    bool result = p->leader->job->session == root;
    spin_unlock(&job_lock);
    return result;
}

static int move(struct proc *p, struct job *to)
{
    struct job *from = p->job;
    struct job *common = from; /* what lies above both pays for the process already */
    while (!below(to, common))
        common = common->parent;
    int error = charge(to, common, p->job_processes, p->job_pages);
    if (error)
        return error;
    list_remove(&p->job_link.node);
    discharge(from, common, p->job_processes, p->job_pages);
    link_member(to, p);
    job_release(from);
    return 0;
}

/* A process may move itself and its children, to its own job, to one right below it, or to a new one; not
 * to one beside it, where other limits hold. `session`: the job heads one from now on. */
static int set_job(int32_t pid, int32_t id, bool session)
{
    struct proc *me = this_process();
    struct proc *p = pid ? proc_find(pid) : me;
    if (!p)
        return -ESRCH;
    spin_lock(&tree_lock);
    bool mine = p == me || p->parent == me;
    spin_lock(&job_lock);
    /* Nor does one that kill has passed move what it has not come to yet behind its back: see job_kill. */
    int result = -EINTR;
    if (atomic_load(&me->task.killed))
        goto out;
    result = -EPERM;
    if (!mine)
        goto out;
    result = -ESRCH;
    if (!p->job)
        goto out; /* it has ended and been reaped meanwhile */
    struct job *base = me->job;
    struct job *to = id ? job_find(id) : NULL;
    if (id && !to)
        goto out;
    result = -EPERM;
    if (to && to != p->job && to != base && to->parent != base)
        goto out;
    if (to && !below(to, base->session))
        goto out;
    result = -EAGAIN;
    if (!to) {
        if (base->depth >= JOB_DEPTH_MAX)
            goto out;
        to = create(base);
        result = -ENOMEM;
        if (!to)
            goto out;
    }
    to->refs++;
    result = to == p->job ? 0 : move(p, to);
    if (!result && session)
        to->session = to;
    if (!result)
        result = to->id;
    job_release(to); /* a new one that could not be moved to goes at once */
out:
    spin_unlock(&job_lock);
    spin_unlock(&tree_lock);
    if (pid)
        proc_put(p);
    return result;
}

int job_set(int32_t pid, int32_t id)
{
    return set_job(pid, id, false);
}

int job_new_session(void)
{
    return set_job(0, 0, true);
}

int job_of(int32_t pid)
{
    struct proc *p = pid ? proc_find(pid) : this_process();
    if (!p)
        return -ESRCH;
    spin_lock(&job_lock);
    int id = p->job ? p->job->id : -ESRCH;
    spin_unlock(&job_lock);
    if (pid)
        proc_put(p);
    return id;
}

/* One's own job and those below can be limited further; only a job above may raise a limit again. */
int job_limit(int32_t id, const struct job_limits *set, struct job_limits *old)
{
    struct proc *me = this_process();
    spin_lock(&job_lock);
    struct job *job = id ? job_find(id) : me->job;
    int result = -ESRCH;
    if (!job)
        goto out;
    if (old)
        *old = (struct job_limits){.max_processes = job->max_processes, .max_pages = job->max_pages};
    result = 0;
    if (!set)
        goto out;
    uint64_t processes = set->max_processes ? set->max_processes : job->max_processes;
    uint64_t pages = set->max_pages ? set->max_pages : job->max_pages;
    bool raises = processes > job->max_processes || pages > job->max_pages;
    result = -EPERM;
    if (!below(job, me->job) || (raises && job == me->job))
        goto out;
    job->max_processes = processes;
    job->max_pages = pages;
    result = 0;
out:
    spin_unlock(&job_lock);
    return result;
}
