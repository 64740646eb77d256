#!/usr/bin/env python3
"""Boots the image for make qemu, make run, make demo, make trace and make gdb.

    run.py qemu|run|demo|trace|gdb --kernel=… --initrd=… [--mem= --smp= --icount= --sched= --append= --qemu=]
           [--command=…] [--demo=…] [--timeout=…] [--trace=FILE] [--out=DIR] [--verbose=1]

`run`, `demo` and `trace` exit with the guest's status, or with one of those in machine.py and a line that says why.
QEMU never outlives this program, and the terminal is left as it was found.
"""

import argparse
import os
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import demos  # noqa: E402
import machine  # noqa: E402
import trace_dump  # noqa: E402
import trace_file  # noqa: E402
import trace_json  # noqa: E402
import trace_page  # noqa: E402
from machine import BadSetting, CannotStart, Machine  # noqa: E402

EXPLAINED = {
    machine.STATUS_PANIC: "panic: the kernel panicked",
    machine.STATUS_BAD_OPTION: "bad option: the guest did not accept a kernel option",
    machine.STATUS_UNFIT: "unfit machine: the kernel cannot work on this machine",
}
CTRL_D, CTRL_P = b"\x04", b"\x10"


def tell(text):
    sys.stdout.flush()
    print(f"run: {text}", file=sys.stderr, flush=True)


class Terminal:
    """Standard input as a source for the guest's console, key by key if it is a terminal that is ours."""

    def __init__(self):
        self.saved = None
        self.open = True
        self.last = b""
        if os.isatty(0):
            if os.tcgetpgrp(0) != os.getpgrp():
                self.open = False  # in the background: reading would stop us
                return
            self.saved = termios.tcgetattr(0)
            keys = termios.tcgetattr(0)
            keys[3] &= ~(termios.ICANON | termios.ECHO)
            termios.tcsetattr(0, termios.TCSADRAIN, keys)

    def read(self):
        """What was typed or piped in. Behind the end of a pipe come ^Ds, as the guest's shell expects."""
        try:
            data = os.read(0, 4096)
        except OSError:
            data = b""
        if data:
            self.last = data[-1:]
            return data
        self.open = False
        return {b"": b"", b"\n": CTRL_D}.get(self.last, CTRL_D * 2)

    def restore(self):
        if self.saved:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)


def write_all(data):
    # The guest's line ends are a terminal's; what goes on from here is text.
    sys.stdout.buffer.write(data.replace(b"\r\n", b"\n"))
    sys.stdout.flush()


def follow(qemu, limit, banner):
    """Passes the console on until QEMU ends. Returns (had the guest any output, did it end by itself)."""
    terminal = Terminal()
    output = qemu.stdout.fileno()
    deadline, asked, heard, pending, held = time.monotonic() + limit, False, False, b"", b""
    try:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                if asked:
                    write_all(held + banner.rest())
                    return heard, False
                # A last question before the end: ^P makes the console list all processes.
                asked, deadline, pending = True, time.monotonic() + 1, CTRL_P
                continue
            # Keys wait until the kernel is there: the firmware would swallow them.
            sources = [output] + ([0] if terminal.open and not pending and banner.held is None else [])
            sinks = [qemu.stdin] if pending else []
            readable, writable, _ = select.select(sources, sinks, [], left)
            if output in readable:
                data = os.read(output, 65536)
                heard = heard or bool(data)
                shown = held + banner.feed(data)
                if not data:
                    write_all(shown + banner.rest())
                    return heard, True
                # A carriage return at the end may belong to a line feed still to come.
                cut = len(shown) - shown.endswith(b"\r")
                write_all(shown[:cut])
                held = shown[cut:]
            if 0 in readable:
                pending = terminal.read()
            if writable:
                try:
                    pending = pending[os.write(qemu.stdin.fileno(), pending[:512]):]
                except OSError:
                    pending = b""
    finally:
        terminal.restore()


def run(options):
    """make run: the guest's status, or one of our own."""
    if not options.trace:
        return run_guest(options)[0]
    with tempfile.NamedTemporaryFile(prefix="kinglet-ram-") as ram:
        status, ran = run_guest(options, trace_ram=ram.name)
        if ran:
            write_text(options, ram.name)
    return status


def demo(options):
    """make demo: a program of user/demo; behind its name there may be arguments."""
    name = (options.demo.split() or [""])[0]
    if name not in demos.names():
        print(demos.listing())
        raise BadSetting(f"NAME={name}: no such demo" if name else
                         "NAME= is empty (example: make demo NAME=ticket_sale)")
    options.command = f"/demo/{options.demo.strip()}"
    return run(options)


def trace(options):
    """make trace: the same, and what happened in the guest as files to look at."""
    try:
        os.makedirs(options.out, exist_ok=True)
    except OSError as error:
        raise BadSetting(f"OUT={options.out}: {error.strerror}") from None
    with tempfile.TemporaryDirectory(prefix="kinglet-trace-") as private:
        ram, port = os.path.join(private, "ram"), os.path.join(private, "port")
        status, ran = run_guest(options, trace_ram=ram, trace_port=port)
        if ran:
            write_pictures(options, ram, port)
    return status


