"""What the tests use to boot Kinglet, to talk to it, and to build and run host programs.

tests/README.md shows how. Each guest is its own QEMU in its own process group, which dies with the test
runner. Time limits only detect hangs; no test asserts on the host's clock. Whatever a guest prints is
kept in build/test-output/<test>/ and shown when the test fails.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import machine  # noqa: E402

LIMIT = 60  # seconds: no guest is silent or busy for so long unless it hangs
TAIL = 80   # lines of output shown with a failure
PROMPT = re.compile(rb"\$ ")
CTRL_C, CTRL_D, CTRL_P = "\x03", "\x04", "\x10"


class GuestFailure(Exception):
    """A guest did not do what the test wants. The subclasses say in which way."""


class WrongAnswer(GuestFailure, AssertionError):
    """It ended in order, but with another status or output than expected."""


class GuestPanic(GuestFailure):
    """The kernel panicked."""


class GuestEnded(GuestFailure):
    """It ended (or QEMU did) although it was to go on."""


class GuestTimeout(GuestFailure):
    """What was waited for did not come in time, but the console still answers ^P."""


class GuestHang(GuestFailure):
    """What was waited for did not come in time, and the console is dead."""


class Result:
    """How a run ended: status, and what the guest printed (text, without the firmware's banner)."""

    def __init__(self, status, text, trace, log):
        self.status, self.text, self.trace, self.log = status, text, trace, log

    @property
    def lines(self):
        return self.text.splitlines()

    def values(self, name):
        """All numbers that follow `name=` or `name: ` in the output, in order."""
        return [int(v, 0) for v in re.findall(rf"\b{re.escape(name)}(?:=|:\s*)(-?(?:0x[0-9a-f]+|\d+))", self.text)]

    def value(self, name):
        found = self.values(name)
        if not found:
            raise WrongAnswer(f"no {name}= in the guest's output\n{tail(self.text, self.log)}")
        return found[-1]


def tail(text, log):
    lines = text.splitlines()
    cut = f"[the last {TAIL} of {len(lines)} lines]\n" if len(lines) > TAIL else ""
    return f"--- the guest's output, also in {os.path.relpath(log, ROOT)}:\n{cut}" + "\n".join(lines[-TAIL:])


class Guest:
    """A running guest. Use Kinglet.boot() and Kinglet.run() to make one."""

    def __init__(self, settings, log, debug):
        self.log = log
        self.trace_text = None
        self.debug = debug
        self.settings = settings
        self.output = bytearray()  # as it comes, under `changed`
        self.at = 0                # how far expect() has looked
        self.prompt_after = 0      # where command() looks for the shell's prompt
        self.changed = threading.Condition()
        self.ended = False
        banner = machine.Banner()
        command = settings.command(*machine.CONSOLE_PIPES)
        with open(log + ".command", "w") as record:
            print(*(f"'{word}'" if re.search(r"[^\w./:=,-]", word) else word for word in command), file=record)
        self.errors = open(log + ".stderr", "w+b")
        self.qemu = machine.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)

        def collect():
            with open(log, "wb") as kept:
                while True:
                    data = os.read(self.qemu.stdout.fileno(), 65536)
                    kept.write(data)
                    kept.flush()
                    with self.changed:
                        self.output += banner.feed(data) if data else banner.rest()
                        self.ended = not data
                        self.changed.notify_all()
                    if not data:
                        return
        self.collector = threading.Thread(target=collect, daemon=True)
        self.collector.start()

    @property
    def text(self):
        with self.changed:
            return self.output.decode(errors="replace").replace("\r\n", "\n")

    def _wait(self, ready, limit):
        """Waits until ready() is true or the guest has ended; False if neither happens in time."""
        deadline = time.monotonic() + limit
        with self.changed:
            while not ready() and not self.ended:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self.changed.wait(left)
            return True

    def _late(self, what):
        """The limit has passed: alive or dead? The console's ^P lists all processes if it is alive."""
        before = len(self.output)
        try:
            self.send(CTRL_P)
        except GuestEnded:
            pass
        self._wait(lambda: len(self.output) > before, 3)
        alive = len(self.output) > before
        time.sleep(0.5 if alive else 0)
        self.stop()
        kind = GuestTimeout if alive else GuestHang
        raise kind(f"{'timeout' if alive else 'hang'}: {what}\n{tail(self.text, self.log)}")

    def _fail(self, kind, what):
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip()
        raise kind(f"{what}{chr(10) if said else ''}{said}\n{tail(self.text, self.log)}")

    def send(self, text):
        """Types text on the console. A line ends with a newline."""
        try:
            self.qemu.stdin.write(text.encode())
            self.qemu.stdin.flush()
        except (BrokenPipeError, OSError):
            self._fail(GuestEnded, "the guest has ended; nothing can be typed")

    def expect(self, pattern, limit=LIMIT):
        """Waits for a regular expression in what came since the last match; gives the match (of str)."""
        # Byte for character, so that positions in the text are positions in the output.
        compiled = re.compile(pattern.encode().decode("latin-1"), re.MULTILINE)
        found = []

        def ready():
            found[:] = [compiled.search(self.output.decode("latin-1"), self.at)]
            return found[0]
        if not self._wait(ready, limit):
            self._late(f"no /{pattern}/ within {limit} s")
        if not found[0]:
            status = self._status()
            panic = status == machine.STATUS_PANIC
            self._fail(GuestPanic if panic else GuestEnded,
                       f"{'panic' if panic else f'the guest ended with status {status}'} before /{pattern}/ came")
        self.at = found[0].end()
        return found[0]

    def command(self, line, limit=LIMIT):
        """Types a line at the shell's prompt; gives (what was printed, its status)."""
        if not self._wait(lambda: PROMPT.search(self.output, self.prompt_after), limit):
            self._late(f"no prompt within {limit} s")
        start = self.at
        self.send(line + "; echo [$?]\n")
        match = self.expect(r"(^|\$ )\[\d+\]\r?\n", limit)
        self.prompt_after = self.at
        with self.changed:
            text = bytes(self.output[start:self.at]).decode(errors="replace").replace("\r\n", "\n")
        # Without prompt and echo of the line typed, and without the line of the status.
        return "\n".join(text.split("; echo [$?]")[-1].strip("\n").split("\n")[:-1]), int(match[0].strip("$ []\r\n"))

    def wait(self, status=0, limit=LIMIT):
        """Waits for the guest to end by itself; gives a Result. `status` None accepts any."""
        if not self._wait(lambda: False, limit):
            self._late(f"no end within {limit} s")
        ended_with = self._status()
        if ended_with == machine.STATUS_PANIC and status not in (None, ended_with):
            self._fail(GuestPanic, "the kernel panicked")
        if ended_with < 0:
            self._fail(GuestEnded, f"QEMU was ended by signal {-ended_with}")
        if status is not None and ended_with != status:
            self._fail(WrongAnswer, f"status {ended_with}, not {status}")
        return Result(ended_with, self.text, self._decode_trace(), self.log)

    def _status(self):
        self.collector.join(LIMIT)
        return self.qemu.wait()

    def _decode_trace(self):
        if not self.settings.trace_ram:
            return None
        import trace_dump
        import trace_file
        with open(self.log + ".trace", "w") as out:
            trace_dump.dump(trace_file.parse(self.settings.kernel, self.settings.trace_ram), out)
        with open(self.log + ".trace") as text:
            return text.read()

    def stop(self):
        """Ends the guest at once."""
        machine.stop(self.qemu)
        self.collector.join(10)
        for stream in (self.qemu.stdin, self.qemu.stdout):
            try:
                stream.close()
            except BrokenPipeError:
                pass  # something typed was never read
        self.errors.close()
        if self.settings.trace_ram and os.path.exists(self.settings.trace_ram):
            os.unlink(self.settings.trace_ram)


