"""Builds random heaps, seed by seed, is held at a mark with each, and then collects a
forked copy of itself, where the collector itself prints what it finds.

    truth_program.py FOLDER SEED,...  those heaps, and for each the truth in FOLDER
    truth_program.py --one SEED       that heap only; after the mark, what finalizers brought back is printed

For each heap FOLDER has SEED.printed, what gc's debug flags print, and SEED.lists: how
many objects each of the collector's lists had before and then after, and their addresses;
and SEED.json with what else the check has to know.
"""
import array
import collections
import ctypes
import functools
import gc
import io
import itertools
import json
import operator
import os
import random
import sys
import types
import warnings
import weakref
from _thread import _local

import refscope

try:
    from _testcapi import with_tp_del
except ImportError:
    with_tp_del = None

warnings.simplefilter('ignore')  # coroutines that were never awaited
HAS_IMMORTAL = sys.version_info >= (3, 12)

alive = []        # what holds the living
references = []   # weak references that are not garbage
values = weakref.WeakValueDictionary()
keys = weakref.WeakKeyDictionary()
saved = []        # what finalizers brought back
made = []         # what they made
called = []       # the addresses of weak references whose callback ran
finalized = []    # the addresses of those whose finalizer ran
not_cleared = []  # for each of them its own, those of its weak references that were not cleared by then, and 0
held_by_c = []    # addresses
immortal = []     # of all heaps
frozen = []       # how many were alive when this heap was frozen


class Plain:
    pass


def note_finalizer(one):
    finalized.append(id(one))
    # Numbers only: objects that the collector looks at would not be as they were in the heap that was captured.
    not_cleared.append(id(one))
    not_cleared.extend(map(id, weakref.getweakrefs(one)))
    not_cleared.append(0)


class Slotted:
    __slots__ = 'first', 'second', '__weakref__'


class Finalized(Plain):
    def __del__(self):
        note_finalizer(self)


class Resurrecting(Plain):
    def __del__(self):
        note_finalizer(self)
        saved.append(self)


class ResurrectingOthers(Plain):
    def __del__(self):
        note_finalizer(self)
        saved.extend(vars(self).values())


class Making(Plain):
    def __del__(self):
        note_finalizer(self)
        first, second = [], {}
        first.append(second)
        second['first'] = first
        made.append([first, Plain(), Plain()])


class Callable(Plain):
    def __call__(self, reference, *_):
        called.append(id(reference))


class Error(Exception):
    pass


CONTAINERS = [list, dict, set, collections.deque, collections.OrderedDict, Plain, Plain, Plain, Slotted, Finalized, Resurrecting,
              ResurrectingOthers, Making, Callable, Error, types.SimpleNamespace]

if with_tp_del is not None:
    @with_tp_del
    class Legacy:
        def __tp_del__(self):
            pass

    CONTAINERS.append(Legacy)


def link(chance, source, target):
    """Makes source refer to target; whether it could."""
    if isinstance(source, (list, collections.deque)):
        source.append(target)
    elif isinstance(source, dict):
        source[chance.choice(['key', len(source), (len(source), 'key')])] = target
    elif isinstance(source, set):
        try:
            source.add(target)
        except (TypeError, ValueError):  # not hashable
            return False
    elif isinstance(source, Slotted):
        source.first, source.second = target, getattr(source, 'first', None)
    else:
        setattr(source, chance.choice('abcdef'), target)
    return True


def closure_of(value):
    def function(default=value):
        called.append(id(default))
        return value
    return function


def generator_of(value):
    for item in value, [value]:
        yield item


async def coroutine_of(value):
    return value


async def async_generator_of(value):
    yield value


def started(generator):
    next(generator)
    return generator


def waiting_with(value):
    """What is on its stack while it waits is only borrowed from its local variable (3.14 and later)."""
    return [value, (value, 1), (yield value)]


async def awaiting_with(value):
    return [value, await Awaitable()]


class Awaitable:
    def __await__(self):
        yield


def sent_to(coroutine):
    coroutine.send(None)
    return coroutine


