"""What docs/schedsim.md promises, written down a second time: an independent model of the simulator.

It shares no code and no structure with kernel/sched/ and tools/schedsim/: whole queues are visited, levels are
looked up in lists, boosts touch every job. Slow, and easy to check against the text. Times are integers (ns).
"""

from dataclasses import dataclass, field
from fractions import Fraction

MS = 1_000_000


@dataclass
class Rules:
    policy: str = "mlfq"
    levels: int = 4
    slices: list = field(default_factory=lambda: [5 * MS, 10 * MS, 20 * MS, 40 * MS])
    boost: int = 500 * MS
    keep_allotment: bool = True
    quantum: int = 10 * MS
    declared: bool = True
    alpha: Fraction = Fraction(1, 2)
    first_guess: int = 10 * MS
    preemptive: bool = False
    switch_cost: int = 0


class Job:
    def __init__(self, place, name, arrival, times):
        self.place, self.name, self.arrival, self.times = place, name, arrival, list(times)
        self.cpu, self.io = sum(times[::2]), sum(times[1::2])
        self.todo = list(times)  # CPU, I/O, CPU, ..., CPU; the first is what is left of the present burst
        self.level = 0           # MLFQ
        self.used = 0            # of the present slice
        self.burst = 0           # computed since the present burst began
        self.guess = None        # SJF: how long the present burst is predicted to be
        self.yielded = False     # and has not run since
        self.first_run = self.completion = None

    def until_it_blocks(self):
        """An I/O of no length is a yield and does not end a burst."""
        cpu = self.todo[::2]
        blocks = next((n for n, io in enumerate(self.todo[1::2]) if io > 0), len(cpu) - 1)
        return sum(cpu[:blocks + 1])


class Model:
    def __init__(self, jobs, rules):
        self.jobs, self.rules = jobs, rules
        self.to_come = list(jobs)
        self.away = []      # [time of return, job]
        self.queue = []     # everyone who is ready, in the order in which they came to the tail
        self.running = None
        self.starts = 0     # when the running job begins, or began, to compute
        self.begun = False
        self.level_at_start = 0
        self.last = None
        self.boosts = 0     # how many there have been
        self.segments = []  # (start, end, name, level, why)
        self.now = 0

    # ---- the policies ----

    def key(self, job):
        """The lowest goes first; of equals the one who came first."""
        if self.rules.policy == "mlfq":
            return job.level
        if self.rules.policy == "sjf":
            if job.yielded:
                return (1, 0)  # behind all the others
            whole = job.burst + job.until_it_blocks() if self.rules.declared else job.guess
            return (0, max(0, whole - job.burst) if self.rules.preemptive else whole)
        return 0

    def slice_left(self, job):
        if self.rules.policy == "mlfq":
            return self.rules.slices[job.level] - job.used
        if self.rules.policy == "rr":
            return self.rules.quantum - job.used
        return None

    def preemptive(self):
        return self.rules.policy == "mlfq" or self.rules.policy == "sjf" and self.rules.preemptive

    def slice_is_used(self, job):
        job.used = 0
        if self.rules.policy == "mlfq":
            job.level = min(job.level + 1, self.rules.levels - 1)

    def burst_is_over(self, job):
        if job.guess is not None:
            job.guess = self.rules.alpha * job.burst + (1 - self.rules.alpha) * job.guess
        job.burst = 0

    # ---- the parts of an instant ----

    def enter(self):
        coming = [job for job in self.to_come if job.arrival == self.now]
        back = [job for when, job in self.away if when == self.now]
        for job in coming:
            job.guess = Fraction(self.rules.first_guess)
        self.to_come = [job for job in self.to_come if job not in coming]
        self.away = [(when, job) for when, job in self.away if when != self.now]
        for job in sorted(coming + back, key=lambda job: job.place):
            self.queue.append(job)

    def leave(self):
        job = self.running
        if job is None or not self.begun:
            return
        used_up = self.slice_left(job) == 0
        if used_up:
            self.slice_is_used(job)
        if job.todo[0] > 0:
            if used_up:
                self.stop("slice")
                self.queue.append(job)
            return
        job.todo.pop(0)
        if not job.todo:
            job.completion = self.now
            self.stop("done")
            return
        io = job.todo.pop(0)
        if self.rules.policy == "rr":
            job.used = 0  # a fresh quantum after it has waited its turn
        if io == 0:
            self.stop("yield")
            job.yielded = True
            self.queue.append(job)
            return
        self.burst_is_over(job)
        if not self.rules.keep_allotment and self.rules.policy == "mlfq":
            job.used = 0
        self.away.append((self.now + io, job))
        self.stop("io")

    def boost(self):
        if self.rules.policy != "mlfq" or self.rules.boost == 0 or self.now == 0 or self.now % self.rules.boost:
            return
        self.queue.sort(key=lambda job: job.level)  # keeps the order within a level
        for job in self.jobs:
            job.level = job.used = 0

    def dispatch(self):
        if self.running is not None:
            if self.now < self.starts:
                return
            if not (self.preemptive() and any(self.key(job) < self.key(self.running) for job in self.queue)):
                self.begin()
                return
            job = self.running
            self.stop("preempted")
            self.queue.append(job)
        if not self.queue:
            return
        job = min(self.queue, key=self.key)  # of equals the first
        self.queue.remove(job)
        job.yielded = False
        self.running, self.begun = job, False
        self.starts = self.now + (self.rules.switch_cost if job is not self.last else 0)
        self.last = job
        if self.starts == self.now:
            self.begin()

    def begin(self):
        if self.begun:
            return
        self.begun = True
        self.level_at_start = self.running.level if self.rules.policy == "mlfq" else 0
        if self.running.first_run is None:
            self.running.first_run = self.now

    def stop(self, why):
        if self.begun:
            self.segments.append((self.starts, self.now, self.running.name, self.level_at_start, why))
        self.running = None

    # ---- time ----

    def next_instant(self):
        times = [job.arrival for job in self.to_come[:1]] + [when for when, _ in self.away]
        if self.running is not None:
            if self.begun:
                left = [self.running.todo[0], self.slice_left(self.running)]
                times.append(self.now + min(one for one in left if one is not None))
            else:
                times.append(self.starts)
        if self.rules.boost:  # also when nobody is there
            times.append((self.now // self.rules.boost + 1) * self.rules.boost)
        return min(times)

    def go_to(self, when):
        if self.running is not None and self.begun:
            passed = when - self.now
            self.running.todo[0] -= passed
            self.running.used += passed
            self.running.burst += passed
        self.now = when

    def run(self):
        self.now = 0
        while True:
            self.enter()
            self.leave()
            self.boost()
            self.dispatch()
            if all(job.completion is not None for job in self.jobs):
                return self.segments
            self.go_to(self.next_instant())


def simulate(jobs, rules):
    """jobs: [(name, arrival, [cpu, io, cpu, ...])] -> ([(start, end, name, level, why)], the jobs)."""
    made = [Job(place, *job) for place, job in enumerate(jobs)]
    return Model(made, rules).run(), made