class Kinglet:
    """Boots guests for one test (fixture `kinglet`). Settings are those of make, see Kinglet.boot."""

    def __init__(self, name):
        self.output = os.path.join(ROOT, "build/test-output", re.sub(r"[^\w.-]+", "_", name).strip("_"))
        os.makedirs(self.output, exist_ok=True)
        for old in os.listdir(self.output):
            os.unlink(os.path.join(self.output, old))
        self.guests = []

    def boot(self, run=None, *, mem="128M", smp=1, icount=False, sched="", append="", debug=False,
             trace=False, port=False, strict=None, kernel=None, initrd="default"):
        """Starts a guest: to an interactive shell, or with `run` to a command after which it powers off.
        debug: the kernel with all checks. trace: Result.trace is the decoded trace. port: Guest.settings.trace_port
        is the file that the tracer wrote. initrd None: without."""
        log = os.path.join(self.output, f"{len(self.guests) + 1}.log")
        build = image(debug)
        settings = machine.Machine(
            kernel or f"{build}/kernel.elf", f"{build}/initrd.cpio" if initrd == "default" else initrd,
            mem=mem, smp=str(smp), icount="1" if icount else "", sched=sched, append=append, run=run,
            strict=strict, qemu=os.environ.get("QEMU", ""), trace_ram=log + ".ram" if trace else None,
            trace_port=log + ".port" if port else None)
        guest = Guest(settings, log, debug)
        self.guests.append(guest)
        return guest

    def run(self, command, *, status=0, limit=LIMIT, input=None, **settings):
        """Boots, runs a shell command, and waits for the end; gives a Result."""
        guest = self.boot(run=command, **settings)
        if input is not None:
            guest.send(input)
        try:
            return guest.wait(status, limit)
        finally:
            guest.stop()

    def stop_all(self):
        for guest in self.guests:
            if guest.qemu.poll() is None or not guest.errors.closed:
                guest.stop()


