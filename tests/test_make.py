"""What make promises to its users: commands, variables, statuses, and one clear line for each failure."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import machine
import pytest
from kinglet import LIMIT, ROOT, image, make


def run(command, *more, **environment):
    return make("run", f"CMD={command}", *more, **environment)


def test_help_names_every_command():
    text = make("help").stdout
    with open(os.path.join(ROOT, "Makefile")) as makefile:
        names = re.search(r"^\.PHONY: (.*)$", makefile.read(), re.MULTILINE)[1].split()
    inner = {"FORCE", "debug-image", "show-build", "show-image", "image", "help"}
    for name in set(names) - inner | {"compile_commands.json"}:
        assert f"make {name} " in text, f"make help does not name {name}"
    assert len(text.splitlines()) <= 48, "the page does not fit a screen"
    assert max(map(len, text.splitlines())) <= 100


def test_help_names_every_variable():
    text = make("help").stdout
    for name in "MEM SMP SCHED EXTRA APPEND ICOUNT DEBUG CMD TIMEOUT TRACE OUT CROSS QEMU PYTHON V TESTS".split():
        assert re.search(rf"\b{name}=", text), f"make help does not name {name}="


@pytest.mark.parametrize("setting, said", [
    ("MEM=abc", "MEM=abc"), ("MEM=1M", "MEM=1M"), ("SMP=0", "SMP=0"), ("SMP=two", "SMP=two"),
    ("TIMEOUT=never", "TIMEOUT=never"), ("ICOUNT=maybe", "ICOUNT=maybe"), ("CMD=", "CMD="),
])
def test_wrong_variable_is_named(setting, said):
    result = make("run", *(["CMD=true"] if not setting.startswith("CMD") else []), setting)
    assert result.returncode == machine.STATUS_BAD_OPTION
    assert [line for line in result.stderr.splitlines() if said in line and line.startswith("run: bad option:")]


def test_missing_extra_is_named():
    result = run("true", "EXTRA=no/such/file.c")
    assert result.returncode != 0
    assert "EXTRA: no such C file: no/such/file.c" in result.stderr


def test_missing_qemu_is_named():
    result = run("true", "QEMU=/no/such/qemu")
    assert result.returncode == machine.STATUS_NO_QEMU
    assert "/no/such/qemu" in result.stderr


def test_qemu_that_does_not_start():
    result = run("true", "QEMU=false")
    assert result.returncode == machine.STATUS_NO_QEMU
    assert "QEMU did not start" in result.stderr


@pytest.mark.parametrize("command, status", [
    ("true", 0), ("false", 1), ("exit 42", 42), ("false; true", 0), ("no-such-program", 127),
    ("sleep 100 & kill $!; wait $!", None),
])
def test_status_is_the_last_commands(command, status):
    result = run(command)
    assert status is None or result.returncode == status, result.stdout + result.stderr


def test_demo_runs_a_program_of_the_folder():
    """Like make run, with all its variables; behind the name there may be arguments."""
    result = make("demo", "NAME=daemon_child", "SMP=2")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "daemonic processes are not allowed to have children" in result.stdout
    assert "2 harts" in result.stdout
    assert make("demo", "NAME=run_jobs no-job").returncode == 1


def test_demos_are_listed_without_a_name_or_with_a_wrong_one():
    result = make("demo")
    assert result.returncode == machine.STATUS_BAD_OPTION
    listed = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert sorted(listed) == sorted(path.stem for path in Path(ROOT, "user/demo").glob("*.c"))
    assert listed["zombie_orphan"].startswith("zombies and orphans")
    assert max(map(len, result.stdout.splitlines())) <= 120
    assert re.search(r"^run: bad option: NAME= is empty", result.stderr, re.MULTILINE)
    wrong = make("demo", "NAME=no-such-demo")
    assert (wrong.returncode, wrong.stdout) == (result.returncode, result.stdout)
    assert re.search(r"^run: bad option: NAME=no-such-demo: no such demo$", wrong.stderr, re.MULTILINE)


def test_a_name_in_the_environment_is_no_demo():
    result = make("demo", NAME="my-computer")
    assert "NAME= is empty" in result.stderr


def test_quoting_reaches_the_guest():
    result = run("""echo "a  b" 'c"d' \\\\e $?""")
    assert result.returncode == 0
    assert 'a  b c"d \\e 0' in result.stdout


def test_input_reaches_the_guest(kinglet):
    result = subprocess.run(
        [sys.executable, "tools/run.py", "run", f"--kernel={image()}/kernel.elf",
         f"--initrd={image()}/initrd.cpio", "--command=cat", "--timeout=60"],
        cwd=ROOT, input="first line\nlast line\n", text=True, capture_output=True, timeout=2 * LIMIT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("last line") >= 1


def test_hang_is_ended_and_named():
    result = run("sleep 1000", "TIMEOUT=5")
    assert result.returncode == machine.STATUS_HANG
    assert "run: hang: no end within 5 s" in result.stderr
    assert "sleep" in result.stdout  # the list of processes that ^P gave


def test_panic_has_a_status_and_symbols():
    result = run("true", "APPEND=test=panic")
    assert result.returncode == machine.STATUS_PANIC
    assert "run: panic:" in result.stderr
    assert "panic" in result.stdout
    assert re.search(r"\w+\+0x[0-9a-f]+", result.stdout), "no backtrace with symbols:\n" + result.stdout


@pytest.mark.parametrize("option", ["no-such-option=1", "levels=99", "sched=nonsense", "slice=abc"])
def test_bad_kernel_option(option):
    result = run("true", f"APPEND={option}")
    assert result.returncode == machine.STATUS_BAD_OPTION, result.stdout + result.stderr
    assert option.split("=")[0] in result.stdout
    assert "run: bad option:" in result.stderr


def test_bad_kernel_option_without_strict(kinglet):
    result = kinglet.run("true", append="no-such-option=1", strict=False)
    assert "no-such-option" in result.text


def test_missing_initrd(kinglet):
    result = kinglet.run("true", initrd=None, status=machine.STATUS_UNFIT)
    assert "initrd" in result.text


def test_too_little_memory(kinglet):
    result = kinglet.run("true", mem="20M", status=machine.STATUS_UNFIT)
    assert "memory" in result.text


def test_icount_repeats(kinglet):
    first, second = (kinglet.run("uptime; ps; time true", icount=True).text for _ in range(2))
    assert first == second


def test_extra_program(tmp_path):
    (tmp_path / "hello-extra.c").write_text(
        '#include <stdio.h>\nint main(int argc, char **argv)\n'
        '{ printf("extra %d %s\\n", argc, argv[1]); return 7; }\n')
    result = run("hello-extra word", f"EXTRA={tmp_path}/hello-extra.c")
    assert result.returncode == 7, result.stdout + result.stderr
    assert "extra 2 word" in result.stdout


NATIVE = '#include <stdio.h>\nint main(void) { puts("native"); return 0; }\n'
XV6 = '#include "kernel/types.h"\n#include "user/user.h"\nint main(void) { printf("xv6\\n"); exit(0); }\n'


def test_extra_takes_patterns_and_files_given_twice(tmp_path):
    for name in "one.c", "two.c":
        (tmp_path / name).write_text(NATIVE)
    result = run("one && two", f"EXTRA={tmp_path}/*.c {tmp_path}/one.c")
    assert result.returncode == 0, result.stdout + result.stderr
    result = run("true", f"EXTRA={tmp_path}/three*.c")
    assert f"EXTRA: no such C file: {tmp_path}/three*.c" in result.stderr


def test_extra_programs_of_one_name_are_named(tmp_path):
    (tmp_path / "xv6").mkdir()
    for name, text in ("one.c", NATIVE), ("two.c", NATIVE), ("xv6/two.c", XV6):
        (tmp_path / name).write_text(text)
    result = run("true", f"EXTRA={tmp_path}/one.c {tmp_path}/two.c {tmp_path}/xv6/two.c")
    assert result.returncode != 0
    assert ("EXTRA: a program is named after its file, and two would be named two; "
            f"rename one of: {tmp_path}/two.c {tmp_path}/xv6/two.c.") in result.stderr


@pytest.mark.parametrize("name", ["bin", "test", "README", "console"])
def test_xv6_program_by_a_name_that_the_root_has_is_named(tmp_path, name):
    (tmp_path / f"{name}.c").write_text(XV6)
    result = run("true", f"EXTRA={tmp_path}/{name}.c")
    assert result.returncode != 0
    assert (f"EXTRA: xv6 programs go into /, where something else is named {name}; "
            f"rename {tmp_path}/{name}.c.") in result.stderr


def test_a_native_program_is_not_hidden_by_kinglets_own_in_the_root(tmp_path):
    """With an xv6 program there are further names in / for programs of /bin; they are yours if those are."""
    (tmp_path / "wc.c").write_text(NATIVE)
    (tmp_path / "other.c").write_text(XV6)
    result = run("cd /tmp; wc </dev/null; /wc </dev/null", f"EXTRA={tmp_path}/wc.c {tmp_path}/other.c")
    assert result.stdout.splitlines()[-2:] == ["native", "native"], result.stdout + result.stderr


def test_trace_is_written(tmp_path):
    result = run("true", f"TRACE={tmp_path}/trace.txt", "ICOUNT=1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "switch_in" in (tmp_path / "trace.txt").read_text()


def test_qemu_dies_with_its_runner():
    runner = machine.start(
        [sys.executable, "tools/run.py", "run", f"--kernel={image()}/kernel.elf",
         f"--initrd={image()}/initrd.cpio", "--command=echo up; sleep 1000", "--timeout=60"],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        while b"up" not in runner.stdout.readline():
            assert runner.poll() is None
        children = Path(f"/proc/{runner.pid}/task/{runner.pid}/children").read_text().split()
        assert children
        os.kill(runner.pid, signal.SIGKILL)
        deadline = time.monotonic() + LIMIT
        while any(os.path.exists(f"/proc/{pid}/exe") for pid in children):
            assert time.monotonic() < deadline, "QEMU outlived its runner"
            time.sleep(0.05)
    finally:
        machine.stop(runner)
        runner.stdout.close()


@pytest.mark.skipif(subprocess.run(["tools/setup", "--check", "gdb"], cwd=ROOT, capture_output=True).returncode != 0,
                    reason="no gdb for RISC-V")
def test_gdb_knows_kernel_and_programs():
    result = make("gdb", input="break sys_fork\ncontinue\nbacktrace\nkinglet-user init\ninfo line main\n"
                               "kinglet-console\nkill\nquit\n")
    assert re.search(r"#0 .*sys_fork.*kernel/sys/", result.stdout), result.stdout + result.stderr
    assert "user/servers/init" in result.stdout
    assert "Kinglet:" in result.stdout


def test_console_is_interactive(kinglet):
    guest = kinglet.boot()
    assert guest.command("echo hello") == ("hello", 0)
    assert guest.command("false")[1] == 1
    guest.send("poweroff\n")
    guest.wait(status=0)
