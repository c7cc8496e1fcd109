"""Runs inside the program: makes seeded heaps, lets one walk take each, and
then lets objgraph draw it, in the same process.

    python3 parity_program.py WALK_PROBE OBJGRAPH.PY FOLDER SEED...
    python3 parity_program.py mark OBJGRAPH.PY FOLDER SEED

The second form lets Refscope, which launched it, capture at a mark.

For each seed FOLDER/SEED.heap is the walk's stream and FOLDER/SEED.json a {"views":
[{"request": the driver's line, "dot": objgraph's text}], "own_repr": names of
types whose __repr__ is Python code, "twice": {"dict->value": keys} where an
instance's __dict__ has a value under several keys}.

What makes the comparison fair (each was seen to matter):
  - objgraph changes the heap while it draws: it makes the __dict__ of every
    instance and function, functions' __annotations__ and frames' f_locals.  All
    are made beforehand.
  - a collection changes the order of the collector's lists, and untracks tuples
    and dicts: two run before the capture, and automatic ones are off.
  - what the harness itself makes meanwhile must not refer to the objects.
"""
import collections
import ctypes
import functools
import gc
import importlib.util
import io
import json
import os
import random
import sys
import types
import weakref

REGISTRY = []  # the objects of the heap at hand: the views start from these


class Plain:
    def method(self):
        return self

    @staticmethod
    def static():
        pass

    @classmethod
    def of_class(cls):
        return cls


class Slots:
    __slots__ = 'first', 'second'


class SlotsAndDict(Plain):
    __slots__ = ('extra',)


class Finalized:
    def __del__(self):
        pass


class OwnRepr:
    def __repr__(self):
        return 'own repr of %s' % type(self).__name__


class Outer:
    class Inner(Plain):
        pass


class MyList(list):
    pass


class MyDict(dict):
    pass


def make_closure(value, other):
    def inner(x=value, *rest, key=other):
        return value, other, x, rest, key
    return inner


def make_annotated(value):
    def annotated(a: int, b: 'text' = value) -> list:
        "A docstring."
        return a
    annotated.attribute = value
    annotated.zzz = [value]
    return annotated


def make_lambda(value):
    return lambda x=value: (x, value)


def make_frame(value, other):
    local = [value, other]
    return sys._getframe() if local else None


