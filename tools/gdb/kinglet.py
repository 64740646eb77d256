"""Commands for gdb on Kinglet, loaded by `make gdb` (tools/run.py).

    kinglet-user ls        add the symbols of a user program, by its name
    kinglet-type ls /      type a line on the guest's console
    kinglet-console        show what the guest's console said since the last time
"""

import glob
import os
import socket
import sys
import threading
import time

import gdb

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import machine  # noqa: E402


class Console:
    """The guest's serial line. A thread of its own takes what comes, so that the guest never waits."""

    def __init__(self, path):
        self.line = socket.socket(socket.AF_UNIX)
        self.line.connect(path)
        self.text = bytearray()
        self.banner = machine.Banner()
        threading.Thread(target=self.collect, daemon=True).start()

    def collect(self):
        while True:
            data = self.line.recv(65536)
            if not data:
                return
            self.text += self.banner.feed(data)

    def take(self):
        time.sleep(0.1)  # what the guest said just now is still on its way
        text, self.text = self.text, bytearray()
        return text.decode(errors="replace").replace("\r\n", "\n")


class User(gdb.Command):
    """Add the symbols of a user program: kinglet-user NAME (all programs begin at the same address)."""

    def __init__(self):
        super().__init__("kinglet-user", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        name = os.path.basename(argument.strip())
        build = os.environ["KINGLET_BUILD"]
        found = glob.glob(f"{build}/user/*/{name}.elf") + glob.glob(f"{build}/extra-*/{name}.elf")
        if not found:
            raise gdb.GdbError(f"no program {name} in {build}/user")
        gdb.execute(f"add-symbol-file {found[0]}")

    def complete(self, text, word):
        names = (os.path.basename(p)[:-4] for p in glob.glob(os.environ["KINGLET_BUILD"] + "/user/*/*.elf"))
        return sorted(name for name in names if name.startswith(word))


class Type(gdb.Command):
    """Type a line on the guest's console: kinglet-type TEXT"""

    def __init__(self):
        super().__init__("kinglet-type", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        console.line.sendall(argument.encode() + b"\n")


class Show(gdb.Command):
    """Show what the guest's console said since the last time."""

    def __init__(self):
        super().__init__("kinglet-console", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        gdb.write(console.take())


gdb.execute("set pagination off")
console = Console(os.environ["KINGLET_CONSOLE"])
User()
Type()
Show()
