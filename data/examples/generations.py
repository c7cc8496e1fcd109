"""Generations: what survives a collection is moved on and looked at less often.

    python3 generations.py
"""
import gc

try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print


class Guest:
    """Somebody who stays, or a pair who only have each other."""

    def __init__(self, name):
        self.name = name
        self.partner = None


def leave_a_pair(generation):
    """A cycle that no name leads to any more."""
    one, other = Guest('one of %d' % generation), Guest('other of %d' % generation)
    one.partner, other.partner = other, one


gc.disable()  # so that only the calls below collect
gc.collect()
guest = Guest('the guest')
leave_a_pair(0)
mark('young')
print('thresholds', gc.get_threshold())
for generation in 0, 1, 2:
    print('gc.collect(%d) found %d' % (generation, gc.collect(generation)))
    leave_a_pair(generation + 1)
    mark('after gc.collect(%d)' % generation)
mark('finished')
