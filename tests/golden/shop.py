"""The program whose heap is heaps/shop.refscope.gz; see make-heap."""
import gc
import posix

import refscope

posix.environ.clear()  # it says where the heap was made
gc.disable()
gc.collect()


class Session:
    count = 0

    def __init__(self, name):
        self.name = name
        self.basket = ['pen', 3, 'paper']
        Session.count += 1


class Pair:
    __slots__ = 'left', 'right'


class Closing:
    def __del__(self):
        pass


def listener(session):
    def on_close():
        return session.name
    return on_close


def serve(customer):
    table = {'first': customer, 2: [customer], ('a', 'tuple'): None}
    refscope.mark('serving')
    return table


cache = {'ann': Session('ann'), 'bob': Session('bob \N{SNOWMAN}')}
callbacks = [listener(cache['ann'])]

# A cycle that is alive, and three that are garbage: one with a finalizer.
ring = Pair()
ring.left = ring
ring.right = cache
a, b = Session('lost 1'), Session('lost 2')
a.other, b.other = b, a
del a, b
two = [], []
two[0].append(two[1])
two[1].append(two[0])
del two
closing = Closing()
closing.self = closing
del closing

serve(cache['ann'])
