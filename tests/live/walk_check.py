"""Runs inside the interpreter under test: makes a heap of every kind of object,
walks it by the library given, reads the stream by a decoder of its own, and compares
each object with what gc, sys and weakref say of it.  Writes what differs, exits 1."""
import array
import asyncio
import collections
import contextvars
import ctypes
import datetime
import decimal
import functools
import gc
import io
import itertools
import operator
import os
import re
import struct
import sys
import threading
import types
import weakref

try:
    import _testcapi  # the only way to a tp_del
except ImportError:
    _testcapi = None

NODE = struct.Struct("=QQQIIII")
EDGE = struct.Struct("=III")
HEADER = struct.Struct("=QIIQQQQ384s")
CHUNK = struct.Struct("=IIQQ")
# Made once: struct's own functions keep a cache, which is part of the heap that is compared.
WORD = struct.Struct("=I")
FOUR = struct.Struct("=IIII")
THREAD = struct.Struct("=QQII")
FRAME = struct.Struct("=IIIIII")
UNSIGNED = struct.Struct("=Q")
SIGNED = struct.Struct("=q")
DOUBLE = struct.Struct("=d")
KINDS = ("PLAIN INDEX KEY VALUE ATTRIBUTE SLOT DICT TYPE BASE MRO CLOSURE CELL GLOBALS LOCAL CONSTANT NAMED ELEMENT "
         "STACK WEAK_REFERENT").split()
TRAVERSED, WEAK, BORROWED = 0x80, 0x40, 0x20
TYPE_CLEAR, TYPE_LEGACY_FINALIZER = 1 << 4, 1 << 5
(CONTAINER, TRACKED, ROOT, FINALIZER, FINALIZED, HAS_WEAKREFS, IMMORTAL, ESTIMATED, SYNTHETIC, PROPER, TYPE, TEXT, BYTES,
 TRUNCATED, HIDDEN, HAS_DEL) = (1 << i for i in range(16))


class Stream:
    def __init__(self, data):
        (magic, version, state, n_nodes, n_edges, n_strings, size, error) = HEADER.unpack_from(data)
        assert magic == 0x3150414548435352, hex(magic)
        assert state == 1, (state, error)
        assert size == len(data), (size, len(data))
        chunks = collections.defaultdict(list)
        at = HEADER.size
        while at < size:
            kind, _, length, used = CHUNK.unpack_from(data, at)
            chunks[kind].append(data[at + CHUNK.size:at + CHUNK.size + used])
            at += CHUNK.size + length
        self.strings = [b""]
        for block in chunks[4]:
            i = 0
            while i < len(block):
                length, = WORD.unpack_from(block, i)
                self.strings.append(block[i + 4:i + 4 + length])
                i += 4 + length
        assert len(self.strings) == n_strings + 1
        self.types = [r for b in chunks[3] for r in FOUR.iter_unpack(b)]
        self.threads = [r for b in chunks[5] for r in THREAD.iter_unpack(b)]
        self.frames = [r for b in chunks[6] for r in FRAME.iter_unpack(b)]
        self.roots = [r for b in chunks[7] for r in FOUR.iter_unpack(b)]
        self.info = b"".join(chunks[8])
        self.nodes = [r for b in chunks[1] for r in NODE.iter_unpack(b)]
        self.edges = [r for b in chunks[2] for r in EDGE.iter_unpack(b)]
        assert len(self.nodes) == n_nodes and len(self.edges) == n_edges
        assert sum(n[6] for n in self.nodes) == n_edges
        self.first = [0]
        for node in self.nodes:
            self.first.append(self.first[-1] + node[6])
        self.by_address = {n[0]: i for i, n in enumerate(self.nodes) if n[0]}

    def string(self, number):
        return self.strings[number].decode()

    def edges_of(self, i):
        return self.edges[self.first[i]:self.first[i + 1]]

    def type_name(self, i):
        return self.string(self.types[self.nodes[i][3]][1])

    def label(self, edge):
        kind = KINDS[edge[2] & 0x1f]
        if kind in ("ATTRIBUTE", "SLOT", "LOCAL", "NAMED"):
            return kind, self.string(edge[1])
        if kind in ("INDEX", "CONSTANT"):
            return kind, edge[1]
        if kind == "VALUE":
            return kind, self.value(edge[1])
        return kind, None

    def value(self, i):
        node = self.nodes[i]
        kind = node[5] >> 24 & 15
        if kind == 1:
            return self.strings[node[2]] if node[5] & BYTES else self.string(node[2])
        if kind == 2:
            return SIGNED.unpack(UNSIGNED.pack(node[2]))[0]
        if kind == 3:
            return DOUBLE.unpack(UNSIGNED.pack(node[2]))[0]
        if kind == 4:
            return "%d items" % node[2]
        if kind == 5:
            raw = self.strings[node[2]]
            negative, omitted, *digits = [d for d, in WORD.iter_unpack(raw)]
            value = sum(d << (30 * (n + omitted)) for n, d in enumerate(digits))
            return -value if negative else value
        return None


