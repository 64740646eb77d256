#!/usr/bin/env python3
"""The trace as text, one line per record.

    trace_dump.py TRACE.BIN
    trace_dump.py KERNEL.ELF RAM_FILE

RAM_FILE is what backed the guest's memory (QEMU's memory-backend-file). Used by make run TRACE=file. A line is

    <us since boot> hart<h> <event> pid=<n> name=<name or -> <key>=<value> ...

in order of time; lines that begin with # say how many records were lost.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import trace_file  # noqa: E402


def dump(trace, out):
    """Write a Trace as text to the open file `out`."""
    for hart, lost in trace.dropped.items():
        where = f"the oldest {lost} records were dropped, the last {trace.capacity} are here" if trace.capacity else \
            f"{lost} records were dropped"
        out.write(f"# hart{hart}: {where}\n")
    for record in trace:
        out.write(f"{record}\n")


def main(arguments):
    if len(arguments) not in (1, 2):
        print("usage: trace_dump.py TRACE.BIN | trace_dump.py KERNEL.ELF RAM_FILE", file=sys.stderr)
        return 2
    try:
        if len(arguments) == 1:
            dump(trace_file.decode(trace_file.read(arguments[0])), sys.stdout)
        else:
            dump(trace_file.parse(*arguments), sys.stdout)
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except (trace_file.TraceError, OSError) as error:
        print(f"trace_dump: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
