"""Runs many short shell scripts in one guest, and tells for each what it printed and how it ended.

A file in tests/cases/ is a list of promises, each with a script and all that it prints:

    == a pipeline hands on what its left side prints      (the promise: the test's name)
    seq 3 | wc -l                                         (the script, run by `sh` in an empty directory)
    -- 0                                                  (its exit status)
    3                                                     (what it prints; a line that starts with ~
                                                           is a regular expression)

After each script the guest counts its kernel objects; what a script did not give back is found by finish().
"""

import fcntl
import fnmatch
import os
import re
import sys

import kinglet
from kinglet import ROOT, Kinglet, WrongAnswer

sys.path.insert(0, os.path.join(ROOT, "tools"))
from mkinitrd import Archive, S_IFDIR, S_IFREG  # noqa: E402

# What the guest runs. The marks are looked for at the start of a line; `echo` before them ends a line
# that a script left open.
DRIVER = """
for case in /cases/[0-9]*; do
    mkdir /tmp/here
    cd /tmp/here
    echo "@@start $case"
    sh $case
    status=$?
    cd /
    rm -rf /tmp/here
    echo
    echo "@@status $status"
    free -o
    echo "@@end"
done
"""


class Case:
    def __init__(self, promise, where):
        self.promise, self.where = promise, where
        self.script, self.status, self.output = "", None, []


class Outcome:
    def __init__(self, text, status, objects):
        self.text, self.status, self.objects = text, status, objects


def read_cases(pattern):
    """The promises of tests/cases/<pattern>.txt; with a * in it, of several files."""
    names = sorted(fnmatch.filter(os.listdir(os.path.join(ROOT, "tests/cases")), pattern + ".txt"))
    assert names, f"tests/cases/{pattern}.txt is not there"
    return [case for name in names for case in read_file(name.removesuffix(".txt"))]


def read_file(name):
    path = os.path.join(ROOT, "tests/cases", name + ".txt")
    cases = []
    with open(path) as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("== "):
                cases.append(Case(line[3:], f"tests/cases/{name}.txt:{number}"))
            elif not cases:
                continue  # what the file is about
            elif cases[-1].status is not None:
                cases[-1].output.append(line)
            elif re.fullmatch(r"-- \d+", line):
                cases[-1].status = int(line[3:])
            else:
                cases[-1].script += line + "\n"
    for case in cases:
        assert case.status is not None, f"{case.where}: no -- with a status"
        while case.output and not case.output[-1]:
            case.output.pop()  # empty lines between cases
    return cases


def initrd_with(files, path):
    """A copy of the image's initrd with further files (name: text); executable if they start with #!."""
    with open(os.path.join(kinglet.image(), "initrd.cpio"), "rb") as original:
        data = original.read()
    archive = Archive()
    archive.bytes = bytearray(data[:data.rindex(b"070701", 0, data.rindex(b"TRAILER!!!"))])
    archive.entries = 10000  # their numbers are not used again
    for folder in sorted({os.path.dirname(name) for name in files}):
        archive.add(folder, S_IFDIR | 0o755, nlink=2)
    for name, text in files.items():
        archive.add(name, S_IFREG | (0o755 if text.startswith("#!") else 0o644), text.encode())
    with open(path, "wb") as output:
        output.write(archive.finish())
    return path


