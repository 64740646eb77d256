#!/usr/bin/env python3
"""The pictures of docs/scheduling.md, from real runs: make pictures.

    pictures.py --kernel=… --initrd=… [--qemu=] [--out=docs/pictures] [NAME...]

Each is what `make compare` makes of a few jobs, under some of the policies, with time counted in instructions: the same
kernel draws the same picture. They are kept in the repository, since not everybody who reads has built anything.
"""

import argparse
import pathlib
import sys
import tempfile

import compare
import machine
import trace_page

GAMER = "gamer,0," + ",0.5,".join(["4.5"] * 10)

# name: (policies, more kernel options, jobs)
PICTURES = {
    "convoy": ("fcfs rr mlfq", "", "run_jobs long,0,60 a,2,3 b,4,3 c,6,3"),
    "together": ("fcfs sjf", "", "run_jobs -d a,0,30 b,0,10 c,0,20 d,0,5"),
    "starvation": ("sjf rr", "preemptive=yes",
                   "run_jobs -d long,0,60 s1,5,12 s2,17,12 s3,29,12 s4,41,12 s5,53,12"),
    "interactive": ("rr mlfq", "", "run_jobs hog1,0,120 hog2,0,120 key,10,1,20,1,20,1,20,1,20,1,20,1,20,1"),
    "gaming-reset": ("mlfq", "allotment=reset", f"run_jobs {GAMER} honest,0,45"),
    "gaming-keep": ("mlfq", "allotment=keep", f"run_jobs {GAMER} honest,0,45"),
}


def draw(options, name):
    policies, append, command = PICTURES[name]
    with tempfile.TemporaryDirectory(prefix="kinglet-picture-") as private:
        folder = pathlib.Path(private)
        traces = []
        for policy in policies.split():
            one = argparse.Namespace(kernel=options.kernel, initrd=options.initrd, qemu=options.qemu, command=command,
                                     mem="128M", smp="1", append=append, timeout="60")
            status, text = compare.record(one, policy, folder / f"{policy}.bin")
            if status:
                raise compare.CompareError(f"{name} under {policy}: status {status}\n{text}")
            traces.append((policy, folder / f"{policy}.bin"))
        title = command if not append else f"{command}  ({append})"
        trace_page.write_compare(traces, folder / "page.html", folder / "picture.svg", name, title)
        (pathlib.Path(options.out) / f"{name}.svg").write_text((folder / "picture.svg").read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--initrd", required=True)
    parser.add_argument("--qemu", default="")
    parser.add_argument("--out", default="docs/pictures")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    pathlib.Path(options.out).mkdir(parents=True, exist_ok=True)
    try:
        for name in options.names or PICTURES:
            if name not in PICTURES:
                raise compare.CompareError(f"there is no picture {name}; there are: {' '.join(PICTURES)}")
            draw(options, name)
            print(f"  DRAW    {options.out}/{name}.svg", file=sys.stderr, flush=True)
    except (compare.CompareError, machine.BadSetting, machine.CannotStart, trace_page.PageError, ValueError,
            OSError) as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