# ---- a heap of everything -------------------------------------------------

class Plain:
    def __init__(self, **attributes):
        for name, value in attributes.items():
            setattr(self, name, value)


class Slots:
    __slots__ = ("first", "second", "__weakref__")


class SlotsAndDict(Slots):
    __slots__ = ("third", "__dict__")


class ListWithDict(list):
    pass


class DictWithDict(dict):
    pass


class TupleWithDict(tuple):
    pass


class IntWithDict(int):
    pass


class StrWithDict(str):
    pass


class BytesWithDict(bytes):
    pass


class SetWithDict(set):
    pass


class DequeWithDict(collections.deque):
    pass


class OrderedWithDict(collections.OrderedDict):
    pass


class Meta(type):
    def __del__(self):
        pass


class Made(metaclass=Meta):
    pass


class Final:
    def __del__(self):
        pass


class Sized:
    def __sizeof__(self):
        raise RuntimeError("the target's code must not run")


class Oops(Exception):
    pass


class Many:
    pass


class Abstract(collections.abc.Mapping):
    def __getitem__(self, key):
        return key

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0


def deep(n):
    box = []
    for _ in range(n):
        box = [box]
    return box


def make_closure(captured):
    def inner(a=captured, *, b="kw"):
        return captured, a, b
    return inner


def generate(argument):
    local_of_generator = [argument]
    for i in range(3):
        yield local_of_generator, i


async def coroutine(argument):
    await asyncio.sleep(0)
    return argument


async def async_generator(argument):
    yield argument


