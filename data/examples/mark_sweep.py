"""Mark and sweep, by hand: what is not marked from the root is what the collector frees.

    python3 mark_sweep.py
"""
import gc
import weakref

try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print


class Node:
    """A named object that knows its neighbours."""

    def __init__(self, name):
        self.name = name
        self.neighbours = []

    def __repr__(self):
        return self.name


def build():
    """A ring of five rooms, a passage to an attic, and a cellar that only leads out."""
    rooms = [Node('room %d' % number) for number in range(1, 6)]
    for room, following in zip(rooms, rooms[1:] + rooms[:1]):
        room.neighbours.append(following)
    attic, cellar, well = Node('attic'), Node('cellar'), Node('well')
    rooms[2].neighbours.append(attic)
    attic.neighbours.append(rooms[0])
    cellar.neighbours += [well, rooms[4]]
    well.neighbours.append(cellar)
    return rooms[0], [weakref.ref(node) for node in rooms + [attic, cellar, well]]


def reachable(start):
    """Mark: everything a depth-first search from start comes by."""
    marked, pending = {id(start): start}, [start]
    while pending:
        for neighbour in pending.pop().neighbours:
            if id(neighbour) not in marked:
                marked[id(neighbour)] = neighbour
                pending.append(neighbour)
    return sorted(node.name for node in marked.values())


gc.disable()  # so that what is unreachable waits for the sweep
gc.collect()  # what the start of Python left
root, every = build()
print('marked: ', ', '.join(reachable(root)))
mark('marked')
print('unmarked:', ', '.join(sorted({ref().name for ref in every} - set(reachable(root)))))
mark('before the sweep')
gc.collect()
print('left:   ', ', '.join(sorted(ref().name for ref in every if ref())))
mark('swept')
