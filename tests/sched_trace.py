"""What the scheduler's tests use: a guest's trace as objects, and a model of the run queue to check it by.

Times are in ticks of the guest's clock (0.1 us); the tests say US, MS. Nothing here knows the host's clock.
"""

import os
import re

from kinglet import Kinglet

US, MS = 10, 10_000  # ticks
# How late the scheduler may act while a program computes: the way from the timer's trap to the switch,
# about 100 instructions a microsecond.
PROMPT = 20 * US
# How long any path in the kernel may keep the processor before it looks up.
KERNEL_PATH = 1 * MS

LINE = re.compile(r"(\d+)\.(\d) hart(\d+) (\w+) pid=(\d+) name=(\S+)((?: \w+=\S+)*)")


class Event:
    """One record: time in ticks, event, pid, name of the process, and the record's own values."""

    def __init__(self, line):
        found = LINE.fullmatch(line)
        assert found, f"not a line of a trace: {line!r}"
        whole, tenth, hart, self.event, pid, self.name, args = found.groups()
        self.time, self.hart, self.pid = int(whole) * 10 + int(tenth), int(hart), int(pid)
        self.args = {key: int(value) if re.fullmatch(r"-?\d+", value) else value
                     for key, value in (word.split("=", 1) for word in args.split())}
        self.line = line

    def __getattr__(self, key):
        try:
            return self.args[key]
        except KeyError:
            raise AttributeError(f"{self.line} has no {key}") from None

    def __repr__(self):
        return self.line


class Run:
    """A stretch of time for which a process had the processor."""

    def __init__(self, came, left):
        self.pid, self.name, self.level, self.start = came.pid, left.name, came.level, came.time
        self.end, self.cause = left.time, left.cause

    @property
    def ticks(self):
        return self.end - self.start

    def __repr__(self):
        return (f"<{self.name} at level {self.level}, {self.start / US:.1f} to {self.end / US:.1f} us, "
                f"{self.cause}>")


class Trace:
    def __init__(self, text):
        lines = text.splitlines()
        self.comments = [line for line in lines if line.startswith("#")]
        self.events = [Event(line) for line in lines if not line.startswith("#")]
        self.runs = list(self._runs())
        self.names = {e.pid: e.name for e in self.events if e.event == "name"}  # the last of each

    def _runs(self):
        came = None
        for e in self.events:
            if e.event == "switch_in":
                came = e
            elif e.event == "switch_out" and came:
                yield Run(came, e)

    def pid(self, name):
        """The only process that was called `name` in the end."""
        found = [pid for pid, last in self.names.items() if last == name]
        assert len(found) == 1, f"{len(found)} processes are called {name}"
        return found[0]

    def of(self, name, *events):
        """The records about one process, of these kinds."""
        pid = self.pid(name)
        return [e for e in self.events if e.pid == pid and e.event in events]

    def runs_of(self, *names):
        pids = {self.pid(name) for name in names}
        return [run for run in self.runs if run.pid in pids]

    def cpu(self, names, start, end):
        """Ticks of processor time of these processes between two times."""
        return sum(max(0, min(run.end, end) - max(run.start, start)) for run in self.runs_of(*names))

    def between(self, start, end, *events):
        return [e for e in self.events if start <= e.time <= end and e.event in events]

    def born(self, name):
        """When it was put on a run queue for the first time."""
        return self.of(name, "enqueue")[0].time

    def ended(self, name):
        return self.of(name, "exit")[-1].time

    def next_run(self, event):
        """The first run of the event's process after it."""
        return next(run for run in self.runs if run.pid == event.pid and run.start >= event.time)


def near(ticks, expected, slack=PROMPT):
    """As expected, but for what each switch costs before the trace shows it, and at most `slack` more."""
    return expected - PROMPT <= ticks <= expected + slack


def segments(events):
    """One hart's events as tools/schedsim writes them: (start, end, pid, level, why). Unlike a Run, a segment ends also
    when its process goes to the tail and is the first again, for which there is no switch."""
    why = {"exit": "done", "block": "io"}
    found = []
    pid = came = level = queued = slice_end = None
    for e in events:
        if e.event == "predict":
            continue  # it belongs to the enqueue before it
        if queued and e.event == "boost" and e.time == queued.time:
            level_next = 0
            continue
        if queued and e.event != "switch_out":
            found.append((came, queued.time, pid, level, "slice" if slice_end else "yield"))
            came, level, slice_end = queued.time, level_next, False
        queued = None
        if e.event == "switch_in":
            pid, came, level, slice_end = e.pid, e.time, e.level, False
        elif e.event == "switch_out" and came is not None:
            if pid != 0:
                found.append((came, e.time, pid, level, why.get(e.cause, e.cause)))
            pid = None
        elif e.event == "slice":
            slice_end = True
        elif e.event == "enqueue" and e.pid == pid:
            queued, level_next = e, e.level
    return found


class RunQueue:
    """What the rules say about one hart: fed with every record, it checks each decision of the kernel.
    `preempts`: whether better levels go first (MLFQ), or there is but one (RR)."""

    def __init__(self):
        self.levels = [[] for _ in range(8)]
        self.running = None
        self.switching = None  # the switch_out that the next switch_in belongs to
        self.handed = None     # the last handoff
        self.queued_self = None
        self.decisions = 0

    def best(self):
        return next((level for level, queue in enumerate(self.levels) if queue), 8)

    def put(self, e):
        for queue in self.levels:
            if e.pid in queue:
                queue.remove(e.pid)
        self.levels[e.level].append(e.pid)

    def take(self, e):
        best = self.best()
        first = best < 8 and self.levels[best][0] == e.pid
        assert first, f"{e}: not the first of the best level: {self.levels}"
        self.levels[best].pop(0)
        self.decisions += 1
        return best

    def feed(self, e):
        boost_with_it = self.queued_self and e.event == "boost" and e.time == self.queued_self.time
        if self.queued_self and e.event != "switch_out" and not boost_with_it:
            self.take(self.queued_self)  # it went to the tail and was the first again
            self.queued_self = None
        if e.event in ("wake", "enqueue"):
            self.put(e)
            if e.event == "enqueue" and e.pid == self.running:
                self.queued_self = e
        elif e.event == "boost":
            self.levels = [sum(self.levels, [])] + [[] for _ in range(7)]
        elif e.event == "policy":
            self.levels = [sum(self.levels, [])] + [[] for _ in range(7)]
        elif e.event == "handoff":
            self.handed = e
        elif e.event == "switch_out":
            assert self.switching is None, f"{e}: the second in a row"
            assert self.running in (None, e.pid), f"{e}, but {self.running} was running"
            self.switching, self.queued_self = e, None
        elif e.event == "switch_in":
            assert self.switching is not None, f"{e}: nobody was switched out"
            if self.switching.cause == "handoff":
                handed = self.handed.pid == self.switching.pid and self.handed.to == e.pid
                assert handed, f"{e}: after {self.handed}"
                assert self.best() >= e.level, f"{e}: handed on past {self.levels}"
                self.decisions += 1
            elif e.pid == 0:
                assert self.best() == 8, f"{e}: idle, with {self.levels} ready"
            else:
                assert self.take(e) == e.level, f"{e}: at another level than it was queued at"
            self.running, self.switching = e.pid, None


def boot(name, command, **settings):
    """Runs a command under icount with the trace on; gives (result, Trace)."""
    # Each of pytest's workers has guests, and logs, of its own.
    guests = Kinglet(f"{name}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    try:
        result = guests.run(command, icount=True, trace=True, **settings)
    finally:
        guests.stop_all()
    return result, Trace(result.trace)