def error_of(value):
    """With a traceback, whose frames have locals."""
    def inner(value):
        kept = [value]
        raise Error(len(kept))
    try:
        inner(value)
    except Error as error:
        return error


def chained_error_of(value):
    try:
        try:
            raise Error(value)
        except Error as first:
            raise ValueError(first)
    except ValueError as second:
        return second


def class_of(value):
    return type('Made', (chance_base(value),), {'value': value, 'method': lambda self: value, '__slots__': ()})


def chance_base(value):
    return type(value) if isinstance(value, Plain) else Plain


Pair = ctypes.py_object * 2


def array_of(value):
    pair = Pair()
    pair[0] = [value]
    return pair


def module_of(value):
    module = types.ModuleType('made')
    module.value = value
    return module


def note_call(reference):
    called.append(id(reference))


# The code of callbacks that say that they were called; Callable does as well.
TELLING = {note_call.__code__, closure_of(None).__code__}

# What refers to one object, each in its own way.
WRAPPERS = [
    lambda value: (value,), lambda value: (1, (value, [])), lambda value: [value], lambda value: {1: value}, lambda value: {'a': [value]},
    lambda value: frozenset([Holder(value)]), lambda value: Holder(value), closure_of, lambda value: lambda: value, generator_of,
    lambda value: started(generator_of(value)), lambda value: started(waiting_with(value)), lambda value: sent_to(awaiting_with(value)), lambda value: (x for x in [value]), coroutine_of, async_generator_of, error_of, chained_error_of,
    class_of, lambda value: class_of(value)(), lambda value: functools.partial(print, value, key=value),
    lambda value: functools.partial(closure_of(value)), lambda value: types.MethodType(Plain, value), lambda value: Holder(value).method,
    lambda value: property(closure_of(value)), lambda value: classmethod(closure_of(value)), lambda value: staticmethod(closure_of(value)),
    lambda value: iter([value]), lambda value: iter((value,)), lambda value: iter({1: value}.values()), lambda value: {1: value}.items(),
    lambda value: types.MappingProxyType({1: value}), lambda value: zip([value], [value]), lambda value: map(print, [value]),
    lambda value: filter(None, [value]), lambda value: enumerate([value]), lambda value: reversed([value]),
    lambda value: itertools.chain([value], [2]), lambda value: itertools.cycle([value]), lambda value: itertools.repeat(value),
    lambda value: itertools.islice([value], 1), lambda value: itertools.tee([value])[0], lambda value: itertools.groupby([value]),
    lambda value: operator.itemgetter(Holder(value)), lambda value: collections.defaultdict(closure_of(value)),
    lambda value: collections.ChainMap({1: value}),
    lambda value: types.CellType(value), lambda value: slice(value), array_of, module_of, lambda value: super(Plain, Holder(value)),
    lambda value: io.TextIOWrapper(Raw(value)), lambda value: functools.lru_cache(closure_of(value)),
    lambda value: ctypes.CFUNCTYPE(None)(closure_of(value)),
    lambda value: functools.cached_property(closure_of(value)), lambda value: list[Holder(value)], lambda value: memoryview(Bytes(value)),
    lambda value: thread_local_of(value), lambda value: Named(1, value), lambda value: ([], {}, (1, 'a', (2, 3)), {'a': 1}, {'a': (1, 2)}, value),
]


class Holder(Plain):
    def __init__(self, value=None):
        self.value = value

    def method(self):
        return self.value


class Raw(io.BytesIO):
    def __init__(self, value=None):
        super().__init__()
        self.value = value


class Bytes(bytearray):
    def __init__(self, value=None):
        super().__init__(8)
        self.value = value


Named = collections.namedtuple('Named', 'first second')


def thread_local_of(value):
    local = _local()
    local.value = value
    return local


