#!/usr/bin/env python3
"""Makes the initial RAM disk: a cpio archive (newc) of the given files. Used by mk/image.mk.

    mkinitrd.py --output=initrd.cpio tmp/ bin/ls=build/ls.elf README=user/README.txt

"name/" is an empty directory, "name=file" a file, "name=char:1:1" a device node with these numbers;
directories on the way are made by themselves, and of two entries with one name the later wins. One file
under several names is one file with several links. The same input gives the same bytes: no times, no owners.
The kernel adopts the archive's pages in place, so file data begins on a page boundary: the name in
front of it is made longer with NULs, which readers do not see.
"""

import argparse
import collections
import os
import struct
import sys

PAGE = 4096
HEADER = 110
S_IFDIR, S_IFREG, S_IFCHR = 0o040000, 0o100000, 0o020000


def without_symbols(data):
    """A program without what only debuggers read: all after its last segment, and the section table."""
    if data[:5] != b"\x7fELF\x02":
        return data
    phoff, = struct.unpack_from("<Q", data, 32)
    phentsize, phnum = struct.unpack_from("<HH", data, 54)
    end = phoff + phentsize * phnum
    for i in range(phnum):
        offset, = struct.unpack_from("<Q", data, phoff + i * phentsize + 8)
        filesz, = struct.unpack_from("<Q", data, phoff + i * phentsize + 32)
        end = max(end, offset + filesz)
    short = bytearray(data[:end])
    struct.pack_into("<Q", short, 40, 0)   # e_shoff
    struct.pack_into("<HH", short, 60, 0, 0)  # e_shnum, e_shstrndx
    return bytes(short)


class Archive:
    def __init__(self):
        self.bytes = bytearray()
        self.entries = 0

    def add(self, name, mode, data=b"", nlink=1, number=None, device=(0, 0)):
        """One entry. Gives its inode number, which further names of a file are added with, without data."""
        raw = name.encode() + b"\0"
        self.entries += 1
        if data:
            raw += bytes(-(len(self.bytes) + HEADER + len(raw)) % PAGE)
        fields = [number or self.entries, mode, 0, 0, nlink, 0, len(data), 0, 0, *device, len(raw), 0]
        self.bytes += b"070701" + b"".join(b"%08x" % field for field in fields) + raw
        self.pad(4)
        self.bytes += data
        self.pad(4)
        return number or self.entries

    def pad(self, boundary):
        self.bytes += bytes(-len(self.bytes) % boundary)

    def finish(self):
        self.add("TRAILER!!!", 0)
        self.pad(PAGE)
        return self.bytes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True)
    parser.add_argument("entries", nargs="*", metavar="NAME/ or NAME=FILE")
    options = parser.parse_args()

    directories, files = set(), {}
    for entry in options.entries:
        name, is_file, path = entry.partition("=")
        if is_file:
            files[name] = path
        parts = name.split("/")[:-1]
        directories.update("/".join(parts[:i + 1]) for i in range(len(parts)))
    clash = directories & set(files)
    if clash:
        sys.exit("mkinitrd: both file and directory: " + ", ".join(sorted(clash)))

    archive = Archive()
    for name in sorted(directories):
        archive.add(name, S_IFDIR | (0o1777 if name == "tmp" else 0o755), nlink=2)
    links = collections.Counter(files.values())
    numbers = {}
    for name in sorted(files):
        path = files[name]
        if path.startswith("char:"):
            archive.add(name, S_IFCHR | 0o666, device=[int(n) for n in path.split(":")[1:]])
            continue
        with open(path, "rb") as source:
            data = source.read()
        program = data[:4] == b"\x7fELF" or data[:2] == b"#!"
        data = b"" if path in numbers else without_symbols(data)
        numbers[path] = archive.add(name, S_IFREG | (0o755 if program else 0o644), data, links[path],
                                    numbers.get(path))

    temporary = f"{options.output}.{os.getpid()}"
    with open(temporary, "wb") as output:
        output.write(archive.finish())
    os.replace(temporary, options.output)


if __name__ == "__main__":
    main()
