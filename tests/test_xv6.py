"""Programs written for xv6 (docs/xv6.md): built with EXTRA, they find what they rely on. The programs in
tests/xv6/ have named cases; each is a test here, on one hart and, where harts can matter, on four."""

import fcntl
import os
import re

import pytest

from inside import cases, verdict
from kinglet import CTRL_C, ROOT, make
from talk import PROMPT, shell, table

FOLDER = "tests/xv6"
PROGRAMS = ["proc", "execs", "names", "data", "space", "addr", "lib"]
# Measured in guest time, which only a run that counts instructions has.
TIMED = {"a_tick_is_100_ms_for_uptime_sleep_and_pause", "fifty_thousand_bad_execs_take_two_seconds_at_most"}


def built(*sources):
    """The initrd with these programs; pytest's workers build it one after the other."""
    extra = "EXTRA=" + " ".join(str(source) for source in sources)
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with open(os.path.join(ROOT, "build/xv6-tests.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = make("image", extra, "JOBS=2")
        assert done.returncode == 0, done.stderr
        return os.path.join(ROOT, make("-s", "show-image", extra).stdout.strip(), "initrd.cpio")


@pytest.fixture(scope="module")
def image():
    return built(*(f"{FOLDER}/{name}.c" for name in [*PROGRAMS, "own"]))


@pytest.mark.parametrize("program,case", [(p, c) for p in PROGRAMS for c in cases(p, FOLDER)])
def test_on_one_hart(kinglet, image, program, case):
    verdict(kinglet, program, case, command=program, initrd=image, icount=True)


@pytest.mark.parametrize("program,case", [(p, c) for p in ["proc", "execs", "names", "data", "space"]
                                          for c in cases(p, FOLDER) if c not in TIMED])
def test_on_four_harts(kinglet, image, program, case):
    verdict(kinglet, program, case, command=program, initrd=image, smp=4)


@pytest.mark.parametrize("program,case", [(p, c) for p in ["proc", "space", "addr"] for c in cases(p, FOLDER)])
def test_under_the_kernels_own_checks(kinglet, image, program, case):
    verdict(kinglet, program, case, command=program, initrd=image, icount=True, debug=True)


@pytest.mark.parametrize("smp", [1, 4])
def test_all_memory_is_back_with_the_machine(kinglet, image, smp):
    round = "proc >/dev/null; data >/dev/null; names >/dev/null; execs >/dev/null; sleep 3; free; "
    result = kinglet.run(round * 3, initrd=image, smp=smp, icount=smp == 1, limit=200)
    available = [int(line.split()[-1]) for line in result.lines if line.startswith("KiB")]
    assert len(available) == 3
    assert available[2] >= available[1], result.text


def test_a_program_with_functions_by_the_librarys_names_gets_its_own(kinglet, image):
    result = kinglet.run("own", initrd=image)
    assert result.lines[-2:] == ["my own printf: good", "and the library's fprintf"]


def test_init_starts_the_shell_again_and_again(kinglet, image):
    result = kinglet.run("/init & sleep 1", initrd=image, icount=True, input="echo one\n")
    assert "init: starting sh" in result.lines


def test_the_shell_finds_xv6_programs_by_name_before_its_own(kinglet, tmp_path):
    source = tmp_path / "wc.c"
    source.write_text('#include "user/user.h"\nint main(void) { printf("mine\\n"); return 3; }\n')
    image = built(source)
    result = kinglet.run("cd /tmp; wc", initrd=image, status=3)
    assert result.lines[-1] == "mine"
    result = kinglet.run("ls /; /bin/wc /README | wc", initrd=image, status=3)
    assert {"README", "console", "cat", "echo", "init", "sh", "wc"} <= set(result.lines)


def test_ctrl_c_ends_an_xv6_program_and_all_it_started(kinglet, tmp_path):
    source = tmp_path / "sleepers.c"
    source.write_text('#include "kernel/types.h"\n#include "user/user.h"\n'
                      'int main(void) { fork(); fork(); printf("asleep\\n"); for (;;) sleep(1000); }\n')
    guest = shell(kinglet, initrd=built(source))
    guest.send("sleepers | sleepers\n")
    for _ in range(4):  # of the second; the others' words go into the pipe
        guest.expect(r"asleep")
    guest.send(CTRL_C)
    guest.expect(PROMPT)
    assert {name for _, _, name in table(guest).values()} == {"init", "console", "ramfs", "sh"}


def test_xv6_and_native_programs_come_in_one_image(kinglet, tmp_path):
    (tmp_path / "user").mkdir()
    (tmp_path / "user/mine.h").write_text("#define WORD \"from my own header\"\n")
    old = tmp_path / "user/theirs.c"
    old.write_text('#include "kernel/types.h"\n  #  include "user/mine.h"\n#include "user/user.h"\n'
                   'int main(int argc, char *argv[]) { printf("%s: %s\\n", argv[0], WORD); exit(0); }\n')
    new = tmp_path / "ours.c"
    new.write_text('#include <stdio.h>\n// like #include "user/user.h"\nint main(void) { puts("native"); return 0; }\n')
    image = built(old, new)
    result = kinglet.run("theirs; ours; /theirs; /bin/ours", initrd=image)
    assert result.lines[-4:] == ["theirs: from my own header", "native", "/theirs: from my own header", "native"]


def test_without_xv6_programs_the_root_is_as_it_was(kinglet):
    result = kinglet.run("ls /; echo $PATH")
    assert not {"console", "cat", "echo", "init", "sh"} & set(result.lines)
    assert result.lines[-1] == "/bin:/demo:/test:/sbin"


def test_native_programs_keep_native_rules(kinglet, image):
    """Also when an xv6 program starts them: rules go with exec, the limit of processes stays."""
    long_name = "a-name-of-more-than-fourteen-bytes"
    result = kinglet.run(f"cd /tmp; touch {long_name}; ls; rm {long_name}; echo 'ls /tmp' >s; mkdir d; rm d; rmdir d; "
                         "sh s", initrd=image)
    assert long_name in result.lines
    assert any(re.search(r"rm: .*d.*director", line) for line in result.lines), result.text
