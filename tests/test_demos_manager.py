"""What the lock of the demo manager_scoreboard is good for; what the demo prints is in tests/cases/demos_manager.txt."""

import re

from kinglet import ROOT, make


def test_its_lock_is_what_keeps_the_points(tmp_path):
    """What the demo's comment says. When each player pauses between get and set, points are lost without the lock."""
    with open(f"{ROOT}/user/demo/manager_scoreboard.c") as file:
        text, pauses = re.subn(r"now \+= points;", r"\g<0> usleep(100);", file.read())
    without, locks = re.subn(r"mp_manager_lock_(acquire|release)\(&lock(, -1)?\)", "nothing()", text)
    assert pauses == 1 and locks == 2
    for name, source in ("locked", text), ("unlocked", without):
        (tmp_path / f"{name}.c").write_text("#include <unistd.h>\nstatic inline int nothing(void) { return 0; }\n" + source)
    result = make("run", f"EXTRA={tmp_path}/locked.c {tmp_path}/unlocked.c", "CMD=locked; unlocked", "SMP=4")
    assert result.returncode == 0, result.stderr
    locked, unlocked = (int(points) for points in re.findall(r"^all together +(\d+)$", result.stdout, re.MULTILINE))
    assert locked == 5100
    assert unlocked < 5100
