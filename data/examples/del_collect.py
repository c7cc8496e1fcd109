"""del takes a name away; the object goes when its last reference went.

    python3 del_collect.py [ELEMENTS]
"""
import gc
import sys

try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print

mark('initial')
a = [i for i in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)]
mark('after a created')
del a
mark('after del a')
gc.collect()
mark('finished')
try:
    print(a)
except NameError as error:
    print(error)