class Group:
    """All cases of one file (or of several: read_cases), run in one guest, twice: what the first round leaves is a
    cache, what the second leaves is a leak. Under icount unless the settings say otherwise."""

    def __init__(self, pattern, **settings):
        self.cases = read_cases(pattern)
        settings = {"icount": True, **settings}
        self.exact = settings["icount"]
        name = re.sub(r"[^\w-]+", "_", "-".join([pattern, *(f"{key}={value}" for key, value in settings.items()
                                                            if key != "icount")]))
        self.log = os.path.join(ROOT, f"build/test-output/cases-{name}.txt")
        self.text = self.run(name, settings)
        self.rounds = [{}, {}]
        for number, text, status, objects in re.findall(
                r"^@@start /cases/(\d+)\n(.*?)\n?^@@status (\d+)\n(.*?)^@@end$", self.text,
                re.MULTILINE | re.DOTALL):
            where = self.cases[int(number)].where
            self.rounds[where in self.rounds[0]][where] = Outcome(
                text, int(status), dict(re.findall(r"^([a-z ]+[a-z]|KiB) +([\d ]+)$", objects, re.MULTILINE)))

    def run(self, name, settings):
        """What the guest prints. pytest's workers share one run: the first makes it, the others read it."""
        os.makedirs(os.path.dirname(self.log), exist_ok=True)
        this_run = f"{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}\n"
        with open(self.log, "a+") as shared:
            fcntl.flock(shared, fcntl.LOCK_EX)
            shared.seek(0)
            if shared.readline() != this_run:
                files = {f"cases/{i:03}": case.script for i, case in enumerate(self.cases)}
                files["cases/round"] = DRIVER
                machine = Kinglet(f"cases {name}")
                image = initrd_with(files, os.path.join(machine.output, "initrd.cpio"))
                try:
                    result = machine.run("sh /cases/round; sh /cases/round; true", initrd=image,
                                         limit=4 * kinglet.LIMIT, **settings)
                finally:
                    machine.stop_all()
                shared.truncate(0)
                shared.write(this_run + result.text)
                shared.seek(0)
                shared.readline()
            return shared.read()

    def check(self, case):
        """The test of one promise."""
        outcome = self.rounds[0].get(case.where)
        if not outcome:
            raise WrongAnswer(f"{case.where}: {case.promise}\n--- this script or one before it has ended the guest\n"
                              + kinglet.tail(self.text, self.log))
        lines = outcome.text.rstrip("\n").split("\n") if outcome.text.rstrip("\n") else []
        right = len(lines) == len(case.output) and all(
            re.fullmatch(wanted[1:], line) if wanted.startswith("~") else wanted == line
            for wanted, line in zip(case.output, lines))
        if not right or outcome.status != case.status:
            raise WrongAnswer("\n".join(
                [f"{case.where}: {case.promise}", "--- the script:", case.script.rstrip("\n"),
                 f"--- must print, with status {case.status}:", *case.output,
                 f"--- printed, with status {outcome.status}:", *lines]))

    def finish(self):
        """The last test of a group: all scripts ran, and everything they used came back."""
        first, second = ([*outcomes.values()] for outcomes in self.rounds)
        assert len(first) == len(second) == len(self.cases), "not all scripts ran"
        if not self.exact:
            return self.finish_roughly(first, second)
        missing = []
        before = first[-1].objects
        for case, outcome in zip(self.cases, second):
            for name, count in outcome.objects.items():
                if name != "KiB" and count != before[name]:
                    missing.append(f"{case.where}: {case.promise}: {name}: {before[name]} before, {count} after")
            before = outcome.objects
        assert missing == []
        # What is free and promised to nobody. (What is in use grows when a server touches a page it was promised.)
        available = [int(outcomes[-1].objects["KiB"].split()[4]) for outcomes in (first, second)]
        assert available[1] >= available[0], f"{available[0] - available[1]} KiB of memory did not come back"

    def finish_roughly(self, first, second):
        """With several harts at work, a server may not be done yet with closing what a script has left: of each
        round the best of its last counts tells."""
        for name in first[-1].objects:
            if name != "KiB":
                had, has = (min(int(outcome.objects[name]) for outcome in outcomes[-5:]) for outcomes in (first, second))
                assert has <= had, f"{name}: {had} after the first round, {has} after the second"
        had, has = (max(int(outcome.objects["KiB"].split()[4]) for outcome in outcomes[-5:])
                    for outcomes in (first, second))
        assert has >= had, f"{had - has} KiB of memory did not come back"
