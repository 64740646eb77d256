"""The QEMU machine that Kinglet runs on: its settings, its command line, its start and its end.

Used by tools/run.py (make qemu, run, gdb) and by the tests; no other file builds a QEMU command line.
Settings are texts as the user gave them; Machine() checks them and raises BadSetting.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys

RAM_BASE = 0x80000000  # of QEMU's virt machine; the firmware comes first, then the kernel
KERNEL_LOADED = 0x80200000

STATUS_PANIC = 121
STATUS_BAD_OPTION = 122
STATUS_UNFIT = 123
STATUS_HANG = 124
STATUS_NO_QEMU = 125

# The last line of OpenSBI's banner; what follows is the kernel's.
BANNER_END = re.compile(rb"^Boot HART MEDELEG[^\n]*\n", re.MULTILINE)
MAX_HARTS = 512  # of QEMU's virt machine
SMALLEST = 20 << 20  # below this QEMU cannot even place firmware, kernel and initrd


class BadSetting(Exception):
    """A variable has a value that makes no sense; the text is one line for the user."""


class CannotStart(Exception):
    """QEMU is not there or does not start."""


def yes_or_no(name, text):
    if text.lower() in ("", "0", "n", "no", "off", "false"):
        return False
    if text.lower() in ("1", "y", "yes", "on", "true"):
        return True
    raise BadSetting(f"{name}={text}: neither 0 nor 1")


def memory_bytes(text):
    found = re.fullmatch(r"([1-9][0-9]{0,8})([KMG]?)(i?B)?", text, re.IGNORECASE)
    if not found:
        raise BadSetting(f"MEM={text}: no size of memory (examples: 64M, 1G)")
    # As QEMU has it, a bare number is in mebibytes.
    size = int(found[1]) << {"": 20, "K": 10, "M": 20, "G": 30}[found[2].upper()]
    if size < SMALLEST:
        raise BadSetting(f"MEM={text}: too small to load anything (32M is the least that is meant to work)")
    return size


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e7:
        raise BadSetting(f"TIMEOUT={text}: no number of seconds above 0")
    return value


class Machine:
    """One machine with its image. `run` is the command for the guest's shell (None: interactive);
    `trace_ram` a file that holds the guest's memory, for the trace to be read from afterwards; `trace_port` a
    file that the guest's tracer writes the trace to as it goes."""

    def __init__(self, kernel, initrd, mem="128M", smp="1", icount="", sched="", append="", run=None,
                 strict=None, qemu="", trace_ram=None, trace_port=None):
        self.kernel, self.initrd = kernel, initrd
        self.memory = memory_bytes(mem)
        if not re.fullmatch("[0-9]{1,4}", smp) or not 1 <= int(smp) <= MAX_HARTS:
            raise BadSetting(f"SMP={smp}: no number of harts from 1 to {MAX_HARTS}")
        self.harts = int(smp)
        self.icount = yes_or_no("ICOUNT", icount)
        if re.search(r'[\s"]', sched):
            raise BadSetting(f"SCHED={sched}: no name of a policy")
        self.sched, self.append, self.run = sched, append, run
        self.strict = strict if strict is not None else run is not None
        self.trace_ram, self.trace_port = trace_ram, trace_port
        self.qemu = shutil.which(qemu or "qemu-system-riscv64")
        if not self.qemu:
            raise CannotStart(f"no QEMU: {qemu or 'qemu-system-riscv64'} is not there (tools/setup installs it)")

    def bootargs(self):
        """The kernel's command line."""
        words = []
        if self.strict:  # first: what follows may swallow what comes behind it
            words.append("strict")
        if self.sched:
            words.append(f"sched={self.sched}")
        if self.trace_ram or self.trace_port:
            words.append("trace=on")
        if self.trace_port:
            words.append("tracer")
        if self.append:
            words.append(self.append)
        if self.run is not None:
            quoted = self.run.replace("\\", "\\\\").replace('"', '\\"')
            words.append(f'run="{quoted}"')
        return " ".join(words)

    def command(self, *console):
        """QEMU's argument list; `console` says where the guest's serial line goes."""
        machine = "virt"
        memory = ["-m", f"{self.memory >> 10}K"]
        if self.trace_ram:
            machine += ",memory-backend=ram"
            memory += ["-object", f"memory-backend-file,id=ram,share=on,size={self.memory}"
                       f",mem-path={self.trace_ram.replace(',', ',,')}"]
        port = []
        if self.trace_port:
            # Devices as virtio 1 has them: user/servers/tracer/port.c. Without more ports, port 0 is a console.
            port = ["-global", "virtio-mmio.force-legacy=false",
                    "-chardev", f"file,id=trace,path={self.trace_port.replace(',', ',,')}",
                    "-device", "virtio-serial-device,max_ports=1", "-device", "virtconsole,chardev=trace"]
        return [self.qemu, "-nodefaults", "-display", "none", "-machine", machine, *memory, *port,
                "-smp", str(self.harts), "-bios", "default", "-kernel", self.kernel,
                # A person who types reboot wants the machine back; a run of a command is over.
                *(["-no-reboot"] if self.run is not None else []),
                *(["-initrd", self.initrd] if self.initrd else []), "-append", self.bootargs(),
                # A run that can be repeated needs the same chance each time: the device tree's rng-seed.
                *(["-icount", "shift=3,sleep=off", "-seed", "1"] if self.icount else []), *console]


# The guest's serial line on QEMU's standard input and output, and nothing else there.
CONSOLE_PIPES = ("-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console")
# The same for a person at a terminal, with QEMU's own keys behind Ctrl-A.
CONSOLE_TERMINAL = ("-serial", "mon:stdio")


def log_instructions(qemu, path):
    """Arguments with which QEMU writes a line to `path` for each instruction before it executes it. Not for
    the firmware's: it is most of what a short run executes."""
    usage = subprocess.run([qemu, "--help"], stdout=subprocess.PIPE, text=True).stdout
    one_at_a_time = ["-singlestep"] if "-singlestep" in usage else ["-accel", "tcg,one-insn-per-tb=on"]
    return ["-d", "exec,nochain", "-D", path, *one_at_a_time,
            "-dfilter", f"0..{RAM_BASE - 1:#x},{KERNEL_LOADED:#x}..{2 ** 64 - 1:#x}"]


def die_with_parent():
    """In the child before QEMU starts: it ends when its starter does, however that ends (Linux)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def start(command, **streams):
    """Starts QEMU in a process group (and session) of its own; stop() ends it."""
    try:
        return subprocess.Popen(command, start_new_session=True, preexec_fn=die_with_parent, **streams)
    except OSError as error:
        raise CannotStart(f"{command[0]}: {error.strerror}") from None


def stop(process):
    """Ends QEMU and what it started. Does nothing to one that has ended."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


class Banner:
    """Takes the firmware's messages off the front of the guest's output; feed() returns the rest.
    Output that does not begin as OpenSBI's is passed on whole."""

    def __init__(self, show=False):
        self.held = None if show else b""

    def feed(self, data):
        if self.held is None:
            return data
        self.held += data
        end = BANNER_END.search(self.held)
        if end:
            data, self.held = self.held[end.end():], None
            return data.lstrip(b"\r\n")
        begin = self.held.lstrip(b"\r\n")[:7]
        if begin == b"OpenSBI"[:len(begin)]:
            return b""
        return self.rest()

    def rest(self):
        """What is still held back: at the end of a run that never got past the firmware."""
        data, self.held = self.held or b"", None
        return data