def build():
    keep = {}
    keep["containers"] = [[], [1, 2, 3], (), (1,), ({}, []), {}, {"a": 1, "b": [2]}, {1: 2, "x": []}, {(1, 2): {3}}, {1, "two", (3,)},
                          frozenset((4, 5)), list(range(300)), {i: [i] for i in range(100)}, {str(i): (i, []) for i in range(100)},
                          {str(i) for i in range(1000)}, deep(50), [None] * 5]
    grown = []
    for i in range(37):
        grown.append([i])
    del grown[20:30]
    shrunk = {str(i): [i] for i in range(200)}
    for i in range(190):
        del shrunk[str(i)]
    holes = set(range(100))
    holes -= set(range(50))
    keep["changed"] = [grown, shrunk, holes, dict.fromkeys(range(10))]
    keep["ints"] = [0, 1, -1, 255, 2 ** 29, 2 ** 30, 2 ** 31, 2 ** 62, 2 ** 63 - 1, 2 ** 63, -2 ** 63, 2 ** 64, -2 ** 100, 10 ** 300, True, False]
    keep["floats"] = [0.0, -1.5, 1e300, float("inf"), complex(1, 2)]
    keep["strings"] = ["", "plain", "é", "caf\xe9 latin", "\u4e2d\u6587", "\U0001f600 wide", "x" * 1000, "\u4e2d" * 1000, "\udc80 lone",
                       "a\0b", "with utf8 é".encode().decode(), sys.intern("interned one")]
    with_utf8 = "caché \u20ac"
    ctypes.pythonapi.PyUnicode_AsUTF8.restype = ctypes.c_char_p
    ctypes.pythonapi.PyUnicode_AsUTF8.argtypes = [ctypes.py_object]
    ctypes.pythonapi.PyUnicode_AsUTF8(with_utf8)
    keep["cached utf-8"] = with_utf8
    keep["bytes"] = [b"", b"abc", bytes(range(256)), b"y" * 1000, bytearray(), bytearray(b"abc"), bytearray(1000)]
    trimmed = bytearray(b"0123456789" * 10)
    del trimmed[:30]
    keep["trimmed"] = trimmed
    plain = Plain(one=[1], two="2", three={})
    with_dict = Plain(x=[1], y=2)
    with_dict.__dict__["z"] = [3]
    emptied = Plain(x=1)
    del emptied.x
    replaced = Plain(x=1)
    replaced.__dict__ = {"other": [1]}
    many = Many()
    for i in range(60):
        setattr(many, "a%d" % i, [i])
    keep["instances"] = [plain, with_dict, emptied, replaced, many, Plain(), [Plain(one=i, two=[i]) for i in range(50)]]
    slots = Slots()
    slots.first = [1]
    both = SlotsAndDict()
    both.first, both.second, both.third, both.free = [1], [2], [3], [4]
    keep["slots"] = [slots, both]
    subclassed = [ListWithDict([1, [2]]), DictWithDict(a=[1]), TupleWithDict((1, [2])), IntWithDict(5), IntWithDict(2 ** 70), IntWithDict(0),
                  StrWithDict("text"), BytesWithDict(b"data"), SetWithDict((1, (2,))), DequeWithDict([1, [2]]), OrderedWithDict(a=[1])]
    for one in subclassed:
        one.attribute = [one]
    keep["subclassed"] = subclassed
    keep["subclassed empty"] = [ListWithDict(), DictWithDict(), TupleWithDict(), IntWithDict(7), StrWithDict(), DequeWithDict()]
    keep["classes"] = [Made, Made(), Final(), Sized(), Oops, type("Dynamic", (Plain,), {"__doc__": None}), Abstract()]
    keep["deques"] = [collections.deque(), collections.deque(range(1000)), collections.deque([[1], [2]], maxlen=10)]
    rotated = collections.deque([i] for i in range(200))
    for i in range(100):
        rotated.popleft()
        rotated.append([i])
    keep["rotated"] = rotated
    ordered = collections.OrderedDict((str(i), [i]) for i in range(100))
    ordered.move_to_end("5")
    del ordered["7"]
    keep["ordered"] = [ordered, collections.OrderedDict(), collections.OrderedDict({1: [1], (2,): [2]}), collections.Counter("abcab"),
                       collections.defaultdict(list, a=[1]), collections.ChainMap({}, {"a": 1}), types.SimpleNamespace(a=[1], b=2)]
    keep["arrays"] = [array.array("b"), array.array("d", range(100)), array.array("u", "ab"), memoryview(b"abc"), memoryview(bytearray(10))]
    bytes_io = io.BytesIO(b"initial")
    written = io.BytesIO()
    written.write(b"z" * 1000)
    keep["io"] = [bytes_io, written, io.BytesIO(), io.StringIO("text"), open(os.devnull), open(os.devnull, "rb"), open(os.devnull, "wb", 4096),
                  open(os.devnull, "rb", 0)]
    keep["functions"] = [make_closure([1]), lambda x, y=[1]: (x, y), make_closure, plain.__init__, [].append, len, str.upper, dict.fromkeys,
                         functools.partial(make_closure, [1], k=2), property(lambda s: s), classmethod(len), staticmethod(len),
                         operator.attrgetter("a.b"), operator.itemgetter(1), "".join, object.__init__, plain.__repr__, functools.lru_cache(len),
                         super(Plain, plain)]
    annotated = make_closure([2])
    annotated.attribute = [1]
    annotated.__annotations__ = {"a": list}
    keep["annotated"] = annotated
    started = generate([9])
    next(started)
    finished = generate([8])
    list(finished)
    a_coroutine = coroutine([7])
    a_coroutine.send(None)
    not_begun = coroutine([6])
    keep["generators"] = [started, finished, generate([5]), a_coroutine, not_begun, async_generator([4]), (i for i in [1, 2])]
    referent = Plain(x=1)
    dead = weakref.ref(Plain())
    keep["weak"] = [referent, weakref.ref(referent), weakref.ref(referent, lambda r: None), weakref.proxy(referent), dead,
                    weakref.WeakValueDictionary({1: referent}), weakref.WeakKeyDictionary({referent: 1}), weakref.WeakSet([referent])]
    if _testcapi is not None:
        keep["legacy"] = [_testcapi.with_tp_del(type("Legacy", (), {"__tp_del__": lambda self: None}))()]
    try:
        try:
            raise Oops("inner", [1])
        except Oops as inner:
            raise ValueError("outer") from inner
    except ValueError as outer:
        keep["exceptions"] = [outer, outer.__traceback__, OSError(2, "no", "file"), KeyError([1]), StopIteration(5), ImportError("x", name="n")]
        if hasattr(outer, "add_note"):
            outer.add_note("a note")
    keep["iterators"] = [iter([1, 2]), iter((1, 2)), iter({1: 2}), iter({1}), iter("ab"), iter(range(5)), reversed([1]), enumerate([1]), zip([1], [2]),
                         map(len, []), filter(None, [1]), {1: 2}.keys(), {1: 2}.values(), {1: 2}.items(), itertools.count(), itertools.cycle([1]),
                         itertools.chain([1], [2]), itertools.product([1, 2], [3]), itertools.combinations([1, 2, 3], 2), itertools.islice([1], 1),
                         itertools.permutations([1, 2, 3]), itertools.permutations(range(9), 4), itertools.combinations(range(9), 5), itertools.repeat([1]), itertools.combinations_with_replacement([1, 2], 2),
                         itertools.groupby([1]), itertools.tee([1])]
    keep["others"] = [range(10), slice(1, [2], 3), Ellipsis, NotImplemented, None, types.MappingProxyType({"a": 1}), re.compile("a(b)"),
                      re.match("a(b)", "ab"), struct.Struct("=QI"), datetime.datetime.now(), datetime.timedelta(1), decimal.Decimal("1.5"), decimal.Decimal("1" * 200), struct.Struct("3si4xqqd"),
                      contextvars.ContextVar("v"), contextvars.copy_context(), threading.Lock(), threading.RLock(), threading.Condition(),
                      threading.local(), os.stat("/"), sys.version_info, sys.flags, types.ModuleType("made"), object(), ctypes.c_int(5),
                      (ctypes.c_int * 3)(), types.GenericAlias(list, (int,)), list[int], int | str, os.scandir("/")]
    keep["cells"] = [types.CellType([1]), types.CellType()]
    keep["code"] = [compile("x = (1, 2)\ndef f(a):\n    b = [a]\n    return b\n", "made.py", "exec"), build.__code__, generate.__code__]
    keep["frames"] = [sys._getframe(), a_coroutine.cr_frame, started.gi_frame]
    keep["lines"] = raise_from_everywhere()
    keep["cycle"] = cycle = Plain()
    cycle.me = [cycle]
    return keep