def image(debug=False):
    """The folder of the image that make has built for the tests."""
    name = "KINGLET_DEBUG_BUILD" if debug else "KINGLET_BUILD"
    if name not in os.environ:
        os.environ[name] = make("-s", "show-build", "DEBUG=1" if debug else "DEBUG=").stdout.strip()
    return os.path.join(ROOT, os.environ[name])


def make(*arguments, limit=300, input="", **environment):
    """Runs make in the repository, as a user would; gives subprocess' result with text, never raises."""
    env = {name: value for name, value in os.environ.items() if name not in
           ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CMD", "MEM", "SMP", "SCHED", "EXTRA", "APPEND", "ICOUNT", "DEBUG",
            "TIMEOUT", "TRACE", "TESTS", "V")}
    process = machine.start(["make", *arguments], cwd=ROOT, env={**env, **environment}, text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(input, timeout=limit)
    except subprocess.TimeoutExpired:
        raise GuestHang(f"make {' '.join(arguments)}: no end within {limit} s") from None
    finally:
        machine.stop(process)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


HOST_FLAGS = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fno-omit-frame-pointer",
              "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def host_compile(*arguments):
    """Runs this machine's C compiler with the sanitizers; gives its complaint, or None."""
    compilers = [os.environ.get("HOST_CC"), "gcc", "cc", "clang"]
    compiler = next((name for name in compilers if name and shutil.which(name)), "gcc")
    done = subprocess.run([compiler, *HOST_FLAGS, *arguments], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=LIMIT)
    return done.stdout or f"status {done.returncode}" if done.returncode else None


def host_program(name, *sources, flags=()):
    """Compiles pure code for this machine under AddressSanitizer and UBSan; gives the program's path."""
    path = os.path.join(ROOT, "build/host", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}"
    complaint = host_compile("-Ilib/common/include", *flags, *sources, "-o", temporary)
    if complaint:
        raise WrongAnswer(f"{name} does not compile for the host:\n{complaint}")
    os.replace(temporary, path)
    return path


def run_host(program, *arguments, limit=LIMIT, input=None, **environment):
    """Runs a host program; its output, or WrongAnswer with it when it fails."""
    done = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", input=input, timeout=limit, preexec_fn=machine.die_with_parent,
                          env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1", **environment})
    if done.returncode:
        raise WrongAnswer(f"{os.path.basename(program)} ended with {done.returncode}:\n{done.stdout[-8000:]}")
    return done.stdout
