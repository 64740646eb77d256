#!/usr/bin/env python3
"""The kernel's own symbol table, for the backtraces of a panic. Used by mk/image.mk.

    ksyms.py table [--kernel=kernel0.elf] --output=ksyms.S
    ksyms.py check --kernel=kernel0.elf --linked=kernel.elf

The kernel is linked first with an empty table, then again with the functions of that first link. The
table lies in section .ksyms behind all code, so that no function moves; `check` makes sure of it.
    extern const uint32_t ksyms_count;
    extern const struct ksym { uint32_t offset_from_text, name; } ksyms[];   sorted by offset
    extern const char ksyms_names[];                                         `name` is an offset in here
Offsets count from the first function: the start of section .text.
"""

import argparse
import struct
import sys

SHT_SYMTAB, STT_FUNC, STT_NOTYPE, SHF_EXECINSTR = 2, 2, 0, 4


def read_functions(path):
    """(start of .text, sorted [(address, name)]) of an ELF file's functions; labels of assembly count."""
    with open(path, "rb") as stream:
        elf = stream.read()
    shoff, = struct.unpack_from("<Q", elf, 40)
    shnum, shstrndx = struct.unpack_from("<HH", elf, 60)
    sections = [struct.unpack_from("<IIQQQQIIQQ", elf, shoff + 64 * i) for i in range(shnum)]

    def string(table, offset):
        start = sections[table][4] + offset
        return elf[start:elf.index(b"\0", start)].decode()

    text = next((s[3] for s in sections if string(shstrndx, s[0]) == ".text"), None)
    if text is None:
        sys.exit(f"ksyms: {path} has no section .text")
    functions = {}
    for section in sections:
        if section[1] != SHT_SYMTAB:
            continue
        for at in range(section[4], section[4] + section[5], 24):
            name, info, _, index, value, _ = struct.unpack_from("<IBBHQQ", elf, at)
            kind = info & 15
            if not 0 < index < shnum or not sections[index][2] & SHF_EXECINSTR or value < text:
                continue
            label = string(section[6], name)
            if kind == STT_FUNC or kind == STT_NOTYPE and label and label[0] not in "$.":
                # Of several names for one place keep a function's, then the shortest.
                rank = (kind != STT_FUNC, len(label), label)
                if value not in functions or rank < functions[value]:
                    functions[value] = rank
    return text, sorted((address, rank[2]) for address, rank in functions.items())


def write_table(path, text, functions):
    names, offsets = [], []
    position = 0
    for _, name in functions:
        offsets.append(position)
        names.append(f'    .asciz "{name}"')
        position += len(name) + 1
    rows = [f"    .word {address - text:#x}, {offset}" for (address, _), offset in zip(functions, offsets)]
    with open(path, "w") as out:
        print("/* Made by tools/ksyms.py: the functions of the kernel by rising address. */",
              '    .section .ksyms, "a"', "    .balign 8", "    .globl ksyms_count, ksyms, ksyms_names",
              "ksyms:", *rows, "ksyms_count:", f"    .word {len(functions)}",
              "ksyms_names:", *names, '    .asciz ""', '    .section .note.GNU-stack, "", @progbits',
              sep="\n", file=out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["table", "check"])
    parser.add_argument("--kernel")
    parser.add_argument("--linked")
    parser.add_argument("--output")
    options = parser.parse_args()
    text, functions = read_functions(options.kernel) if options.kernel else (0, [])
    if options.action == "table":
        write_table(options.output, text, functions)
    elif (text, functions) != read_functions(options.linked):
        sys.exit("ksyms: functions moved between the two links; section .ksyms must come after all code")


if __name__ == "__main__":
    main()
