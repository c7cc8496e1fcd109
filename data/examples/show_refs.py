"""Two lists that hold each other, to be looked at from both sides.

    python3 show_refs.py
"""
try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print

a = [1, 2, 3]
b = [4, 5, 6]
a.append(b)
b.append(a)
mark('a and b hold each other')
