"""The heap that scripts/bench measures on, and the program that has it.

    python3 heap.py TRACKED [--objgraph FILE.dot]

"mixed": a fifth each of instances with attributes, instances with slots, dicts,
lists and tuples, all tracked by the collector, and about as many strings and
numbers that are not.  Each record refers to an earlier one, chosen by a seeded
generator, so there are short chains and hubs; a million objects are about two
million nodes and five million references.

Driven by bench-heap: it holds at its mark, then beats until a line comes on
standard input, and prints a JSON object a line.
"""
import gc
import json
import random
import statistics
import sys
import threading
import time

SHELF = 1000  # records that one list holds


class Record:
    def __init__(self, number, parent):
        self.name = 'record %d' % number
        self.parent = parent
        self.weight = number / 7


class Pair:
    __slots__ = 'first', 'second'

    def __init__(self, first, second):
        self.first = first
        self.second = second


def build(tracked):
    """So many tracked objects, in shelves; and an early record, which many know."""
    chance = random.Random(1)
    shelves, records = [], []
    for number in range(tracked // 5):
        if number % SHELF == 0:
            shelves.append([])
        record = Record(number, chance.choice(records) if records else None)
        table = {'record': record, 'key %d' % number: number}
        line = ['text %d' % number, record, number + 1000]
        both = (record, table)
        shelves[-1].append(Pair(both, line))
        records.append(record)
    return shelves, records[len(records) // 100]


def time_of(action, times):
    """The median of so many runs, in milliseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def beat(stop):
    """The longest time this thread did not run, in milliseconds."""
    longest = 0
    last = time.perf_counter()
    while not stop:
        now = time.perf_counter()
        if now - last > longest:
            longest = now - last
        last = now
    return longest * 1000


def say(**what):
    print(json.dumps(what), flush=True)


def main():
    from refscope import mark

    gc.disable()
    shelves, sample = build(int(sys.argv[1]))
    gc.collect()
    say(tracked=len(gc.get_objects()), sample=id(sample), shelves=len(shelves),
        collect_ms=time_of(gc.collect, 3))
    mark('built')

    stop = []
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.append(1)), daemon=True).start()
    say(beating=True)
    say(standstill_ms=beat(stop), collect_ms=time_of(gc.collect, 3))

    if '--objgraph' in sys.argv:
        try:
            import objgraph
        except ImportError:
            say(objgraph_ms=None)
        else:
            path = sys.argv[sys.argv.index('--objgraph') + 1]
            gc.collect = lambda generation=2: 0  # objgraph collects first; that is not what is compared
            say(objgraph_ms=time_of(lambda: objgraph.show_backrefs([sample], max_depth=3, filename=path), 3))
    say(done=True)


if __name__ == '__main__':
    main()
