"""The graph of reachability.dot as objects: only A has a name.

    python3 reachability.py
"""
import gc

try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print


class Node:
    """A node; its edges are its attributes."""

    def __init__(self, name):
        self.name = name

    def __del__(self):
        print(self.name, 'is freed')


def build():
    a, b, c, d, e, f = (Node(name) for name in 'ABCDEF')
    a.b, a.c = b, c
    b.e = c.e = e
    e.b = b
    d.f, f.d = f, d
    d.b, f.c = b, c
    return a


gc.disable()  # so that D and F wait for a collection
gc.collect()  # what the start of Python left
A = build()
mark('D and F cannot be reached from A')
print('gc.collect() found', gc.collect())
mark('after gc.collect()')