def make_generator(value):
    def generate():
        held = value
        yield held
        yield [held]
    generator = generate()
    next(generator)
    return generator


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seed = seed
        self.objects = []

    def any(self):
        if not self.objects or self.random.random() < 0.25:
            return self.atom()
        return self.random.choice(self.objects)

    def some(self, low, high):
        return [self.any() for _ in range(self.random.randint(low, high))]

    def atom(self):
        return self.random.choice([
            None, True, 0, 7, -3, 10 ** 30 + self.seed, 1.5, -0.0, float('inf'), 1e100, 3 + 4j,
            'text', 'it\'s', 'both \' and "', 'back\\slash', 'new\nline', 'nul\0', 'é', '中文', '\u200b', 'tab\t',
            'a long text of more than forty characters, which is cut', b'bytes', b'\x00\xff\'"', '', b'',
            Ellipsis, NotImplemented, bytearray(b'array'), range(3), range(9, -5, -2), slice(1, 2),
            -2.5j, complex(-0.0, float('inf')), [].__str__, (lambda: 0).__call__])

    def key(self):
        return self.random.choice(['name', 'key_1', 'not an identifier', 'x', '9', '', 'trailing\n', 'é',
                                   3, None, 2.5, (1, 2), b'k', True, frozenset([1]), ('a', ('b',))])

    def add(self, value):
        self.objects.append(value)
        return value

    def make_list(self):
        return self.some(0, 6)

    def make_tuple(self):
        return tuple(self.some(1, 5))

    def make_dict(self):
        return {self.key(): self.any() for _ in range(self.random.randint(0, 6))}

    def make_str_dict(self):
        return {'k%d' % i: self.any() for i in range(self.random.randint(1, 5))}

    def make_set(self):
        return {self.random.choice([1, 'a', (1, 'b'), 2.5, None, b'x', Plain, len]) for _ in range(4)}

    def make_frozenset(self):
        return frozenset([self.random.randint(0, 9), 'x'])

    def make_repeats(self):
        return [self.any()] * self.random.randint(2, 15)

    def make_hub(self):
        hub = self.any()
        for _ in range(self.random.randint(5, 30)):
            self.add([hub])
        return hub if gc.is_tracked(hub) else [hub]

    def make_big(self):
        return list(range(300, 300 + self.random.randint(12, 60)))

    def make_plain(self):
        instance = self.random.choice([Plain, Plain, Outer.Inner, SlotsAndDict, Finalized, OwnRepr])()
        for name in self.random.sample(['a', 'b', 'name', 'next', 'parent'], self.random.randint(0, 4)):
            setattr(instance, name, self.any())
        return instance

    def make_slots(self):
        instance = Slots()
        instance.first = self.any()
        if self.random.random() < 0.5:
            instance.second = self.any()
        return instance

    def make_subclass(self):
        return self.random.choice([MyList(self.some(0, 4)), MyDict(self.make_str_dict())])

    def make_class(self):
        bases = self.random.choice([(), (Plain,), (Finalized,), (Slots,)])
        attributes = {'value': self.any(), '__module__': 'made.up'}
        if self.random.random() < 0.4:
            attributes['__slots__'] = ('one', 'two')
        try:
            return type('Made%d' % self.random.randint(0, 99), bases, attributes)
        except (TypeError, ValueError):
            return type('Simple', (), {})

    def make_function(self):
        return self.random.choice([make_closure, make_annotated_pair, make_lambda_pair])(self.any(), self.any())

    def make_method(self):
        return self.random.choice([self.make_plain_only().method, [self.any()].append, {}.get, Plain.of_class])

    def make_plain_only(self):
        instance = Plain()
        instance.a = self.any()
        return instance

    def make_module(self):
        name = 'parity_module_%d_%d' % (self.seed, len(self.objects))
        module = types.ModuleType(name, self.random.choice([None, 'A docstring.']))
        module.content = self.any()
        if self.random.random() < 0.5:
            sys.modules[name] = module
        return module

    def make_frame(self):
        return make_frame(self.any(), self.any())

    def make_generator(self):
        return make_generator(self.any())

    def make_cell(self):
        return types.CellType(self.any())

    def make_weakref(self):
        return weakref.ref(self.make_kept())

    def make_kept(self):
        return self.add(self.make_plain_only())

    def make_collection(self):
        return self.random.choice([
            collections.deque(self.some(0, 4)), collections.OrderedDict(self.make_str_dict()),
            collections.defaultdict(list, self.make_str_dict())])

    def make_wrapper(self):
        return self.random.choice([
            functools.partial(make_closure, self.any()), property(make_lambda_pair(1, 2)),
            types.MappingProxyType(self.make_str_dict()), ValueError(self.any(), 'why'), KeyError('one'),
            Plain.__dict__['static'], Plain.__dict__['of_class'], Slots.__dict__['first'],
            object.__init__, str.join, vars(type)['__dict__'], make_closure.__code__, iter([self.any()])])

    def make_cycle(self):
        first, second = [], {}
        first.append(second)
        second['first'] = first
        first.append(self.any())
        return first

    KINDS = ['list', 'list', 'tuple', 'dict', 'str_dict', 'set', 'frozenset', 'repeats', 'hub', 'big', 'plain', 'plain',
             'slots', 'subclass', 'class', 'function', 'function', 'method', 'module', 'frame', 'generator', 'cell',
             'weakref', 'collection', 'wrapper', 'cycle']

    def make(self):
        for _ in range(self.random.randint(8, 40)):
            self.add(getattr(self, 'make_' + self.random.choice(self.KINDS))())
        return self.objects


def make_annotated_pair(value, other):
    return make_annotated([value, other])


def make_lambda_pair(value, other):
    return make_lambda((value, other))


def touch():
    """Makes what objgraph would make while it draws."""
    for candidate in gc.get_objects():
        kind = type(candidate)
        if kind is types.FunctionType:
            candidate.__dict__, candidate.__annotations__
            if hasattr(candidate, '__type_params__'):
                candidate.__type_params__
        elif kind is types.FrameType:
            candidate.f_locals
        else:
            try:
                object.__getattribute__(candidate, '__dict__')
            except (AttributeError, TypeError):
                pass


# objgraph's callables and what says the same as SQL.
FILTERS = [
    (None, None),
    (None, None),
    (lambda x: type(x).__name__ != 'dict', "type <> 'dict'"),
    (lambda x: type(x) is not type, "not (type = 'type')"),
    (lambda x: type(x) in (list, dict, Plain), "type in ('list', 'dict', 'Plain')"),
    (gc.is_tracked, 'tracked'),
]
HIGHLIGHTS = [
    (None, None),
    (None, None),
    (lambda x: type(x) is list, "type = 'list'"),
    (gc.is_tracked, 'tracked = 1'),
]
EXTRA_INFOS = [
    (None, None),
    (None, None),
    (lambda x: str(id(x)), 'address'),
    (lambda x: type(x).__qualname__, 'type'),
]


