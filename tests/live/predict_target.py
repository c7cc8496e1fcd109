"""Makes random clusters of objects, alive and garbage, in all generations; is
held at a mark; then collects each generation in a forked copy of itself, where
the collector itself prints what it finds.

    predict_target.py SEED FOLDER
"""
import gc
import os
import random
import sys
import weakref

import refscope


class Plain:
    pass


class Slotted:
    __slots__ = 'first', 'second', '__weakref__'


class Finalized(Plain):
    def __del__(self):
        pass


class Resurrected(Plain):
    def __del__(self):
        saved.append(self)


gc.collect()
gc.disable()
chance = random.Random(int(sys.argv[1]))
saved, alive, references = [], [], []


def make():
    return chance.choice([list, dict, set, Plain, Plain, Slotted, Finalized, Resurrected])()


def link(source, target):
    if type(source) is list:
        source.append(target)
    elif type(source) is dict:
        source[chance.choice(['key', len(source)])] = target
    elif type(source) is set:
        if isinstance(target, (Plain, Slotted)):
            source.add(target)
    elif type(source) is Slotted:
        source.first, source.second = target, getattr(source, 'first', None)
    else:
        setattr(source, chance.choice('abcd'), target)


def closure_of(value):
    return lambda: value


def build(clusters, old):
    for _ in range(clusters):
        members = [make() for _ in range(chance.randrange(2, 8))]
        for i, member in enumerate(members):
            link(member, members[(i + 1) % len(members)])
        for _ in range(chance.randrange(5)):
            link(chance.choice(members), chance.choice(members))
        if chance.random() < .2:
            link(members[0], (members[-1], closure_of(members[0])))
        if chance.random() < .2:
            link(members[0], (x for x in members))
        if chance.random() < .3:
            target = next((m for m in members if isinstance(m, (Plain, Slotted))), None)
            if target is not None:
                reference = weakref.ref(target, (lambda _: None) if chance.random() < .5 else None)
                if chance.random() < .5:
                    references.append(reference)
                else:
                    link(members[0], reference)
        if chance.random() < .3:
            alive.append(chance.choice(members))
        if old and chance.random() < .3:
            link(chance.choice(old), members[0])


build(40, [])
gc.collect(0)
gc.collect(1)
build(30, alive)
gc.collect(0)
build(30, alive)
del alive[::2]
refscope.mark('built')

for generation in 0, 1, 2:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(f'{sys.argv[2]}/{generation}', os.O_WRONLY | os.O_CREAT, 0o600), 2)
        gc.set_debug(gc.DEBUG_COLLECTABLE)
        gc.collect(generation)
        os._exit(0)
    os.waitpid(child, 0)
refscope.mark('collected')
