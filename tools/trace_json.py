#!/usr/bin/env python3
"""The trace in Chrome's trace format, which https://ui.perfetto.dev and chrome://tracing open.

    trace_json.py TRACE.BIN >trace.json

Two groups of tracks. "harts": one track for each hart, with who has it. "processes": one track for each process, with its
states: running, ready, and blocked on what. Slices of one track follow one another and never overlap. An arrow leads from
who woke somebody to whom it woke; what else happened is an instant on its process's or hart's track.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import trace_file  # noqa: E402

HARTS, PROCESSES = 1, 2  # the groups, "pid" in Chrome's format; a track is a "tid"

# Records that become an instant, and on whose track.
ON_PROCESS = {"fork", "exec", "exit", "demote", "slice", "preempt", "steal", "migrate", "fault", "daemon_end", "predict", "thread"}
ON_HART = {"boost", "policy", "quantum", "boost_period", "interrupt", "lock_wait", "lost"}
STATE_AFTER = {"slice": "ready", "yield": "ready", "preempted": "ready", "block": "blocked", "handoff": "blocked",
               "exit": None}


class Track:
    """Slices one after the other: beginning one ends the one before."""

    def __init__(self, out, group, number):
        self.out, self.group, self.number = out, group, number
        self.open = None  # (name, begin, args)
        self.at = 0.0     # nothing goes before this

    def begin(self, us, name, args):
        self.end(us)
        self.open = (name, self.at, args)

    def end(self, us):
        """Clocks of harts may differ by a tick; a track's time does not go back."""
        self.at = max(self.at, us)
        if self.open:
            name, begin, args = self.open
            length = round(self.at - begin, 3)
            while begin + length > self.at:  # so that no reader finds an overlap by rounding
                length = round(length - 0.001, 3)
            self.out.append({"ph": "X", "name": name, "pid": self.group, "tid": self.number, "ts": begin,
                             "dur": max(length, 0), "args": args})
            self.open = None


class Process:
    def __init__(self, out, pid):
        self.track = Track(out, PROCESSES, pid)
        self.hart = None      # where it runs
        self.woken = False    # since it said that it blocks
        self.reason = "?"
        self.arrow = None     # from its waker, to be ended where it runs next

    def leave(self, us, cause, waits_for):
        state = STATE_AFTER.get(cause, "ready")
        self.hart = None
        if state == "blocked" and not self.woken:
            self.track.begin(us, f"blocked: {self.reason}", {"waits_for": waits_for} if waits_for else {})
        elif state:
            self.track.begin(us, "ready", {"cause": cause})
        else:
            self.track.end(us)


class Story:
    """Goes through the records in order of time."""

    def __init__(self):
        self.out = []
        self.harts, self.processes, self.names = {}, {}, {}
        self.arrows = 0

    def hart(self, number):
        return self.harts.setdefault(number, Track(self.out, HARTS, number))

    def process(self, pid):
        if pid not in self.processes:
            self.processes[pid] = Process(self.out, pid)
        return self.processes[pid]

    def instant(self, us, track, name, args):
        track.at = max(track.at, us)
        self.out.append({"ph": "i", "s": "t", "name": name, "pid": track.group, "tid": track.number, "ts": us,
                         "args": args})

    def arrow(self, us, track, phase, number):
        self.out.append({"ph": phase, "cat": "wake", "name": "wake", "id": number, "pid": track.group,
                         "tid": track.number, "ts": us, **({"bp": "e"} if phase == "f" else {})})

    def feed(self, e):
        us = round(e.us, 3)
        if e.pid and e.name != "-":
            self.names[e.pid] = e.name
        handler = getattr(self, "on_" + e.event, None)
        if handler:
            handler(e, us)
        if e.event in ON_HART:
            self.instant(us, self.hart(e.hart), e.event, e.args if not e.pid else {"pid": e.pid, **e.args})
        elif e.event in ON_PROCESS and e.pid:
            self.instant(us, self.process(e.pid).track, e.event, e.args)

    def on_switch_in(self, e, us):
        if not e.pid:
            self.hart(e.hart).end(us)
            return
        self.hart(e.hart).begin(us, f"{e.name} ({e.pid})", {"pid": e.pid, "level": e.args["level"]})
        process = self.process(e.pid)
        process.hart = e.hart
        process.track.begin(us, "running", {"hart": e.hart, "level": e.args["level"]})
        if process.arrow:
            self.arrow(process.track.at, process.track, "f", process.arrow)
            process.arrow = None

    def on_switch_out(self, e, us):
        self.hart(e.hart).end(us)
        if e.pid and self.process(e.pid).hart in (None, e.hart):  # else it runs elsewhere by now
            self.process(e.pid).leave(us, e.args["cause"], e.args["waits_for"])

    def on_block(self, e, us):
        process = self.process(e.pid)
        process.reason, process.woken = e.args["reason"], False

    def on_wake(self, e, us):
        process, by = self.process(e.pid), self.processes.get(e.args["by"])
        process.woken = True
        if process.hart is None:
            process.track.begin(us, "ready", {"woken_by": e.args["by"]})
        if by and by is not process and by.track.open:
            self.arrows += 1
            process.arrow = self.arrows
            self.arrow(us, by.track, "s", self.arrows)

    def on_enqueue(self, e, us):
        process = self.process(e.pid)
        if process.hart is None and not (process.track.open and process.track.open[0] == "ready"):
            process.track.begin(us, "ready", {"level": e.args["level"]})

    def on_exec(self, e, us):
        self.names.pop(e.pid, None)

    def on_lost(self, e, us):
        """Who ran on this hart since is not known."""
        self.hart(e.hart).end(us)
        for process in self.processes.values():
            if process.hart == e.hart:
                process.hart = None
                process.track.end(us)

    def end(self, us):
        for track in [*self.harts.values(), *(process.track for process in self.processes.values())]:
            track.end(us)

    def labels(self):
        def label(what, group, number, text, order):
            track = {"pid": group, "tid": number} if number is not None else {"pid": group}
            yield {"ph": "M", "name": f"{what}_name", **track, "args": {"name": text}}
            yield {"ph": "M", "name": f"{what}_sort_index", **track, "args": {"sort_index": order}}
        yield from label("process", HARTS, None, "harts", 1)
        yield from label("process", PROCESSES, None, "processes", 2)
        for number in self.harts:
            yield from label("thread", HARTS, number, f"hart {number}", number)
        for pid in self.processes:
            yield from label("thread", PROCESSES, pid, f"{self.names.get(pid, '?')} ({pid})", pid)


def chrome(trace):
    """The Trace as an object to be written as JSON."""
    story = Story()
    for record in trace:
        story.feed(record)
    if trace:
        story.end(round(trace[-1].us, 3))
    return {"displayTimeUnit": "ms", "otherData": {"dropped": sum(trace.dropped.values())},
            "traceEvents": [*story.labels(), *story.out]}


def write(trace, path):
    with open(path, "w") as out:
        # A line for each event: so that it can be looked at, and written piece by piece.
        whole = chrome(trace)
        events = whole.pop("traceEvents")
        out.write(json.dumps(whole)[:-1] + ', "traceEvents": [\n')
        out.write(",\n".join(json.dumps(event) for event in events))
        out.write("\n]}\n")


def main(arguments):
    if len(arguments) != 1:
        print("usage: trace_json.py TRACE.BIN >trace.json", file=sys.stderr)
        return 2
    try:
        write(trace_file.decode(trace_file.read(arguments[0])), "/dev/stdout")
    except BrokenPipeError:
        return 1
    except (trace_file.TraceError, OSError) as error:
        print(f"trace_json: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