def run_guest(options, **files):
    """(status, whether there was a guest at all)."""
    limit = machine.seconds(options.timeout)
    guest = settings(options, run=options.command, **files)
    if not options.command.strip():
        raise BadSetting('CMD= is empty (example: make run CMD="ls /")')
    with tempfile.TemporaryFile() as messages:
        qemu = machine.start(guest.command(*machine.CONSOLE_PIPES), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=messages)
        try:
            heard, ended = follow(qemu, limit, machine.Banner(show=machine.yes_or_no("V", options.verbose)))
            if ended:
                qemu.wait()
        finally:
            machine.stop(qemu)
        messages.seek(0)
        said = messages.read().decode(errors="replace").strip()
    if said:
        print(said, file=sys.stderr)
    if not ended:
        tell(f"hang: no end within {limit:g} s (TIMEOUT=)")
        status = machine.STATUS_HANG
    elif qemu.returncode < 0 or qemu.returncode and not heard:
        cause = f"signal {-qemu.returncode}" if qemu.returncode < 0 else f"status {qemu.returncode}"
        tell(f"QEMU did not start or broke down ({cause})")
        return machine.STATUS_NO_QEMU, False
    else:
        status = qemu.returncode
        if status in EXPLAINED:
            tell(f"{EXPLAINED[status]} (status {status})")
    return status, True


def write_text(options, ram):
    try:
        with open(options.trace, "w") as out:
            trace_dump.dump(trace_file.parse(options.kernel, ram), out)
    except (OSError, ValueError) as error:
        raise CannotStart(f"no trace in {options.trace}: {error}") from None


def write_pictures(options, ram, port):
    binary, chrome, page = (os.path.join(options.out, "trace" + suffix) for suffix in (".bin", ".json", ".html"))
    try:
        recording = trace_file.left_by(options.kernel, ram, port, tell)
        trace_file.write(recording, binary)
        trace_json.write(trace_file.decode(recording), chrome)
    except (OSError, ValueError) as error:
        raise CannotStart(f"no trace in {options.out}: {error}") from None
    dropped = sum(recording.dropped().values())
    files = [binary, chrome]
    try:
        trace_page.write(binary, page, options.command)
        files.insert(0, page)
    except (OSError, ValueError, trace_page.PageError) as error:
        tell(f"trace: no trace.html: {error}")
    tell(f"trace: {recording.records()} records, {dropped or 'none'} dropped: {', '.join(files)}")


def interactive(options):
    """make qemu: the terminal is QEMU's."""
    guest = settings(options)
    print("[leave with: poweroff, or Ctrl-A X]", flush=True)
    saved = termios.tcgetattr(0) if os.isatty(0) else None
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    qemu = subprocess.Popen(guest.command(*machine.CONSOLE_TERMINAL), preexec_fn=machine.die_with_parent)
    try:
        return qemu.wait()
    finally:
        if qemu.poll() is None:
            qemu.kill()
            qemu.wait()
        if saved:
            termios.tcsetattr(0, termios.TCSADRAIN, saved)


def debug(options):
    """make gdb: QEMU stopped at its first instruction, and a debugger on sockets nobody else can reach."""
    with tempfile.TemporaryDirectory(prefix="kinglet-") as private:
        return debug_guest(options, os.path.join(private, "gdb"), os.path.join(private, "console"))


def debug_guest(options, gdb_socket, console_socket):
    tools = os.path.dirname(os.path.abspath(__file__))
    gdb = subprocess.run([os.path.join(tools, "setup"), "--gdb"], stdout=subprocess.PIPE, text=True).stdout.strip()
    if not gdb:
        raise CannotStart("no gdb for RISC-V (tools/setup gdb installs it)")
    log = os.path.join(os.path.dirname(options.kernel), "gdb-console.log")
    guest = settings(options, run=options.command or None, strict=False)
    qemu = machine.start(guest.command(
        "-chardev", f"socket,id=console,path={console_socket},server=on,wait=off,logfile={log}",
        "-serial", "chardev:console",
        "-chardev", f"socket,id=gdb,path={gdb_socket},server=on,wait=off", "-gdb", "chardev:gdb", "-S"),
        stdin=subprocess.DEVNULL)
    try:
        while not (os.path.exists(gdb_socket) and os.path.exists(console_socket)):
            if qemu.poll() is not None:
                raise CannotStart(f"QEMU did not start (status {qemu.returncode})")
            time.sleep(0.01)
        print(f"[kinglet-console shows the guest's console, kinglet-type types on it; log: {log}]", flush=True)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        environment = dict(os.environ, KINGLET_CONSOLE=console_socket,
                           KINGLET_BUILD=os.path.dirname(options.kernel))
        return subprocess.call([gdb, "-q", options.kernel, "-ex", f"source {tools}/gdb/kinglet.py",
                                "-ex", f"target remote {gdb_socket}"], env=environment,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    finally:
        machine.stop(qemu)


def settings(options, **more):
    return Machine(options.kernel, options.initrd, mem=options.mem, smp=options.smp, icount=options.icount,
                   sched=options.sched, append=options.append, qemu=options.qemu, **more)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["qemu", "run", "demo", "trace", "gdb"])
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--initrd")
    for name, value in (("mem", "128M"), ("smp", "1"), ("timeout", "60"), ("icount", ""), ("sched", ""),
                        ("append", ""), ("qemu", ""), ("command", ""), ("demo", ""), ("trace", ""), ("out", "build/trace"),
                        ("verbose", "")):
        parser.add_argument("--" + name, default=value)
    options = parser.parse_args()

    def ended(number, _):
        sys.exit(128 + number)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
    try:
        return {"run": run, "demo": demo, "trace": trace, "gdb": debug, "qemu": interactive}[options.action](options)
    except BadSetting as error:
        tell(f"bad option: {error}")
        return machine.STATUS_BAD_OPTION
    except CannotStart as error:
        tell(error)
        return machine.STATUS_NO_QEMU
    except BrokenPipeError:
        # Whoever read our output is gone (make run | head); nothing is left to say to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE


if __name__ == "__main__":
    sys.exit(main())
