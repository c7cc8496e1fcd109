"""cut_stream.py LIBRARY OUTPUT: walks this interpreter and writes a stream of the
same form with some of its objects: a real one that is small enough for a corpus."""
import ctypes
import os
import re
import struct
import sys

from walk_check import CHUNK, EDGE, HEADER, KINDS, NODE, Stream


class Thing:
    def __init__(self):
        self.name = "café"
        self.numbers = [1, 2.5, 10 ** 40, None, True, b"\x00\xff"]


def cut(stream, starts, limit):
    chosen, order = {}, []

    def choose(i):
        if i not in chosen and len(order) < limit:
            chosen[i] = len(order)
            order.append(i)

    for i in starts:
        choose(i)
    for i in order:
        for target, label, kind in stream.edges_of(i):
            choose(target)
            if KINDS[kind & 0x3f] == "VALUE":
                choose(label)
    strings, types = {0: 0}, {}
    texts = []

    def string(number):
        if number not in strings:
            # Where it was made is nobody's business.
            texts.append(re.sub(rb"/[\w./+-]*/", b"/home/demo/", stream.strings[number]))
            strings[number] = len(texts)
        return strings[number]

    order.sort(key=lambda i: i)
    chosen = {i: n for n, i in enumerate(order)}
    nodes, edges, type_rows = b"", b"", []
    for i in order:
        address, size, value, type_number, refcount, flags, _ = stream.nodes[i]
        n = 0
        for target, label, kind in stream.edges_of(i):
            name = KINDS[kind & 0x3f]
            if target not in chosen or (name == "VALUE" and label not in chosen):
                continue
            label = chosen[label] if name == "VALUE" else string(label) if name in ("ATTRIBUTE", "SLOT", "LOCAL", "NAMED") else label
            edges += EDGE.pack(chosen[target], label, kind)
            n += 1
        if type_number not in types:
            types[type_number] = len(types)
            node, type_name, module, type_flags = stream.types[type_number]
            type_rows.append(struct.pack("=IIII", chosen.get(node, 0xffffffff), string(type_name), string(module), type_flags))
        if flags >> 24 & 15 in (1, 5):
            value = string(value)
        nodes += NODE.pack(address, size, value, types[type_number], refcount, flags, n)
    threads = b"".join(struct.pack("=QQII", t[0], t[1], string(t[2]), 0) for t in stream.threads)
    frames = b"".join(struct.pack("=IIIIII", f[0], chosen[f[1]], string(f[2]), string(f[3]), f[4], 0)
                      for f in stream.frames if f[1] in chosen)
    roots = b"".join(struct.pack("=IIII", chosen[r[0]], r[1], r[2], string(r[3])) for r in stream.roots if r[0] in chosen)
    string_data = b"".join(struct.pack("=I", len(t)) + t for t in texts)
    body = b""
    for kind, data in ((1, nodes), (2, edges), (4, string_data), (3, b"".join(type_rows)), (5, threads), (6, frames), (7, roots),
                       (8, stream.info[:160])):
        padding = -len(data) % 8
        body += CHUNK.pack(kind, 0, len(data) + padding, len(data)) + data + bytes(padding)
    return HEADER.pack(0x3150414548435352, 2, 1, len(order), len(edges) // EDGE.size, len(texts), HEADER.size + len(body), b"") + body


def main():
    library = ctypes.PyDLL(sys.argv[1])
    library.rsc_probe_walk.restype = ctypes.c_char_p
    fd = os.memfd_create("heap")
    thing = Thing()
    thing.itself = {"again": thing, (1, 2): {3, 4}}
    error = library.rsc_probe_walk(fd)
    assert error is None, error
    stream = Stream(os.pread(fd, os.fstat(fd).st_size, 0))
    starts = [f[1] for f in stream.frames] + [stream.by_address[id(thing)], stream.by_address[id(thing.itself)]]
    starts += [i for i in range(len(stream.nodes)) if stream.nodes[i][5] & 1 << 9][:2]
    starts += [stream.by_address[id(v)] for v in thing.numbers]
    with open(sys.argv[2], "wb") as output:
        output.write(cut(stream, starts, 120))


if __name__ == "__main__":
    main()
