"""A local list: its memory comes back as soon as its function returns.

    python3 memory_local.py [ELEMENTS]
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


func(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
mark('finished')