def make_request(rng, view, indices, ignored):
    """(objgraph's arguments, the driver's words) of one view."""
    kwargs = {'max_depth': rng.choice([0, 1, 2, 3, 3, 4]), 'too_many': rng.choice([0, 1, 3, 5, 10, 10, 20]),
              'refcounts': rng.random() < 0.15, 'shortnames': rng.random() < 0.8}
    # Each object that objgraph draws backwards costs it a look at the whole heap.
    if view == 'backrefs' and kwargs['max_depth'] >= 3:
        kwargs['too_many'] = min(kwargs['too_many'], 5)
    words = {'view': view, 'max_depth': kwargs['max_depth'], 'too_many': kwargs['too_many'],
             'refcounts': int(kwargs['refcounts']), 'shortnames': int(kwargs['shortnames'])}
    for name, choices in (('filter', FILTERS), ('highlight', HIGHLIGHTS), ('extra_info', EXTRA_INFOS)):
        call, sql = rng.choice(choices)
        if call is not None:
            kwargs[name], words[name] = call, sql
    words['objects'] = ','.join(str(id(REGISTRY[i])) for i in indices)
    if ignored:
        kwargs['extra_ignore'] = [id(REGISTRY[i]) for i in ignored]
        words['extra_ignore'] = ','.join(map(str, kwargs['extra_ignore']))
    return kwargs, '\t'.join('%s=%s' % pair for pair in words.items())


def plan(rng):
    """The views of a heap, made before it is captured."""
    result = []
    for view in ('refs', 'backrefs', 'refs', 'backrefs'):
        indices = [rng.randrange(len(REGISTRY)) for _ in range(rng.choice([1, 1, 2, 3]))]
        ignored = [rng.randrange(len(REGISTRY))] if rng.random() < 0.25 else []
        result.append((view, indices, *make_request(rng, view, indices, ignored)))
    return result


def draw(objgraph, views):
    # No generator: its frame would be one more referrer of this module's names.
    result = []
    for view, indices, kwargs, words in views:
        output = io.StringIO()
        function = objgraph.show_refs if view == 'refs' else objgraph.show_backrefs
        function([REGISTRY[i] for i in indices], output=output, **kwargs)
        result.append({'request': words, 'dot': output.getvalue()})
    return result


def own_reprs():
    """Names of classes whose __repr__ is the program's code."""
    result = set()
    for candidate in gc.get_objects():
        kind = type(candidate)
        if type(kind.__repr__) is types.FunctionType:
            result.add(kind.__name__)
    return sorted(result)


def values_under_several_keys():
    result = {}
    for candidate in gc.get_objects():
        if type(candidate) is dict:
            keys = collections.defaultdict(list)
            for key, value in candidate.items():
                if type(key) is str:
                    keys[id(value)].append(key)
            for value, names in keys.items():
                if len(names) > 1:
                    result['%d->%d' % (id(candidate), value)] = names
    return result


def find_capture(probe_path):
    """A function that captures to a descriptor: None, or what went wrong."""
    if probe_path == 'mark':
        import refscope
        return lambda fd: refscope.mark('parity')
    probe = ctypes.PyDLL(probe_path)
    probe.rsc_probe_walk.restype = ctypes.c_char_p
    return probe.rsc_probe_walk


def main(probe_path, objgraph_path, folder, *seeds):
    spec = importlib.util.spec_from_file_location('objgraph', objgraph_path)
    objgraph = importlib.util.module_from_spec(spec)
    sys.modules['objgraph'] = objgraph
    spec.loader.exec_module(objgraph)
    capture = find_capture(probe_path)
    gc.disable()
    for seed in map(int, seeds):
        REGISTRY.clear()
        REGISTRY.extend(Maker(seed).make())
        views = plan(random.Random(seed))
        fd = os.open(os.path.join(folder, '%d.heap' % seed), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        touch()
        gc.collect()
        touch()
        gc.collect()
        error = capture(fd)
        if error is None:
            answers = {'views': draw(objgraph, views), 'own_repr': own_reprs(), 'twice': values_under_several_keys()}
        else:
            answers = {'error': error.decode()}
        os.close(fd)
        with open(os.path.join(folder, '%d.json' % seed), 'w') as out:
            json.dump(answers, out)


if __name__ == '__main__':
    main(*sys.argv[1:])
