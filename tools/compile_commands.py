#!/usr/bin/env python3
"""Writes compile_commands.json, which tells editors how each file is compiled. Used by mk/image.mk.

    compile_commands.py --output=compile_commands.json --group 'CC FLAGS' a.c b.c --group 'CC OTHERS' c.c
"""

import json
import os
import sys


def main(arguments):
    output, command, entries = None, None, []
    words = iter(arguments)
    for word in words:
        if word.startswith("--output="):
            output = word.partition("=")[2]
        elif word == "--group":
            command = next(words)
        else:
            entries.append({"directory": os.getcwd(), "file": word, "command": f"{command} -c {word}"})
    with open(output, "w") as stream:
        json.dump(entries, stream, indent=1)
        stream.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