def running(handshake, go_on, in_thread):
    local_of_thread = [in_thread, "named"]
    handshake.set()
    go_on.wait()
    return local_of_thread


def through(library, fd):
    """A generator that runs while the heap is walked."""
    local_of_running = ["only the running generator holds it", fd]
    yield library.rsc_probe_walk(fd)
    yield local_of_running


def raise_from_everywhere():
    """Exceptions whose frames stand at every line of a long function."""
    body = ["def long_one(at):"]
    for i in range(700):
        body.append("    if at == %d:" % i)
        if i % 3 == 0:
            body.append("        raise ValueError(\n            at,\n            [i for i in\n             range(3)])" if i % 2 else "        1 / 0")
        elif i % 3 == 1:
            body.append("        (at ,\n\n          at.missing,\n         3)")
        else:
            body.append("\n" * 200 * (i % 7 == 0) + "        {}[at]")
    namespace = {}
    exec(compile("\n".join(body), "made for lines.py", "exec"), namespace)
    caught = []
    for i in range(700):
        try:
            namespace["long_one"](i)
        except Exception as error:
            caught.append(error)
    return caught


problems = []
n_problems = collections.Counter()


def problem(what, *details):
    n_problems[what] += 1
    if n_problems[what] <= 12:
        problems.append("%s: %s" % (what, " ".join(map(str, details))))


def short(o):
    return "%s at %#x" % (type(o).__name__, id(o))


