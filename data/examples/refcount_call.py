"""What a call does to a reference count: before it, inside it, after it.

    python3 refcount_call.py

Prints 2 4 2 with CPython up to 3.10, 2 3 2 with 3.11 to 3.13, 2 2 2 from 3.14 on.
sys.getrefcount() counts the reference that its own argument is as well, unless
that one is borrowed.
"""
import sys

try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print


def func(parameter):
    print(sys.getrefcount(parameter))
    mark('inside the call')


a = []
print(sys.getrefcount(a))
mark('before the call')
func(a)
print(sys.getrefcount(a))
mark('after the call')
