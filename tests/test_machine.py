"""Machines: those that Kinglet runs on, and the one clear line on those that it does not."""

import os
import re
import struct
import subprocess
import threading

import machine
import pytest

from kinglet import LIMIT, image

HELLO = r"^Kinglet: hart \d+, device tree at 0x[0-9a-f]+$"
REFUSES = r"^(?:Kinglet cannot run on this machine: .+|init: this machine has no .+)\r?$"


def says_why(result, *words):
    """The firmware's messages, the first line, and one line that says why. Nothing else, and the status."""
    assert result.status == machine.STATUS_UNFIT
    lines = [line for line in result.lines if line.strip()]
    assert re.match(HELLO, lines[0]), lines
    why = [line for line in lines[1:] if not re.match(r"Kinglet: \d+ MiB free", line)]
    assert len(why) == 1, lines
    for word in words:
        assert word in why[0]


# ---- sizes ----

@pytest.mark.parametrize("mem", ["32M", "33M", "64M", "1G", "4G"])
def test_memory_sizes(kinglet, mem):
    result = kinglet.run("ls / | wc -l; cat /bin/sh >/tmp/x; wc -c </tmp/x; seq 1 100 | tail -1; free; echo done",
                         mem=mem)
    assert re.match(HELLO, result.lines[0])
    assert "100" in result.lines and result.lines[-1] == "done"
    total = int(re.search(r"^KiB +(\d+)", result.text, re.MULTILINE)[1])
    asked = machine.memory_bytes(mem) >> 10
    assert asked - 8192 - asked // 128 <= total <= asked, "all memory is used, but for a few bytes a frame"


def test_a_file_as_large_as_most_of_memory(kinglet):
    double = "cat /tmp/a /tmp/a /tmp/a /tmp/a >/tmp/b; mv /tmp/b /tmp/a; "
    result = kinglet.run("cat /bin/sh >/tmp/a; " + 4 * double + "wc -c </tmp/a; wc -c </bin/sh; rm /tmp/a; free",
                         mem="64M")
    sizes = [int(line) for line in result.lines if line.isdigit()]
    assert sizes[0] == sizes[1] * 4 ** 4


@pytest.mark.parametrize("mem", ["20M", "24M", "31M"])
def test_too_little_memory(kinglet, mem):
    says_why(kinglet.run("true", mem=mem, status=None), "memory", mem[:-1])


# ---- harts ----

def test_any_boot_hart(kinglet):
    """OpenSBI lets any hart boot; it is not ours to choose, so several boots are looked at."""
    harts = set()
    for i in range(6):
        result = kinglet.run("ps | wc -l; echo fine", smp=4, debug=i % 2 == 1)
        assert result.lines[-1] == "fine"
        harts.add(re.match(r"Kinglet: hart (\d+)", result.lines[0])[1])
    assert harts <= {"0", "1", "2", "3"}


@pytest.mark.parametrize("smp", [2, 8, 9])
def test_more_harts_than_are_used(kinglet, smp):
    result = kinglet.run("echo fine", smp=smp, mem="256M")
    assert result.lines[-1] == "fine"


# ---- the initrd ----

def newc(*files):
    """A cpio archive of (name, contents)."""
    out = b""
    for name, data in (*files, ("TRAILER!!!", b"")):
        header = [1, 0o100755, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        entry = b"070701" + b"".join(b"%08x" % n for n in header) + name.encode() + b"\0"
        entry += b"\0" * (-len(entry) % 4) + data
        out += entry + b"\0" * (-len(entry) % 4)
    return out


def elf(machine_number=243, flags=5):
    """A program of one page that is not even code."""
    header = b"\x7fELF\2\1\1" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, machine_number, 1, 0x10000, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, flags, 0, 0x10000, 0x10000, 4096, 4096, 4096)
    return (header + segment).ljust(4096, b"\0")


BAD_INITRDS = {
    "empty": b"",
    "one byte": b"0",
    "garbage": bytes(range(256)) * 64,
    "zeros": bytes(100000),
    "no init": newc(("bin/sh", b"x"), ("sbin", b"")),
    "nothing in it": newc(),
    "init is empty": newc(("sbin/init", b"")),
    "init is no program": newc(("sbin/init", b"#!/bin/sh\n" * 500)),
    "init is cut short": newc(("sbin/init", elf()[:3000])),
    "init is for another machine": newc(("sbin/init", elf(machine_number=62))),
    "init is writable code": newc(("sbin/init", elf(flags=7))),
    "cut short": newc(("README", b"text" * 1000), ("sbin/init", elf()))[:-4200],
    "a name without end": newc(("x", b"")).replace(b"00000002", b"7fffffff", 1),
    "a size without end": newc(("x", b"y")).replace(b"00000001", b"ffffffff"),
}


@pytest.mark.parametrize("content", BAD_INITRDS.values(), ids=BAD_INITRDS)
def test_unfit_initrd(kinglet, tmp_path, content):
    path = tmp_path / "initrd"
    path.write_bytes(content)
    says_why(kinglet.run("true", initrd=str(path), status=None), "init")


def test_missing_initrd(kinglet):
    says_why(kinglet.run("true", initrd=None, status=None), "initrd")


