"""The programs in user/demo, for make demo: what there is, and what the first comment of each says it shows."""

import os
import re

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "user/demo")


def names():
    return sorted(name[:-2] for name in os.listdir(FOLDER) if name.endswith(".c"))


def description(name):
    """The first sentence of the file's first comment, without where in which textbook the idea is."""
    with open(os.path.join(FOLDER, name + ".c"), encoding="utf-8") as file:
        comment = re.match(r"\s*/\*(.*?)\*/", file.read(), re.DOTALL)
    text = " ".join(re.sub(r"^\s*\*", "", line).strip() for line in comment[1].splitlines()) if comment else ""
    text = re.sub(r"^Textbook: ", "", text.strip())
    return re.sub(r" \((?:Silberschatz|Python)[^()]*\)", "", re.split(r"(?<=[^.])\. ", text + " ")[0]).strip()


def listing():
    """A line for each, as wide as a terminal."""
    width = max(map(len, names()))
    return "\n".join(f"  {name:{width}}  {description(name)}" for name in names())