def build_cluster(chance, old):
    members = [chance.choice(CONTAINERS)() for _ in range(chance.randrange(1, 7))]
    for i, member in enumerate(members):
        target = members[(i + 1) % len(members)]
        for _ in range(chance.choice([0, 0, 0, 1, 1, 2])):
            target = chance.choice(WRAPPERS)(target)
        if not link(chance, member, target):
            members[0] = [members[0], member, target]
    for _ in range(chance.randrange(5)):
        link(chance, chance.choice(members), chance.choice(members))
    if chance.random() < .5:
        add_weak_references(chance, members)
    if chance.random() < .2:
        # Nothing but atoms: a collection takes these out of its lists.
        link(chance, members[0], (1, 'a', (2, chance.random())))
        link(chance, members[-1], dict([('a', [])], a=1))
    if old and chance.random() < .4:
        link(chance, chance.choice(old), chance.choice(members))
    if old and chance.random() < .4:
        link(chance, chance.choice(members), chance.choice(old))
    if chance.random() < .03:
        hold_by_c(chance.choice(members))
    if HAS_IMMORTAL and chance.random() < .01:
        make_immortal(members)
    return chance.choice(members)


def add_weak_references(chance, members):
    referents = [m for m in members if type(m).__weakrefoffset__]
    for _ in range(chance.randrange(1, 4) if referents else 0):
        target = chance.choice(referents)
        callback = chance.choice([None, Callable(), closure_of(chance.choice(members)), note_call])
        kind = chance.randrange(6)
        if kind == 0:
            values[len(values)] = target
        elif kind == 1 and type(target).__hash__ is not None:
            keys[target] = chance.choice([1, target])
        elif kind == 2:
            inner = weakref.WeakValueDictionary()
            inner[1] = target
            link(chance, members[0], inner)
        else:
            reference = (weakref.proxy if kind == 3 else weakref.ref)(target, callback)
            if chance.random() < .5:
                references.append(reference)
            else:
                link(chance, members[0], [reference])


def hold_by_c(member):
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(member))
    held_by_c.append(id(member))


def make_immortal(members):
    inner = [members[0]]
    members[0] = [members[0], inner]
    immortal.append(inner)
    ctypes.c_uint64.from_address(id(inner)).value = ctypes.c_uint64.from_address(id(None)).value


def build(seed):
    """Clusters of objects in every generation, alive and garbage, that refer to each other; the generation to collect."""
    chance = random.Random(seed)
    steps = chance.choice([[2, 1, 0, None], [1, 0, None], [1, None, 0], [0, 1, 0, None], [2, 0, None], [None], [2, 2], ['freeze', 1, 0, None],
                           [1, 'freeze', 0, None], [2, 0, 'freeze']])
    for step in steps:
        first = len(alive)
        for _ in range(chance.randrange(4, 14)):
            alive.append(build_cluster(chance, alive))
        if step == 'freeze':
            gc.freeze()
            frozen.append(len(alive))
        elif step is not None:
            gc.collect(step)
        if chance.random() < .5:
            alive[first:] = [member for member in alive[first:] if chance.random() < .5]
    chance.shuffle(alive)
    alive[:] = alive[:chance.randrange(len(alive) + 1)]
    return chance.randrange(3)


def forget(seed):
    """All of the last heap is freed, so that each is its seed's alone.

    What the program itself consists of is frozen but for every tenth heap: it is the same each time.
    """
    froze = len(frozen) > 0
    for address in held_by_c:
        ctypes.pythonapi.Py_DecRef(ctypes.cast(address, ctypes.py_object))
    for kept in immortal:
        kept.clear()
    for kept in alive, references, values, keys, held_by_c, frozen:
        kept.clear()
    if froze:
        gc.unfreeze()
    for _ in range(2):  # again for what finalizers bring back
        gc.collect()
        for kept in gc.garbage:
            vars(kept).clear()
        for kept in gc.garbage, saved, made, finalized, not_cleared, called:
            kept.clear()
    if seed % 10 == 9:
        gc.unfreeze()
    else:
        gc.collect()
        gc.freeze()


def can_hold_no_cycle(kept):
    """A tuple or dict that a collection may take out of its lists."""
    work = [kept]
    while work:
        inner = work.pop()
        for item in inner if type(inner) is tuple else itertools.chain(inner.keys(), inner.values()):
            if type(item) is tuple:
                work.append(item)
            elif gc.get_referents(item) or isinstance(item, (list, dict, set)) or gc.is_tracked(item):
                return False
    return True