def main():
    library = ctypes.PyDLL(sys.argv[1] or None)  # None: in this program
    library.rsc_probe_walk.restype = ctypes.c_char_p
    library.rsc_probe_walk.argtypes = [ctypes.c_int]
    gc.collect()
    gc.disable()
    keep = build()
    handshake, go_on = threading.Event(), threading.Event()
    thread = threading.Thread(target=running, args=(handshake, go_on, [1]), name="the other")
    thread.start()
    handshake.wait()
    frozen_first = [[i] for i in range(3)]
    gc.freeze()
    gc.collect(0)
    aged = [[i] for i in range(5)]
    gc.collect(0)
    fresh = [[i] for i in range(5)]
    fd = os.memfd_create("heap")
    unique_local = ["only held by this frame"]

    # What there is and how large it is, before the walk: the comparison changes both.
    expected_sizes = {}
    objects = {}
    todo = gc.get_objects()
    todo.append(keep)
    while todo:
        o = todo.pop()
        if id(o) in objects:
            continue
        objects[id(o)] = o
        todo.extend(gc.get_referents(o))
        todo.append(type(o))
    for address, o in objects.items():
        if type(o) is not Sized:
            expected_sizes[address] = sys.getsizeof(o)
    stream = data = size = order = node = name = one = i = n = expected = found = edges = None
    expected_order = [[id(o) for o in gc.get_objects(generation=g)] for g in range(3)]
    n_frozen = gc.get_freeze_count()
    running_generator = through(library, fd)
    error = next(running_generator)
    assert error is None, error
    size = os.fstat(fd).st_size
    data = os.pread(fd, size, 0)
    while len(data) < size:
        data += os.pread(fd, size - len(data), len(data))
    stream = Stream(data)
    ignored = set()
    for cell in main_cells():
        ignored.add(id(cell))
    for made in (objects, todo, expected_sizes):
        ignored.add(id(made))
    for made in (expected_order, data, stream, stream.__dict__, locals(), globals(), problems, n_problems, sys._getframe(), fresh, aged):
        ignored.add(id(made))
    ignored.update(id(o) for o in stream.__dict__.values())
    ignored.update(id(o) for o in expected_order)

    # 1. The lists, in order.
    order = [[], [], [], []]
    for node in stream.nodes:
        generation = node[5] >> 28 & 7
        if generation != 7:
            order[generation].append(node[0])
    if len(order[3]) != n_frozen:
        problem("frozen", len(order[3]), n_frozen)
    for g in range(3):
        expected = expected_order[g]
        # What this script made while it asked (the lists of addresses and their ints' holders) is younger than all else.
        common = set(expected) & set(order[g])
        a = [x for x in expected if x in common]
        b = [x for x in order[g] if x in common]
        if a != b:
            problem("list order", g)
        if len(expected) - len(common) > 3 or len(order[g]) - len(common) > 8:
            problem("list members", g, len(expected), len(order[g]), len(common))
    positions = [n[5] >> 28 & 7 for n in stream.nodes]
    n_tracked = sum(map(len, order))
    if positions[:n_tracked] != sorted(positions[:n_tracked]) or any(p != 7 for p in positions[n_tracked:]):
        problem("tracked ones do not come first, generation by generation")

    # 2. Each object that can be reached from here.
    n_estimated = collections.Counter()
    n_named = n_plain = 0
    plain_types = collections.Counter()
    compared = 0
    for address, o in objects.items():
        i = stream.by_address[address]
        node = stream.nodes[i]
        flags = node[5]
        if address in ignored or isinstance(o, types.FrameType):
            continue
        if address not in stream.by_address:
            problem("not found", short(o))
            continue
        compared += 1
        t = type(o)
        if stream.type_name(i) != t.__qualname__ and "." not in t.__qualname__:
            problem("type name", stream.type_name(i), t.__qualname__)
        type_node = stream.types[node[3]][0]
        if stream.nodes[type_node][0] != id(t):
            problem("type node", short(o))
        type_flags = stream.types[node[3]][3]
        if bool(type_flags & TYPE_CLEAR) != has_slot(t, "tp_clear"):
            problem("tp_clear", t)
        if bool(type_flags & TYPE_LEGACY_FINALIZER) != has_slot(t, "tp_del"):
            problem("tp_del", t)
        if bool(flags & TRACKED) != gc.is_tracked(o):
            problem("tracked", short(o))
        if hasattr(gc, "is_finalized") and bool(flags & FINALIZED) != gc.is_finalized(o):
            problem("finalized", short(o))
        if bool(flags & HAS_DEL) != hasattr(t, "__del__"):
            problem("has __del__", short(o), t)
        if weakref_count(o) is not None and not isinstance(o, type) and bool(flags & HAS_WEAKREFS) != (weakref_count(o) > 0):
            problem("weakrefs", short(o), weakref_count(o))
        # edges
        edges = stream.edges_of(i)
        traversed = [e for e in edges if e[2] & TRAVERSED]
        if edges[:len(traversed)] != traversed:
            problem("traversed edges do not come first", short(o))
        expected = [id(r) for r in gc.get_referents(o)]
        found = [stream.nodes[e[0]][0] for e in traversed]
        if expected != found and not changed_meanwhile(o):
            problem("referents", short(o), len(expected), len(found))
        for e in traversed:
            if e[2] & 0x1f:
                n_named += 1
            else:
                n_plain += 1
                plain_types[t.__name__] += 1
        check_labels(stream, o, i, edges)
        # size
        if flags & ESTIMATED:
            n_estimated[t.__name__] += 1
        elif type(o).__sizeof__ is not Sized.__sizeof__:
            size = expected_sizes[address]
            if size != node[1] and not changed_meanwhile(o):
                problem("size", short(o), "says", size, "walk", node[1], "basic", t.__basicsize__)
        check_value(stream, o, i, flags)
        # modules
        if isinstance(o, types.ModuleType):
            proper = sys.modules.get(getattr(o, "__name__", None)) is o
            if bool(flags & PROPER) != proper:
                problem("proper module", o)

    # Nothing is held more often than it is counted: but by what borrows, or visits what it borrowed.
    degree = collections.Counter(e[0] for e in stream.edges if not e[2] & (WEAK | BORROWED))
    added = collections.defaultdict(list)
    for i in range(len(stream.nodes)):
        for e in stream.edges_of(i):
            if not e[2] & (WEAK | TRAVERSED):
                added[e[0]].append((i, e))
    for i, node in enumerate(stream.nodes):
        if node[4] != 0xffffffff and degree[i] > node[4] and i in added:
            # Globals are the function's, and static types are not counted; the interpreter's own table of strings: a key and a value of each.
            borrowed = [(n, e) for n, e in added[i] if KINDS[e[2] & 0x1f] in ("GLOBALS", "TYPE")]
            interned = 2 * any(interned_dict(stream, n) for n, e in added[i])
            if degree[i] - node[4] > len(borrowed) + interned and stream.type_name(i) not in ("type", "bool"):
                problem("held more often than counted", stream.type_name(i), stream.value(i), node[4], degree[i],
                        [(stream.type_name(n), stream.label(e)) for n, e in added[i]][:5])

    n_frames = 0
    for error in keep["lines"] + keep["exceptions"][:1]:
        frame = error.__traceback__.tb_next.tb_frame if error.__traceback__.tb_next else None
        if frame is not None:
            n_frames += 1
            if stream.value(stream.by_address[id(frame)]) != "%s:%d" % (frame.f_code.co_filename, frame.f_lineno):
                problem("line of a frame", stream.value(stream.by_address[id(frame)]), frame.f_lineno)
    if n_frames < 600:
        problem("frames with lines", n_frames)

    for name, one in (("containers", keep["containers"][11]), ("frozen", frozen_first), ("instance", keep["instances"][0]),
                      ("slots", keep["slots"][1]), ("a class", Plain)):
        node = stream.nodes[stream.by_address[id(one)]]
        holders = sum(1 for i, n in enumerate(stream.nodes) for e in stream.edges_of(i)
                      if stream.nodes[e[0]][0] == id(one) and not e[2] & WEAK)
        if node[4] != 0xffffffff and node[4] < holders - 1:
            problem("refcount", name, node[4], holders)
    refcounts = [(keep["cycle"], sys.getrefcount(keep["cycle"]))]
    for o, count in refcounts:
        walked = stream.nodes[stream.by_address[id(o)]][4]
        if not count - 4 <= walked <= count:
            problem("refcount", short(o), walked, count)

    # 3. Roots, threads, frames.
    modules = {stream.string(r[3]): r[0] for r in stream.roots if r[1] == 0}
    for name, module in sys.modules.items():
        if name not in modules or stream.nodes[modules[name]][0] != id(module):
            problem("module root", name)
    names = {stream.string(t[2]) for t in stream.threads}
    if names != {"MainThread", "the other"}:
        problem("thread names", names)
    if {t[0] for t in stream.threads} != {threading.main_thread().ident, thread.ident}:
        problem("thread idents")
    if sys.version_info >= (3, 11) and {t[1] for t in stream.threads} != {threading.main_thread().native_id, thread.native_id}:
        problem("native thread ids")
    for ident, function, names in ((threading.main_thread().ident, "main", ("keep", "handshake", "unique_local", "fd")),
                                   (thread.ident, "running", ("handshake", "go_on", "in_thread", "local_of_thread")),
                                   (threading.main_thread().ident, "through", ("library", "fd", "local_of_running"))):
        index = [t[0] for t in stream.threads].index(ident)
        frames = [f for f in stream.frames if f[0] == index and stream.string(f[2]) == function]
        if len(frames) != 1:
            problem("frames", function, [stream.string(f[2]) for f in stream.frames])
            continue
        locals_found = {stream.label(e)[1]: e[0] for e in stream.edges_of(frames[0][1]) if e[2] & 0x1f == 13}
        for e in stream.edges_of(frames[0][1]):
            # A running generator may hold its locals itself.
            if stream.label(e) == ("NAMED", "generator"):
                locals_found.update((stream.label(e)[1], e[0]) for e in stream.edges_of(e[0]) if e[2] & 0x1f == 13)
        for name in names:
            if name not in locals_found:
                problem("local", function, name, sorted(locals_found))
        if not stream.string(frames[0][3]).endswith("walk_check.py"):
            problem("file of frame", stream.string(frames[0][3]))
        expected = {"main": main_line(), "running": running_line(), "through": lines_of(through, "yield library")}[function]
        if frames[0][4] != expected:
            problem("line", function, frames[0][4], expected)
    i = stream.by_address[id(unique_local)]
    own = {stream.by_address.get(id(objects))}
    holders = [(n, e) for n in range(len(stream.nodes)) for e in stream.edges_of(n) if e[0] == i and n not in own]
    if [stream.label(e) for n, e in holders] != [("LOCAL", "unique_local")]:
        problem("holder of a local", [stream.label(e) for n, e in holders])
    # What the running generator refers to has one holder: not it and its frame both.
    held = next(running_generator)
    i = stream.by_address[id(held)]
    holders = [(n, e) for n in range(len(stream.nodes)) for e in stream.edges_of(n) if e[0] == i]
    if [stream.label(e) for n, e in holders] != [("LOCAL", "local_of_running")]:
        problem("holder of a generator's local", [stream.label(e) for n, e in holders])
    synthetic = [n for n, node in enumerate(stream.nodes) if node[5] & SYNTHETIC]
    if synthetic and synthetic != list(range(synthetic[0], len(stream.nodes))):
        problem("synthetic nodes are not last")

    go_on.set()
    thread.join()
    print("# python %s: %d nodes, %d edges, %d objects compared, %d edges named, %d not; estimated: %s" %
          (sys.version.split()[0], len(stream.nodes), len(stream.edges), compared, n_named, n_plain, dict(n_estimated)))
    print("# not named:", plain_types.most_common(25))
    for line in problems:
        print("# PROBLEM", line)
    print("# %d problems" % sum(n_problems.values()), dict(n_problems))
    return 1 if n_problems else 0