def test_init_that_fails(kinglet, tmp_path):
    """A program that is no init, but runs: the system says that it ended, and does not hang."""
    path = tmp_path / "initrd"
    path.write_bytes(newc(("sbin/init", elf())))
    result = kinglet.run("true", initrd=str(path), status=None)
    assert result.status == machine.STATUS_PANIC
    assert re.search(r"^init ended .*signal 4", result.text, re.MULTILINE)


# ---- unknown machines ----

def run_on(kinglet, model, *arguments):
    """The kernel on another model of machine, or on virt with other options: what it said, and the status
    (None on other models, which cannot be switched off)."""
    settings = machine.Machine(f"{image()}/kernel.elf", f"{image()}/initrd.cpio", run="echo it runs")
    command = settings.command(*machine.CONSOLE_PIPES)
    command[command.index("-machine") + 1] = model
    text = b""
    with open(os.path.join(kinglet.output, "1.log"), "wb") as log:
        process = machine.start([*command, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        stopper = threading.Timer(LIMIT, machine.stop, [process])
        stopper.start()
        try:
            over = False
            while not over and (data := os.read(process.stdout.fileno(), 65536)):
                log.write(data)
                text += data
                over = not model.startswith("virt") and re.search(REFUSES.encode(), text, re.MULTILINE)
            status = None if over else process.wait()
        finally:
            stopper.cancel()
            machine.stop(process)
            process.stdout.close()
    return text.decode(errors="replace").replace("\r\n", "\n"), status


def model_exists(name):
    listed = subprocess.run(["qemu-system-riscv64", "-machine", "help"], capture_output=True, text=True)
    return re.search(rf"^{name} ", listed.stdout, re.MULTILINE) is not None


@pytest.mark.parametrize("model, arguments", [
    ("virt,aclint=on", []), ("virt", ["-cpu", "rv64,sstc=off"]), ("virt", ["-device", "virtio-rng-device"]),
    ("virt,aia=aplic", []), ("virt,aia=aplic-imsic", []), ("virt", ["-cpu", "rv64,f=off,d=off"]),
    ("sifive_u", ["-smp", "2"]), ("spike", []),
], ids=lambda value: " ".join(value) if isinstance(value, list) else value)
def test_other_machines_run_or_say_why_not(kinglet, model, arguments):
    if not model_exists(model.split(",")[0]):
        pytest.skip("this QEMU does not have it")
    text, status = run_on(kinglet, model, *arguments)
    if "OpenSBI" not in text:
        pytest.skip((text.splitlines() or ["no firmware that speaks"])[0])
    assert re.search(HELLO, text, re.MULTILINE), text
    runs = re.search(r"^it runs$", text, re.MULTILINE)
    refuses = re.findall(REFUSES, text, re.MULTILINE)
    assert runs or len(refuses) == 1, text
    if model.startswith("virt"):  # the others have no way to end QEMU with a status
        assert status == (0 if runs else machine.STATUS_UNFIT)


# ---- options ----

BAD_OPTIONS = {
    "no-such-option": "no-such-option", "no-such-option=1": "no-such-option", "=": '""', "sched=": "sched",
    "sched=nonsense": "sched", "slice=": "slice", "slice=5x": "slice", "slice=0": "slice",
    "slice=1,2,3,4,5,6,7,8,9": "slice", "slice=-5ms": "slice", "slice=99999999999999999999s": "slice",
    "levels=0": "levels", "levels=9": "levels", "levels=": "levels", "levels=4x": "levels",
    "boost=soon": "boost", "loglevel=loud": "loglevel", "trace=perhaps": "trace", "test=nothing": "test",
    "session=none": "session", 'run="not closed': '"', "STRICT": "STRICT", "run2=x": "run2",
    " ".join(["loglevel=info"] * 40): "too many", "x" * 3000: "xxx",
}


@pytest.mark.parametrize("option, named", BAD_OPTIONS.items(), ids=[option[:24] for option in BAD_OPTIONS])
def test_bad_options_are_named(kinglet, option, named):
    # Without strict: a warning, and the boot goes on (where the option does not take "run" with it).
    if named not in ('"', "too many"):
        result = kinglet.run("echo it 'runs'", append=option, strict=False)
        assert result.lines[-1] == "it runs"
        assert [line for line in result.lines if line.startswith("kernel option") and named in line], result.lines
    # With strict, as make run has it: the end of the run.
    result = kinglet.run("echo it 'runs'", append=option, status=None)
    assert result.status == machine.STATUS_BAD_OPTION
    assert "it runs" not in result.lines
    assert [line for line in result.lines if "option" in line and named in line], result.lines


@pytest.mark.parametrize("option", [
    "slice=2ms", "slice=1ms,2ms,3ms", "levels=1", "levels=8", "boost=0", "boost=100ms", "loglevel=debug", "trace=ready",
    "session=own", "sched=rr", "sched=mlfq levels=2 slice=500us boost=1s",
])
def test_good_options_say_nothing(kinglet, option):
    assert not [line for line in kinglet.run("echo it 'runs'", append=option).lines if "option" in line]
