"""Commands for gdb on Kinglet, loaded by `make gdb` (tools/run.py).

    kinglet-user ls        add the symbols of a user program, by its name or path in the guest
    kinglet-type ls /      type a line on the guest's console
    kinglet-console        show what the guest's console said since the last time
"""

import glob
import os
import time

import gdb


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
        with open(os.environ["KINGLET_CONSOLE"], "w") as console:
            console.write(argument + "\n")


class Console(gdb.Command):
    """Show what the guest's console said since the last time."""

    def __init__(self):
        super().__init__("kinglet-console", gdb.COMMAND_STATUS)
        self.seen = 0

    def invoke(self, argument, from_tty):
        time.sleep(0.1)  # what the guest said just now is still on its way
        with open(os.environ["KINGLET_LOG"], "rb") as log:
            log.seek(self.seen)
            text = log.read()
        self.seen += len(text)
        gdb.write(text.decode(errors="replace").replace("\r\n", "\n"))


User()
Type()
Console()
