"""Two lists that hold each other: no name leads to them, yet their counts are not zero.

    python3 two_lists.py [ELEMENTS]
"""
import gc
import sys

try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print


def func(size):
    mark('initial')
    a = [i for i in range(size)]
    b = [i for i in range(size)]
    mark('after a, b created')
    a.append(b)
    b.append(a)
    mark('a and b hold each other')


gc.disable()  # so that the two lists are there until somebody collects
gc.collect()  # what the start of Python left
func(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
mark('finished')
gc.collect()
mark('after gc.collect()')
