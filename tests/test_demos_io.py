"""The four ways of input and output: what tells the demos apart in a trace."""

import re

import pytest

READ = 35
AGAIN = -11


class Story:
    """What a demo's main thread did, up to its end, and what its carriers did."""

    def __init__(self, trace, name):
        self.events = [(float(when), event, int(pid), rest) for when, event, pid, rest in re.findall(
            r"^([\d.]+) hart\d+ (\w+) pid=(\d+) name=\S+ ?(.*)$", trace, re.MULTILINE)]
        first_named = rf"^([\d.]+) hart\d+ name pid=(\d+) name={name[:16]}$"
        start, self.main = re.search(first_named, trace, re.MULTILINE).groups()
        start, self.main = float(start), int(self.main)
        self.events = [event for event in self.events if event[0] >= start]
        self.sources = [int(rest[6:]) for _, event, pid, rest in self.events
                        if event == "fork" and pid == self.main][:3]
        self.carriers = [int(rest[4:]) for _, event, pid, rest in self.events
                         if event == "thread" and pid == self.main]
        self.woken = [when for when, event, pid, _ in self.events if event == "wake" and pid in self.sources]

    def blocks(self, pid):
        """What a thread blocked for, in order; but for messages to the console, which are all alike."""
        return [rest[7:] for _, event, of, rest in self.events
                if event == "block" and of == pid and rest != "reason=call"]

    def vain_reads(self):
        mine = [(event, rest) for _, event, pid, rest in self.events if pid == self.main and "syscall" in event]
        return sum(a == ("syscall_enter", f"number={READ}") and b == ("syscall_leave", f"result={AGAIN}")
                   for a, b in zip(mine, mine[1:]))

    def ran(self, first, last):
        """How long the main thread ran between two times."""
        total, since = 0.0, None
        for when, event, pid, _ in self.events:
            if event == "switch_in" and pid == self.main:
                since = when
            elif event == "switch_out" and pid == self.main and since is not None:
                total += max(0.0, min(when, last) - max(since, first))
                since = None
        return total


ASKED_FOR = ["slow", "quick", "middle"]
ARRIVING = ["quick", "middle", "slow"]


def story(kinglet, name, words):
    """Of a run in which the words come in this order."""
    result = kinglet.run(name, icount=True, trace=True)
    assert [line for line in result.lines if line in words] == words
    told = Story(result.trace, name)
    assert len(told.sources) == 3 and len(told.woken) >= 3
    return told


def test_synchronous_blocking_sleeps_in_read(kinglet):
    """It is blocked in the slow one's read while the quick one has long written, and works when all is over."""
    told = story(kinglet, "io_sync_blocking", ASKED_FOR)
    assert told.blocks(told.main)[0] == "pipe_read"
    assert set(told.blocks(told.main)) <= {"pipe_read", "child"}
    assert told.vain_reads() == 0 and not told.carriers
    assert told.ran(told.woken[0], told.woken[2]) == 0, "not even when the quick one has written"


def test_synchronous_nonblocking_asks_again_and_again(kinglet):
    """It never sleeps before all is over, and most of its reads are in vain."""
    told = story(kinglet, "io_sync_nonblocking", ARRIVING)
    assert set(told.blocks(told.main)) <= {"child"}
    assert told.vain_reads() > 100 and not told.carriers
    assert told.ran(told.woken[0], told.woken[2]) > 0.9 * (told.woken[2] - told.woken[0])


def test_asynchronous_blocking_sleeps_in_poll(kinglet):
    """It sleeps in one place for all, is woken once for each word, and asks nobody in vain."""
    told = story(kinglet, "io_async_blocking", ARRIVING)
    assert [reason for reason in told.blocks(told.main) if reason != "child"] == ["poll"] * 3
    assert told.vain_reads() == 0 and not told.carriers
    assert 0 < told.ran(told.woken[0], told.woken[2]) < 0.1 * (told.woken[2] - told.woken[0])


def test_asynchronous_nonblocking_works_while_its_calls_are_under_way(kinglet):
    """The carriers sleep in the pipes, the main thread computes meanwhile; it sleeps when its work is done."""
    told = story(kinglet, "io_async_nonblocking", ARRIVING)
    assert len(told.carriers) == 3
    assert all(told.blocks(carrier) == ["pipe_read"] for carrier in told.carriers)
    assert set(told.blocks(told.main)) <= {"completion", "child"}
    asleep = max(when for when, event, pid, _ in told.events if event == "block" and pid in told.carriers)
    done = next(when for when, event, pid, rest in told.events
                if event == "block" and pid == told.main and rest == "reason=completion")
    assert done > asleep
    assert told.ran(asleep, done) > 0.9 * (done - asleep) > 10000, "it had the processor while they slept"


@pytest.mark.parametrize("policy", ("fcfs", "sjf"))
@pytest.mark.parametrize("way", ("sync_blocking", "sync_nonblocking", "async_blocking", "async_nonblocking"))
def test_all_four_end_when_nobody_is_taken_off_the_hart(kinglet, way, policy):
    result = kinglet.run(f"io_{way}", smp=1, sched=policy, icount=True)
    assert "and 5133 prime numbers up to 50000" in result.text
