"""Refscope's graph by objgraph's rules against the real objgraph, in one process.

parity_program.py makes seeded heaps, has each captured by the agent's walk, and
lets objgraph draw views of it; parity-driver draws the same views from the
capture.  The texts are compared line by line; where a line differs, the
difference must be one of DEVIATIONS, each of which is counted and described in
docs/objgraph-parity.md.  Anything else fails.

RSC_PARITY_HEAPS says how many heaps a version gets (default: 220 for the first
interpreter that has objgraph, 40 for each of the others).
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import interpreters  # noqa: E402

DRIVER = os.environ.get('RSC_PARITY_DRIVER')
PROBE = os.environ.get('RSC_WALK_PROBE')
CLI = os.environ.get('RSC_CLI')

NODE = re.compile(r'  (\w+)\[label="((?:[^"\\]|\\.)*)"(.*)\];$')
EDGE = re.compile(r'  (\w+) -> (\w+)(?: \[label="((?:[^"\\]|\\.)*)"(?:,weight=(\d+))?\])?;$')


class Facts:
    """What the program said of its own heap."""

    def __init__(self, answers):
        self.own_repr = set(answers['own_repr'])
        self.twice = answers['twice']


def refcount_off(facts, kind, theirs, ours):
    """objgraph's number is what getrefcount() says less four, which is one too
    few for most objects; an immortal object's says nothing.  None and small
    numbers gain and lose references while the harness works."""
    if ours == 'immortal':
        return int(theirs) > 2 ** 28
    return abs(int(theirs) - int(ours)) <= max(4, int(ours) // 10)


def own_repr(facts, kind, theirs, ours):
    return kind in facts.own_repr and re.match(r'<[\w.]+ object at( |$)', ours) is not None


def c_type_name(facts, kind, theirs, ours):
    """C code names a type of a module's own with the module, if it was made by
    C code; of a class that is made at run time that cannot be told."""
    place = re.match(r"<(cell|weakref) at 0x[0-9a-f]+(: |; to ')|<[a-z ]+ '\w+' of '", theirs)
    return (kind in ('cell', 'weakref') or kind.endswith('_descriptor')) and (
        place is not None and ours.startswith(place[0]))


def lazy_import(facts, kind, theirs, ours):
    """3.15's, whose structure is C code's own."""
    return kind == 'lazy_import' and theirs.startswith('<lazy_import ') and ours.startswith('<lazy_import ')


def inner_text(facts, kind, theirs, ours):
    """What repr() writes of the objects inside another one: the first letters
    agree, then something unread or the program's own stands there."""
    outer = 'functools.partial(' if kind == 'partial' else kind + '('
    return (kind in ('deque', 'frozenset', 'mappingproxy', 'partial') or kind.endswith(('Error', 'Exception'))) and (
        theirs.startswith(outer) and ours.startswith(outer))


def cut_text(facts, kind, theirs, ours):
    quote = re.compile(r"""^('|\\")""")
    return (kind == 'str' and len(theirs) >= 40 and theirs != ours
            and quote.sub('', theirs) == quote.sub('', ours))


def moved_on(facts, kind, theirs, ours):
    """The harness runs on between the capture and the drawing."""
    return (kind == 'frame' and theirs.rpartition(':')[0] == ours.rpartition(':')[0]
            and theirs.rpartition(':')[0].endswith('parity_program.py'))


# What is known to differ: in which part of a label, and whether a pair of texts
# is such a difference.  docs/objgraph-parity.md says why.
DEVIATIONS = {
    'refcount': ('count', refcount_off),
    'own-repr': ('repr', own_repr),
    'c-type-name': ('repr', c_type_name),
    'inner-text': ('repr', inner_text),
    'cut-text': ('repr', cut_text),
    'lazy-import': ('repr', lazy_import),
    'running-frame': ('repr', moved_on),
}


def parts_of(line):
    """A node's label as {part: text}; None for another line."""
    match = NODE.match(line)
    if not match:
        return None
    first, _, rest = match[2].partition('\\n')
    second, _, rest = rest.partition('\\n')
    name, _, count = first.partition(' [')
    return {'id': match[1], 'type': name, 'count': count.rstrip(']'), 'repr': second, 'extra': rest,
            'attributes': match[3]}


def explain_edge(facts, theirs, ours):
    """An instance's attributes are traversed in the order of the class's table,
    and listed in the order in which they were set: of two names for one object
    either may come first."""
    first, second = EDGE.match(theirs), EDGE.match(ours)
    if first and second and first.group(1, 2, 4) == second.group(1, 2, 4):
        keys = facts.twice.get('%s->%s' % (first[1][1:], first[2][1:]), [])
        if first[3] in keys and second[3] in keys:
            return ['attribute-order']
    return None


def explain(facts, theirs, ours):
    """The names of the deviations that make up the difference of two lines;
    None if something else is different too."""
    first, second = parts_of(theirs), parts_of(ours)
    if not first or not second:
        return explain_edge(facts, theirs, ours)
    kind = first['type'].rpartition('.')[2]
    names = []
    for part in first:
        if first[part] == second[part]:
            continue
        for name, (where, matches) in DEVIATIONS.items():
            if where == part and matches(facts, kind, first[part], second[part]):
                names.append(name)
                break
        else:
            return None
    return names


class Difference(Exception):
    pass