def interned_dict(stream, i):
    """The interpreter's own table of strings, which does not count in them."""
    edges = stream.edges_of(i)
    return stream.type_name(i) == "dict" and len(edges) > 500 and all(e[0] == e[1] for e in edges if KINDS[e[2] & 0x1f] == "VALUE")


def main_cells():
    """The cells of main()'s own variables, which go on changing."""
    frame = sys._getframe(1)
    names = frame.f_code.co_cellvars
    return [o for o in gc.get_referents(frame) if isinstance(o, types.CellType)] if names else []


def weakref_count(o):
    try:
        return weakref.getweakrefcount(o)
    except TypeError:
        return None


# Objects that the comparison itself uses and so changes.
def changed_meanwhile(o):
    return id(o) in (id(globals()), id(sys.modules), id(n_problems))


def check_labels(stream, o, i, edges):
    for e in edges:
        kind, label = stream.label(e)
        target = stream.nodes[e[0]][0]
        if kind == "INDEX" and isinstance(o, (list, tuple, collections.deque)):
            if id(o[label]) != target:
                problem("index label", short(o), label)
        elif kind == "ATTRIBUTE":
            if label not in type(o).__dict__ and id(getattr_static(o, label)) != target:
                problem("attribute label", short(o), label)
        elif kind == "SLOT":
            if id(getattr(o, label)) != target:
                problem("slot label", short(o), label)
        elif kind == "VALUE" and type(o) is dict and isinstance(label, str) and len(label) < 60:
            if not any(id(v) == target and k == label for k, v in o.items() if type(k) in (str, int)) and \
                    stream.type_name(e[1]) == "str":
                problem("dict label", short(o), label)
        elif kind == "NAMED" and isinstance(o, (types.FunctionType, types.MethodType)) and label.startswith("__"):
            if id(getattr(o, label)) != target and label not in ("__builtins__", "__annotations__"):
                problem("named label", short(o), label)
    if isinstance(o, weakref.ref):
        callbacks = [stream.nodes[e[0]][0] for e in edges if stream.label(e) == ("NAMED", "__callback__") and e[2] & TRAVERSED]
        if callbacks != ([id(o.__callback__)] if o.__callback__ is not None else []):
            problem("weak reference's callback", short(o), callbacks)
        referents = [stream.nodes[e[0]][0] for e in edges if KINDS[e[2] & 0x1f] == "WEAK_REFERENT" and e[2] & WEAK]
        if referents != ([id(o())] if o() is not None else []):
            problem("weak reference's referent", short(o), referents)
    if type(o) is dict and id(o) != id(globals()) and not changed_meanwhile(o):
        values = [stream.nodes[e[0]][0] for e in edges if KINDS[e[2] & 0x1f] == "VALUE"]
        if values and values != [id(v) for v in o.values()] and sorted(values) != sorted(id(v) for v in o.values()):
            problem("dict values", short(o), len(values), len(o))
    if type(o) in (set, frozenset):
        members = [stream.nodes[e[0]][0] for e in edges if KINDS[e[2] & 0x1f] == "ELEMENT"]
        if sorted(members) != sorted(map(id, o)):
            problem("set members", short(o))


