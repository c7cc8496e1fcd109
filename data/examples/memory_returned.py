"""A returned list: the caller's name takes over the reference that the function gave up.

    python3 memory_returned.py [ELEMENTS]
"""
import sys

try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print


def func(size):
    mark('initial')
    a = [i for i in range(size)]
    mark('after a created')
    return a


a = func(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
mark('finished')
del a
mark('after del a')