def compare(facts, theirs, ours, counts):
    """Counts the known deviations; raises on any other difference."""
    a, b = theirs.splitlines(), ours.splitlines()
    for first, second in zip(a, b):
        if first == second:
            continue
        names = explain(facts, first, second)
        if names is None:
            raise Difference('objgraph: %s\nRefscope: %s' % (first, second))
        counts.update('known difference: ' + name for name in names)
    if len(a) != len(b):
        raise Difference('objgraph writes %d lines, Refscope %d; the first one more: %s'
                         % (len(a), len(b), (a + b)[min(len(a), len(b))]))


def find_objgraph(python):
    """objgraph.py for that interpreter, or the system's, or None."""
    code = 'import importlib.util as u; s = u.find_spec("objgraph"); print(s.origin if s else "")'
    for candidate in (python, '/usr/bin/python3'):
        found = subprocess.run([candidate, '-c', code], stdout=subprocess.PIPE, text=True, check=False)
        if found.returncode == 0 and found.stdout.strip():
            return found.stdout.strip()
    return None


def draw(heap, requests):
    """The driver's answers."""
    run = subprocess.run([DRIVER, heap], input=''.join(r + '\n' for r in requests).encode(),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=300)
    if run.returncode != 0:
        raise AssertionError('the driver ended with %d: %s' % (run.returncode, run.stderr.decode()))
    at, answers = 0, []
    for _ in requests:
        end = run.stdout.index(b'\n', at)
        word, _, rest = run.stdout[at:end].decode().partition(' ')
        if word != 'DOT':
            raise AssertionError('the driver says: ' + rest)
        at = end + 1 + int(rest)
        answers.append(run.stdout[end + 1:at].decode())
    return answers


class Parity(unittest.TestCase):
    def compare_heap(self, heap, answers_path, counts, failures):
        answers = json.loads(pathlib.Path(answers_path).read_text())
        self.assertIn('views', answers, answers)
        facts, views = Facts(answers), answers['views']
        drawn = draw(heap, [view['request'] for view in views])
        for view, ours in zip(views, drawn):
            theirs = view['dot']
            edges = list(filter(None, map(EDGE.match, theirs.splitlines())))
            counts['views'] += 1
            counts['nodes'] += sum(1 for line in theirs.splitlines() if NODE.match(line))
            counts['edges'] += len(edges)
            counts['labelled edges'] += sum(1 for edge in edges if edge[3])
            counts['folds'] += theirs.count('  too_many_') // 2
            try:
                compare(facts, theirs, ours, counts)
            except Difference as difference:
                failures.append('%s: %s\n%s' % (os.path.basename(heap), view['request'], difference))
            else:
                counts['views that agree'] += 1

    def test_launched(self):
        """The same through all of it: launched, captured at a mark by the agent's
        child, read from a .refscope file."""
        objgraph = find_objgraph(sys.executable)
        if objgraph is None:
            self.skipTest('python3-objgraph is not installed')
        if not CLI:
            self.skipTest('refscope-cli is not at hand')
        counts, failures = collections.Counter(), []
        with tempfile.TemporaryDirectory() as folder:
            for seed in ('1001', '1002', '1003'):
                heap = os.path.join(folder, seed + '.refscope')
                subprocess.run([CLI, 'capture', '--quiet', '--on-mark', 'parity', '-o', heap, '--', sys.executable,
                                str(HERE / 'parity_program.py'), 'mark', objgraph, folder, seed],
                               check=True, timeout=120)
                self.compare_heap(heap, os.path.join(folder, seed + '.json'), counts, failures)
        self.assertEqual(failures, [])
        self.assertGreater(counts['edges'], 20)

    def check_version(self, python, version, n_heaps):
        objgraph = find_objgraph(python)
        if objgraph is None:
            self.skipTest('python3-objgraph is not installed')
        counts, failures = collections.Counter(), []
        with tempfile.TemporaryDirectory() as folder:
            seeds = [str(seed) for seed in range(n_heaps)]
            subprocess.run([python, str(HERE / 'parity_program.py'), PROBE, objgraph, folder, *seeds], check=True,
                           timeout=600)
            for seed in seeds:
                self.compare_heap(os.path.join(folder, seed + '.heap'), os.path.join(folder, seed + '.json'),
                                  counts, failures)
        print('CPython %s, %d heaps: %s' % ('.'.join(map(str, version)), n_heaps, ', '.join(
            '%d %s' % (count, name) for name, count in sorted(counts.items(), key=lambda item: -item[1]))),
            file=sys.stderr)
        for failure in failures[:int(os.environ.get('RSC_PARITY_SHOW', '5'))]:
            print(failure, file=sys.stderr)
        self.assertEqual(len(failures), 0, '%d of %d views differ; the first: %s'
                         % (len(failures), counts['views'], failures[0] if failures else ''))
        # A heap without what the test is about would pass for nothing.
        self.assertGreater(counts['edges'], 10 * n_heaps)
        self.assertGreater(counts['labelled edges'], n_heaps)
        self.assertGreater(counts['folds'], n_heaps // 4)


def add_tests():
    for python, version in interpreters.find():
        default = 220 if python == '/usr/bin/python3' else 40
        n_heaps = int(os.environ.get('RSC_PARITY_HEAPS', default))
        setattr(Parity, 'test_%d_%d_%d' % version,
                lambda self, p=python, v=version, n=n_heaps: self.check_version(p, v, n))


if DRIVER and PROBE:
    add_tests()
else:
    @unittest.skip('the agent is not built')
    class NoParity(unittest.TestCase):
        def test_parity(self):
            pass


if __name__ == '__main__':
    unittest.main()
