"""What the simulator is given: lists and options that are wrong, which it says with the line, and odd ones that are
not. Under the sanitizers."""

import json
import subprocess

import pytest

from schedsim_runs import HEADER, checked_schedsim, refused, run, schedsim

GOOD = "# a list\na,0,5,2,5\n\nb,1.5,3\n"  # four lines
BAD_LINES = [  # what follows GOOD, and what is wrong in line 5
    ("c,-1,5", "the arrival is negative: -1"),
    ("c,2,-5", "the CPU time is negative: -5"),
    ("c,2,5,-1,5", "the I/O time is negative: -1"),
    ("c", "the arrival is missing"),
    ("c,", "the arrival is missing"),
    ("c,2", "the CPU time is missing"),
    ("c,2,", "the CPU time is missing"),
    ("c,2,5,", "the I/O time is missing"),
    ("c,2,5,,5", "the I/O time is missing"),
    ("c,2,5,1", "the CPU time after the last I/O is missing"),
    ("c,2,5,1,", "the CPU time is missing"),
    ("c,2,5,1,5,3", "the CPU time after the last I/O is missing"),
    ("c,2,0", "the CPU time is 0"),
    ("c,2,0.0000001", "the CPU time is 0"),
    ("c,2,5,1,0", "the CPU time is 0"),
    ("c,1,5", "it arrives before the job of line 4"),
    (",2,5", "the job has no name"),
    (" ,2,5", "the job has no name"),
    ("a,2,5", "the job of line 2 is called a, too"),
    ('"c",2,5', "quote"),
    ("c\x01,2,5", "control character"),
    ("c\0,2,5", "zero byte"),
    ("c,x,5", "the arrival is not a number: x"),
    ("c,2,5 ms", "the CPU time is not a number: 5 ms"),
    ("c,2,0x10", "not a number"),
    ("c,2,1e3", "not a number"),
    ("c,2,.", "not a number"),
    ("c,2,1.2.3", "not a number"),
    ("c,2,+5", "not a number"),
    ("c,2,nan", "not a number"),
    ("c,2,inf", "not a number"),
    ("c,2,1;5", "not a number"),
    ("c 2 5", "the arrival is missing"),
    ("name,arrival,cpu", "the arrival is not a number: arrival"),
    ("c,2,1000000000001", "is longer than 1000000000000 ms"),
    ("c,2,1000000000000.1", "is longer than 1000000000000 ms"),
    ("c,2," + "9" * 5000, "is longer than 1000000000000 ms"),
    ("c,2," + "x" * 5000, "not a number"),
    ("c," * 3000, "not a number"),
]


@pytest.mark.parametrize("line, message", BAD_LINES, ids=[repr(line)[:24] for line, _ in BAD_LINES])
def test_wrong_lines(line, message, tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text(GOOD + line + "\nd,3,4\n")
    refused(f"{path}:5: ", path)
    refused(message, path)
    refused("standard input:5: ", "-", jobs=GOOD + line)  # nor does the end of the line matter
    refused("standard input:5: ", "-", jobs=(GOOD + line).replace("\n", "\r\n"))


@pytest.mark.parametrize("jobs, line", [("", 0), ("\n", 1), ("# nothing\n  \n#\n", 3), (b"\xef\xbb\xbf", 1)])
def test_empty_list(jobs, line):
    refused(f"standard input:{line}: no jobs in the list", "-", jobs=jobs)


BAD_OPTIONS = {
    "--policy lottery -": "no such policy: 'lottery'; there are ",
    "--policy": "--policy: a value is missing",
    "--levels 0 -": "'0' is not from 1 to 8",
    "--levels 9 -": "'9' is not from 1 to 8",
    "--levels four -": "'four' is not a whole number",
    "--levels -1 -": "'-1' is negative",
    "--levels 99999999999999999999 -": "is too large",
    "--levels 2 --slices 1,2,3 -": "3 slices for 2 levels",
    "--slices 1,2,3,4,5,6,7,8,9 -": "more than 8 slices",
    "--slices 1,,2 -": "'' is missing",
    "--slices 0 -": "'0' is no time at all",
    "--slices 5,-5 -": "'-5' is negative",
    "--boost -1 -": "'-1' is negative",
    "--boost often -": "'often' is not a number",
    "--quantum 0 -": "'0' is no time at all",
    "--keep-allotment maybe -": "'maybe' is neither yes nor no",
    "--predict magic -": "'magic' is neither declared nor average",
    "--alpha 1.5 -": "'1.5' is greater than 1",
    "--alpha -0.5 -": "'-0.5' is negative",
    "--first-guess 0 -": "'0' is no time at all",
    "--switch-cost -1 -": "'-1' is negative",
    "--preemptive=yes -": "--preemptive takes no value",
    "--random 1": "how many jobs",
    "--random 1,0": "'0' is not from 1 to 10000000",
    "--random 1,-5": "'-5' is negative",
    "--random x,5": "'x' is not a whole number",
    "--random 1,5,5": "'5,5' is not a whole number",
    "--random 1,5 -": "a job list and --random",
    "": "which jobs?",
    "- -": "two job lists",
    "--metrics --json -": "only one of",
    "--fast -": "no such option: --fast",
    "-x -": "no such option: -x",
    "/nowhere/jobs.csv": "cannot read /nowhere/jobs.csv: No such file",
    "/": "cannot read /: Is a directory",
    "-o /nowhere/out -": "cannot write /nowhere/out: No such file",
    "--trace /nowhere/out -": "cannot write /nowhere/out: No such file",
}


@pytest.mark.parametrize("options", BAD_OPTIONS)
def test_wrong_options(options):
    refused(BAD_OPTIONS[options], *options.split())


def test_a_full_disk_is_noticed():
    with open("/dev/full", "w") as full:
        done = subprocess.run([schedsim(), "-"], input="a,0,5\n", stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "cannot write standard output" in done.stderr


@pytest.mark.parametrize("jobs, expected", [
    ("a,0,5", "0,5,0,a,0,done"),
    (" a b , 0 ,\t5 # comment", "0,5,0,a b,0,done"),
    ("\xef\xbb\xbfa,0,5\r\n", "0,5,0,a,0,done"),
    ("é\\,0.5,.5", "0.5,1,0,é\\,0,done"),
    ("a,0.000001,4.9999994", "0.000001,5,0,a,0,done"),
    ("a,1000000000000,1", "1000000000000,1000000000001,0,a,0,done"),
    ("a,0,1,0,1", "0,1,0,a,0,yield\n1,2,0,a,0,done"),
    ("a,0,12", "0,5,0,a,0,slice\n5,12,0,a,1,done"),
    ("a,0,5,1,3", "0,5,0,a,0,io\n6,9,0,a,1,done"),
])
def test_odd_but_right_lists(jobs, expected):
    jobs = jobs.replace("\xef\xbb\xbf", "\ufeff")
    assert run(jobs=jobs, program=checked_schedsim()) == f"{HEADER}\n{expected}\n"
    first = json.loads(run("--json", jobs=jobs, program=checked_schedsim()))["timeline"][0]
    assert first["job"] == expected.split(",")[3]


def test_time_that_does_not_end_is_an_error_and_no_overflow():
    longest = "1000000000000"
    jobs = f"a,{longest},{longest},{longest},{longest},{longest},{longest},{longest},{longest}\n"
    done = subprocess.run([checked_schedsim(), "--policy", "fcfs", "-"], input=jobs, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == "schedsim: the simulated time is over 146 years\n"
