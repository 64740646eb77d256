"""Runs the programs of user/test and hands out what they said, case by case.

Such a program has named cases (user/test/check.h) and prints "name: ok" for each that went well. A program
runs once in a guest of its own for each set of settings; its cases are then tests of their own:

    from inside import cases, verdict

    @pytest.mark.parametrize("case", cases("pipe"))
    def test_pipe(kinglet, case):
        verdict(kinglet, "pipe", case)
"""

import fcntl
import json
import os
import re

from kinglet import ROOT, LIMIT, GuestFailure, WrongAnswer, tail

RUN_ID = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
KEPT = os.path.join(ROOT, "build/test-output/inside")


def cases(program, folder="user/test"):
    """The names of a program's cases, from its source."""
    with open(os.path.join(ROOT, folder, program + ".c")) as source:
        return re.findall(r"^    RUN\((\w+)\);", source.read(), re.MULTILINE)


def _run(kinglet, program, settings):
    try:
        result = kinglet.run(settings.pop("command", f"/test/{program}"), status=None,
                             limit=settings.pop("limit", 2 * LIMIT), **settings)
        return {"text": result.text, "log": result.log, "failure": None, "status": result.status}
    except GuestFailure as failure:
        guest = kinglet.guests[-1]
        return {"text": guest.text, "log": guest.log, "failure": str(failure), "status": None}


def output(kinglet, program, **settings):
    """What the program printed. The workers of one test run share what each of them has run."""
    os.makedirs(KEPT, exist_ok=True)
    name = re.sub(r"[^\w.-]+", "_", f"{program} {sorted(settings.items())}").strip("_")
    with open(os.path.join(KEPT, name), "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        try:
            kept = json.loads(file.read())
        except ValueError:
            kept = {}
        if kept.get("run") != RUN_ID:
            kept = {"run": RUN_ID, **_run(kinglet, program, settings)}
            file.truncate(0)
            file.write(json.dumps(kept))
    return kept


def verdict(kinglet, program, case, **settings):
    """Fails the test unless the case went well."""
    kept = output(kinglet, program, **settings)
    lines = kept["text"].splitlines()
    if f"{case}: ok" in lines:
        return
    if any(line.startswith(f"{case}: FAILED") for line in lines):
        raise WrongAnswer(f"{case} failed\n{tail(kept['text'], kept['log'])}")
    raise WrongAnswer(kept["failure"] or
                      f"{case} did not run (status {kept['status']})\n{tail(kept['text'], kept['log'])}")