def leave_no_finalizer(objects):
    """Their finalizers have run, their headers say (the lowest bit of the second word): none of what they would do happens."""
    for kept in objects:
        ctypes.c_uint64.from_address(id(kept) - 8).value |= 1


def tells(callback):
    return type(callback) is Callable or getattr(callback, '__code__', None) in TELLING


def is_dead_reference(kept):
    """Its referent is the first word of its own, and None afterwards; a proxy cannot be asked."""
    return issubclass(type(kept), (weakref.ref, *weakref.ProxyTypes)) and ctypes.c_void_p.from_address(id(kept) + 16).value == id(None)


def take_truth(generation, path, quiet):
    """In the copy: what the collector says, and where everything was and then is."""
    finalized.clear()
    not_cleared.clear()
    called.clear()
    young = [o for g in range(generation + 1) for o in gc.get_objects(generation=g)]
    facts = {
        'quiet': quiet,
        'frozen': bool(frozen),
        'has_tp_del': with_tp_del is not None,
        'atomic': [id(o) for o in young if type(o) in (tuple, dict) and can_hold_no_cycle(o)],
        'referents': [[id(r), id(o)] for o in young for r in weakref.getweakrefs(o)],
        'telling': [id(r) for o in young for r in weakref.getweakrefs(o) if type(r) is weakref.ref and tells(r.__callback__)],
        'immortal': [id(o) for o in immortal],
    }
    if quiet:
        leave_no_finalizer(young)
    young.clear()
    # Without a function or frame of its own, which would be seen and then be gone.
    before = [array.array('Q', map(id, gc.get_objects(generation=0))), array.array('Q', map(id, gc.get_objects(generation=1))),
              array.array('Q', map(id, gc.get_objects(generation=2)))]
    sys.stderr = open(path + '.printed', 'w', buffering=1 << 20)
    # SAVEALL changes nothing of what is found, but what was found is not cleared then, and frees nothing that survived.
    gc.set_debug(gc.DEBUG_COLLECTABLE | gc.DEBUG_UNCOLLECTABLE | gc.DEBUG_SAVEALL)
    facts['returned'] = gc.collect(generation)
    gc.set_debug(0)
    sys.stderr.flush()
    after = [array.array('Q', map(id, gc.get_objects(generation=g))) for g in range(3)]
    facts['finalized'] = finalized
    facts['not_cleared'] = not_cleared
    facts['called'] = called
    facts['dead'] = [id(o) for g in range(3) for o in gc.get_objects(generation=g) if is_dead_reference(o)]
    facts['saved'] = [id(o) for o in saved]
    with open(path + '.lists', 'wb') as file:
        array.array('Q', [len(one) for one in before + after]).tofile(file)
        for one in before + after:
            one.tofile(file)
    with open(path + '.json', 'w') as file:
        json.dump(facts, file)


def run(folder, seeds):
    fork = ctypes.PyDLL(None).fork  # not os.fork(): Python's own hooks change the heap
    for seed in seeds:
        generation = build(seed)
        refscope.mark(f'{seed} {generation}')
        child = fork()
        if child == 0:
            status = 1
            try:
                take_truth(generation, f'{folder}/{seed}', seed % 2 == 0)
                status = 0
            except BaseException:
                sys.stderr = sys.__stderr__
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        if status != 0:
            raise SystemExit(f'the copy for seed {seed} ended with {status}')
        forget(seed)


def reach(objects):
    """The addresses of all that they refer to, and of themselves."""
    found, work = {}, list(objects)
    while work:
        item = work.pop()
        if id(item) not in found:
            found[id(item)] = item
            work += gc.get_referents(item)
    return list(found)


gc.collect()
gc.disable()
forget(0)
if sys.argv[1] == '--one':
    build(int(sys.argv[2]))
    refscope.mark('built')
    print(json.dumps({'saved': [id(o) for o in saved], 'reached': reach(saved)}))
else:
    run(sys.argv[1], [int(seed) for seed in sys.argv[2].split(',')])
