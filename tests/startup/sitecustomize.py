"""What the start of Python leaves as garbage is more or less from machine to machine.

With this folder in PYTHONPATH it is always some: what counts garbage has to
collect before it begins.
"""
import gc


def leave_garbage():
    left = [[] for _ in range(50)]
    for item in left:
        item.append(item)
    # In the oldest generation, which nothing collects by the way.
    gc.collect()


leave_garbage()
