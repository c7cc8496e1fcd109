"""Seven names for one list: every name is a reference.

    python3 refcount_names.py

Prints 2 3 8: one, two and seven names, and each time the argument of
sys.getrefcount() itself.
"""
import sys

try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print

a = []
print(sys.getrefcount(a))
mark('one name')

b = a
print(sys.getrefcount(a))
mark('two names')

c = b
d = b
e = c
f = e
g = d
print(sys.getrefcount(a))
mark('seven names')
