"""A global list: its memory stays after its function returned, until the name goes.

    python3 memory_global.py [ELEMENTS]
"""
import sys

try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print


def func(size):
    global a
    mark('initial')
    a = [i for i in range(size)]
    mark('after a created')


func(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
mark('finished')
del a
mark('after del a')
