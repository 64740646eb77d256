"""The documents say what is: links, paths, commands, and the tables that the code has too."""

import os
import re

import pytest
from kinglet import ROOT, make

DOCUMENTS = ["README.md", "README.zh.md"] + sorted(
    f"{folder}/{name}" for folder in ("docs", "docs/zh") for name in os.listdir(os.path.join(ROOT, folder))
    if name.endswith(".md"))
# A word in backticks that begins with one of these is a path in the repository.
FOLDERS = sorted(name for name in os.listdir(ROOT)
                 if os.path.isdir(os.path.join(ROOT, name)) and not name.startswith(".") and name != "build")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def without_blocks(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def blocks(text):
    return "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL))


def typed_commands(text):
    """The lines in code blocks that are make commands."""
    return re.findall(r"^(make .*)$", blocks(text), re.MULTILINE)


def headings(text):
    """The anchors that a Markdown viewer makes of the headings."""
    found = set()
    for title in re.findall(r"^#+ (.*)$", without_blocks(text), re.MULTILINE):
        found.add(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"))
    return found


def rows(document):
    """The cells of every row of every table in a document."""
    table = []
    for line in read(document).splitlines():
        if line.startswith("|") and not set(line) <= set("|- "):
            table.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return table


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    text = without_blocks(read(document))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = os.path.normpath(os.path.join(os.path.dirname(document), path)) if path else document
        assert os.path.exists(os.path.join(ROOT, file)), f"{document}: {target}"
        if anchor:
            assert anchor in headings(read(file)), f"{document}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_exist(document):
    for word in re.findall(r"`([^`\s]+)`", without_blocks(read(document))):
        if word.split("/")[0] in FOLDERS and "/" in word:
            assert os.path.exists(os.path.join(ROOT, word)), f"{document}: {word}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_and_variables_exist(document):
    text = read(document)
    targets = set(re.findall(r"^([a-z_.\-]+):(?!=)", read("Makefile"), re.MULTILINE))
    variables = set(re.findall(r"\b([A-Z][A-Z_]*)=", make("help").stdout))
    commands = re.findall(r"`(make\b[^`]*)`", without_blocks(text)) + typed_commands(text)
    assert commands or document.startswith("docs/")
    for command in commands:
        plain = re.sub(r'"[^"]*"', '""', command.split("#")[0])
        for word in plain.split()[1:]:
            name, equals, _ = word.partition("=")
            if equals:
                assert name in variables, f"{document}: {command}: make help does not name {name}="
            elif re.fullmatch(r"[a-z_.\-]+", word):
                assert word in targets, f"{document}: {command}: there is no target {word}"


@pytest.fixture(scope="module")
def sources():
    """Every source file of the repository: {path: the identifiers in it}."""
    found = {}
    for folder in FOLDERS:
        for path, _, names in os.walk(os.path.join(ROOT, folder)):
            for name in names:
                if name.endswith((".c", ".h", ".S", ".ld", ".mk", ".py")):
                    file = os.path.relpath(os.path.join(path, name), ROOT)
                    found[file] = set(re.findall(r"\w+", read(file)))
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_names_exist(document, sources):
    """An identifier in backticks is one of the sources', and one that is said to be in a file is there."""
    text = without_blocks(read(document))
    everywhere = set().union(*(sources[path] for path in sources if not path.startswith("tests/")))
    everywhere |= {os.path.basename(path)[:-2] for path in sources if re.match(r"user/.*\.c$", path)}  # programs
    for name in re.findall(r"`(\w+_\w+)`", text):
        assert name in everywhere, f"{document}: {name}"
    for name, path in re.findall(r"`(\w+)`(?: in | \(|, )`([\w/.\-]+\.[chS])`", text):
        assert name in sources[path], f"{document}: {name} in {path}"
    for path, name in re.findall(r"`([\w/.\-]+\.[chS])`, `(\w+)`", text):
        assert name in sources[path], f"{document}: {name} in {path}"


def test_both_readmes_have_the_same_commands():
    first, second = ([re.split(r"\s+#", line)[0] for line in typed_commands(read(document))]
                     for document in ("README.md", "README.zh.md"))
    assert first == second


def outline(document):
    """What a page says whatever its language: the words in backticks, and how many rows, headings and exercises."""
    text = without_blocks(read(document))
    return (set(re.findall(r"`([^`]+)`", text)), *(len(re.findall(pattern, text, re.MULTILINE))
                                                   for pattern in (r"^\|", r"^#+ ", r"^\d+\. ")))


def test_both_pages_on_multiprocessing_say_the_same():
    assert outline("docs/multiprocessing.md") == outline("docs/zh/multiprocessing.md")


def test_every_call_of_lib_mp_stands_beside_pythons():
    """Except for those that go with another one: to open and close a proxy, to find one's way in shared memory."""
    known = set(re.findall(r"\bmp_\w+", read("docs/multiprocessing.md")))
    likes = r"mp_\w+_(open|close)|mp_shared_(at|offset)|mp_manager_process|mp_self|mp_pool_function"
    folder = "lib/mp/include/mp"
    for name in sorted(os.listdir(os.path.join(ROOT, folder))):
        for call in re.findall(r"^(?:[\w*]+ )+\*?(mp_\w+)\(", read(f"{folder}/{name}"), re.MULTILINE):
            assert call in known or re.fullmatch(likes, call), f"{folder}/{name}: {call}"


def test_every_folder_of_the_kernel_is_in_the_table():
    for document in "README.md", "README.zh.md":
        for name in sorted(os.listdir(os.path.join(ROOT, "kernel"))):
            if os.path.isdir(os.path.join(ROOT, "kernel", name)):
                assert f"| `kernel/{name}/` |" in read(document)


def test_every_system_call_has_its_row():
    names = re.findall(r"\bS\(\d+, (\w+)\)", read("lib/common/include/kinglet/syscall.h"))
    documented = [cells[0].strip("`") for cells in rows("docs/system-calls.md") if cells[0].startswith("`")]
    assert documented == names


def test_errors_in_the_table_exist():
    known = set(re.findall(r"E\((E\w+), \d+", read("lib/common/include/kinglet/errno.h")))
    for document in DOCUMENTS:
        for name in re.findall(r"`-(E[A-Z0-9]+)`", read(document)):
            assert name in known, f"{document}: {name}"


def test_lock_order():
    body = re.search(r"enum lock_rank \{(.*?)\};", read("kernel/riscv/lock_order.h"), re.DOTALL)[1]
    ranks = re.findall(r"\b(LOCK_\w+),", body)
    documented = [cells[0].strip("`") for cells in rows("docs/architecture.md")
                  if cells[0].startswith("`LOCK_")]
    assert documented == ranks


def test_upward_calls():
    """Every pointer that connect_rooms fills in has its row, with the function it leads to."""
    body = re.search(r"void connect_rooms\(void\)\n\{(.*?)\n\}", read("kernel/main.c"), re.DOTALL)[1]
    filled = {}
    for table, value in re.findall(r"(\w+_upcalls(?:\.\w+)?) = ([^;]*);", body):
        if "." in table:
            filled[table] = value
        else:
            filled.update({f"{table}.{name}": to for name, to in re.findall(r"\.(\w+) = (\w+)", value)})
    documented = {cells[1].strip("`"): re.match(r"`(\w+)`", cells[2])[1]
                  for cells in rows("docs/architecture.md") if "_upcalls." in (cells + [""])[1]}
    assert documented == filled
    for cells in rows("docs/architecture.md"):
        if "_upcalls." in (cells + [""])[1]:
            assert f"struct {cells[1].strip('`').split('.')[0]}" in read(cells[0].strip("`"))


def test_trace_events():
    names = re.findall(r"\bT\(\d+, (\w+),", read("lib/common/include/kinglet/trace.h"))
    documented = [cells[0].strip("`") for cells in rows("docs/trace.md") if re.fullmatch(r"`\w+`", cells[0])]
    assert sorted(documented) == sorted(names)


def test_messages():
    """Every operation and flag of the header is explained."""
    header, text = read("lib/common/include/kinglet/message.h"), read("docs/messages.md")
    for name in re.findall(r"^\s+(MSG_\w+)", header, re.MULTILINE) + re.findall(
            r"^#define ((?:MSGF|REPLY|SESSION)_\w+)", header, re.MULTILINE):
        assert f"`{name}`" in text, name


def test_memory_layout():
    text, header = read("docs/architecture.md"), read("kernel/riscv/sv39.h")
    for name in "USER_MIN", "USER_MAP_BASE", "USER_STACK_TOP", "KERNEL_BASE":
        value = re.search(rf"#define {name} (0x[0-9a-f]+)", header)[1]
        assert f"`{value}`" in text, name


def test_example_server(tmp_path):
    """The example in docs/messages.md compiles without a warning and does what the text says."""
    source = tmp_path / "counter.c"
    source.write_text(re.search(r"^```c\n(.*?)^```", read("docs/messages.md"), re.MULTILINE | re.DOTALL)[1])
    result = make("run", f"EXTRA={source}", "CMD=counter")
    assert result.returncode == 0, result.stderr
    assert not re.search(r"counter\.c.*warning", result.stderr), result.stderr
    assert result.stdout.splitlines()[-1] == "14"