SLOTS = {"tp_clear": 51, "tp_del": 53}  # the numbers of Include/typeslots.h
get_slot = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_int)(("PyType_GetSlot", ctypes.pythonapi))


def has_slot(t, name):
    return get_slot(t, SLOTS[name]) is not None


def getattr_static(o, name):
    # The dict is made by asking for it: the walk is over by now.
    return o.__dict__.get(name)


def check_value(stream, o, i, flags):
    t = type(o)
    value = stream.value(i)
    if isinstance(o, str):
        expected = o.encode("utf-8", "replace").decode() if all(not 0xd800 <= ord(c) < 0xe000 for c in o) else None
        if expected is not None and (value != expected if not flags & TRUNCATED else not expected.startswith(value)):
            problem("str value", repr(value)[:50], repr(expected)[:50])
        if not flags & TEXT:
            problem("text flag")
    elif isinstance(o, (bytes, bytearray)):
        if (value or b"") != bytes(o[:256]):
            problem("bytes value", value, o[:20])
    elif t is bool:
        if value != str(o):
            problem("bool value", value, o)
    elif isinstance(o, int):
        if value != o + 0:
            problem("int value", value, o)
    elif t is float:
        if value != o and o == o:
            problem("float value", value, o)
    elif isinstance(o, (list, tuple, dict, set, frozenset, collections.deque)):
        if not changed_meanwhile(o) and value != "%d items" % len_of(o):
            problem("items", short(o), value, len_of(o), repr(o)[:200])
    elif issubclass(t, type):
        if value != o.__name__:
            problem("class name", value, o)
    elif isinstance(o, types.FunctionType) and o.__name__ != "<lambda>":
        if value != o.__qualname__:
            problem("function name", value, o)
    elif isinstance(o, (types.BuiltinFunctionType, types.MethodType)):
        if value != getattr(o, "__name__", None):
            problem("name", value, o)
    elif isinstance(o, types.ModuleType):
        if value != o.__name__ and value != getattr(o.__spec__, "name", None):
            problem("module name", value, o)
    elif o is None or o is Ellipsis or o is NotImplemented:
        if value != repr(o):
            problem("singleton", value, o)


def len_of(o):
    for base in (list, tuple, dict, set, frozenset, collections.deque):
        if isinstance(o, base):
            return base.__len__(o)


def lines_of(function, text):
    import inspect
    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if text in line)


def main_line():
    return lines_of(main, "error = next(running_generator)")


def running_line():
    return lines_of(running, "go_on.wait")


if __name__ == "__main__":
    sys.exit(main())
