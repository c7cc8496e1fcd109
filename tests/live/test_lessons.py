"""What the lessons teach is true, on every CPython that is found.

Each lesson's program is launched as the window would launch it, held at its
marks, captured there, and asked.
"""
import configparser
import json
import os
import pathlib
import shlex
import subprocess
import tempfile
import unittest

import interpreters

try:
    import psutil
except ImportError:
    psutil = None

EXAMPLES = pathlib.Path(os.environ['RSC_EXAMPLES'])
DRIVER = os.environ['RSC_LESSON_DRIVER']
CLI = os.environ['RSC_CLI']
MEBIBYTE = 1024 * 1024
# A list's pointer and an int of its own for each element.
ELEMENT = 8 + 32


def cli(*arguments):
    """What refscope-cli --json says."""
    run = subprocess.run([CLI, *map(str, arguments), '--json'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, timeout=120)
    if run.returncode != 0:
        raise AssertionError(f'refscope-cli {shlex.join(map(str, arguments))}: exit status {run.returncode}\n{run.stderr}')
    return json.loads(run.stdout)


class Target:
    """A launched program, driven by lesson-driver."""

    def __init__(self, *command):
        self.process = subprocess.Popen([DRIVER, *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self, *words):
        self.process.stdin.write('\t'.join(map(str, words)) + '\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f'{words[0]}: the driver ended with status {self.process.wait()}')
        answer = json.loads(line)
        if 'error' in answer:
            raise AssertionError(f'{" ".join(map(str, words))}: {answer["error"]}')
        return answer

    def proceed(self):
        """Go on, and wait for the next stop."""
        self.ask('continue')
        return self.ask('wait')

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=60)


class Lessons:
    """The tests; a class for each interpreter is made below."""

    python = None
    version = None

    # CPython keeps 1 to 2 MiB for ints to come, and each capture makes the program
    # copy some pages: that has to be less than 5 % of the list.
    size = 2_000_000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='refscope-lessons-')
        self.addCleanup(folder.cleanup)
        self.heap = pathlib.Path(folder.name) / 'heap.refscope'
        self.stop = None

    def launch(self, program, *arguments):
        target = Target(self.python, EXAMPLES / program, *arguments)
        self.addCleanup(target.close)
        self.target = target
        self.stop = target.ask('wait')

    def at_mark(self, hint):
        """Go on until the mark; the stop there."""
        while not (self.stop['state'] == 'held' and self.stop['hint'] == hint):
            self.assertNotEqual(self.stop['state'], 'exited', f'the mark "{hint}" did not come: {self.stop}')
            self.stop = self.target.proceed()
        self.assertEqual(self.stop['hold'], 'mark')
        self.assertGreater(self.stop['line'], 0)
        self.assertTrue(self.stop['file'].endswith('.py'), self.stop['file'])
        return self.stop

    def to_the_end(self, status=0):
        """Go on to the end; what it printed in all after this call."""
        output = ''
        while self.stop['state'] != 'exited':
            self.stop = self.target.proceed()
            output += self.stop['stdout']
        self.assertEqual(os.waitstatus_to_exitcode(self.stop['status']), status, self.stop)
        return output

    def capture(self):
        return self.target.ask('capture', self.heap)

    def uss(self, at_mark=True):
        """The unique set size, which psutil has to confirm; as it was at the mark, if nothing happened since."""
        uss = self.target.ask('memory')['uss']
        if psutil is not None:
            theirs = psutil.Process(self.stop['pid']).memory_full_info().uss
            self.assertLessEqual(abs(uss - theirs), theirs / 100)
        if at_mark:
            self.assertLessEqual(abs(self.stop['mark_uss'] - uss), max(MEBIBYTE, uss / 50),
                                 'what was measured at the mark')
        return uss

    def holders(self, what):
        return self.target.ask('holders', what)

    def counted(self, what):
        return [holder for holder in self.holders(what)['holders'] if holder['counted']]

    def assert_back(self, now, initial, peak, share=0.05):
        self.assertLessEqual(now - initial, max(MEBIBYTE, (peak - initial) * share))

    def assert_there(self, now, initial, peak):
        self.assertGreaterEqual(now - initial, (peak - initial) * 0.95)

    def rise(self, lists=1, size=None):
        """From "initial" to where the lists are: (initial, peak)."""
        size = size or self.size
        self.at_mark('initial')
        initial = self.uss()
        self.at_mark('after a created' if lists == 1 else 'after a, b created')
        peak = self.uss()
        self.assertGreaterEqual(peak - initial, lists * size * ELEMENT * 0.97)
        # a list grows by an eighth more than it needs
        self.assertLessEqual(peak - initial, lists * size * (ELEMENT + 1) * 1.03 + 2 * MEBIBYTE)
        return initial, peak

    @unittest.skipIf(psutil is None, 'python3-psutil is not installed: nobody to compare USS with')
    def test_uss_is_what_psutil_says(self):
        self.launch('memory_local.py', self.size)
        for hint in 'initial', 'after a created', 'finished':
            self.at_mark(hint)
            self.uss()

    def test_memory_local(self):
        self.launch('memory_local.py', self.size)
        initial, peak = self.rise()
        self.capture()
        self.assertEqual(self.target.ask('node', 'name:a')['references'], self.size)
        holder, = self.counted('name:a')
        self.assertEqual((holder['kind'], holder['label']), ('local', 'local a'))
        self.at_mark('finished')
        self.assert_back(self.uss(), initial, peak)
        self.to_the_end()

    def test_memory_global(self):
        self.launch('memory_global.py', self.size)
        initial, peak = self.rise()
        self.at_mark('finished')
        self.assert_there(self.uss(), initial, peak)
        self.capture()
        self.assertEqual(self.target.ask('node', 'name:__main__.a')['references'], self.size)
        holder, = self.counted('name:__main__.a')
        self.assertEqual((holder['kind'], holder['label'], holder['object']['type']), ('object', "['a']", 'dict'))
        self.at_mark('after del a')
        self.assert_back(self.uss(), initial, peak)
        self.to_the_end()

    def test_memory_returned(self):
        self.launch('memory_returned.py', self.size)
        initial, peak = self.rise()
        self.capture()
        holder, = self.counted('name:a')
        self.assertEqual((holder['kind'], holder['label']), ('local', 'local a'))
        self.at_mark('finished')
        self.assert_there(self.uss(), initial, peak)
        self.capture()
        holder, = self.counted('name:__main__.a')
        self.assertEqual((holder['kind'], holder['label']), ('object', "['a']"))
        self.at_mark('after del a')
        self.assert_back(self.uss(), initial, peak)
        self.to_the_end()

    def test_memory_limit(self):
        self.launch('memory_limit.py')
        self.at_mark('limited')
        before = self.uss()
        self.stop = self.target.proceed()
        self.assertEqual((self.stop['state'], self.stop['hold'], self.stop['hint']), ('held', 'uncaught', 'MemoryError'))
        rise = self.uss(at_mark=False) - before
        self.assertGreater(rise, 40 * MEBIBYTE)
        self.assertLess(rise, 66 * MEBIBYTE)
        self.capture()
        pages = self.target.ask('node', 'name:pages')
        self.assertEqual(pages['object']['type'], 'list')
        self.assertAlmostEqual(pages['references'] * 4 * MEBIBYTE, rise, delta=6 * MEBIBYTE)
        self.assertIn(('local', 'local pages'),
                      [(holder['kind'], holder['label']) for holder in self.holders('name:pages')['holders']])
        self.stop = self.target.proceed()
        while self.stop['state'] == 'held':
            self.stop = self.target.proceed()
        self.assertEqual(os.waitstatus_to_exitcode(self.stop['status']), 1)

    def test_refcount_call(self):
        self.launch('refcount_call.py')
        printed = []

        def look(hint, expected_holders):
            printed.append(int(self.at_mark(hint)['stdout']))
            self.capture()
            holders = self.holders('name:__main__.a')
            self.assertEqual(holders['unexplained'], 0)
            self.assertEqual(holders['getrefcount'], printed[-1])
            self.assertEqual(sorted((holder['kind'], holder['label']) for holder in holders['holders'] if holder['counted']),
                             sorted(expected_holders))

        name, parameter = ('object', "['a']"), ('local', 'local parameter')
        look('before the call', [name])
        if self.version < (3, 11):
            inside = [name, parameter]
            printed.append(int(self.at_mark('inside the call')['stdout']))
            self.capture()
            holders = self.holders('name:__main__.a')
            self.assertEqual(holders['getrefcount'], printed[-1])
            counted = [(holder['kind'], holder['label']) for holder in holders['holders'] if holder['counted']]
            for one in inside:
                self.assertIn(one, counted)
            # the argument on the caller's stack, named if the frame's stack can be read
            self.assertEqual(sum(holder['kind'] == 'stack' for holder in holders['holders']) + holders['unexplained'], 1)
        else:
            look('inside the call', [name, parameter])
        look('after the call', [name])
        self.assertEqual(printed, [2, 4, 2] if self.version < (3, 11) else [2, 3, 2] if self.version < (3, 14) else [2, 2, 2])

    def test_refcount_names(self):
        self.launch('refcount_names.py')
        for hint, names in ('one name', 'a'), ('two names', 'ab'), ('seven names', 'abcdefg'):
            printed = int(self.at_mark(hint)['stdout'])
            self.assertEqual(printed, len(names) + 1)
            self.capture()
            holders = self.holders('name:__main__.a')
            self.assertEqual((holders['getrefcount'], holders['refcount'], holders['unexplained']),
                             (printed, len(names), 0))
            self.assertEqual([holder['label'] for holder in holders['holders'] if holder['counted']],
                             [f"['{name}']" for name in names])
        self.to_the_end()

    def test_del_collect(self):
        self.launch('del_collect.py', self.size)
        initial, peak = self.rise()
        self.at_mark('after del a')
        self.assert_back(self.uss(), initial, peak)
        self.at_mark('finished')
        self.assert_back(self.uss(), initial, peak)
        self.assertEqual(self.to_the_end(), "name 'a' is not defined\n")

    def test_two_lists(self):
        self.launch('two_lists.py', self.size)
        initial, peak = self.rise(lists=2)
        self.at_mark('finished')
        self.assert_there(self.uss(), initial, peak)
        self.capture()
        lists = self.two_big_lists()
        for one, other in (lists, lists[::-1]):
            holder, = self.counted(one)
            self.assertEqual((holder['object']['address'], holder['label']), (other, f'[{self.size}]'))
        self.assertEqual({thing['address'] for thing in self.target.ask('predict', 2)['unreachable']}, set(lists))
        done = self.target.ask('collect', 2, self.heap)
        self.assertEqual(done['returned'], 2)
        self.assertTrue(done['on_main_thread'])
        self.assertLessEqual(set(lists), {thing['address'] for thing in done['freed']})
        # the numbers in them go along, and are not counted by gc.collect()
        self.assertEqual(done['n_found'], 2)
        self.assertGreater(done['n_freed'], self.size)
        # what the captures before and after made the program copy stays with it
        self.assert_back(self.uss(at_mark=False), initial, peak, 0.1)
        self.at_mark('after gc.collect()')
        self.assert_back(self.uss(), initial, peak, 0.1)
        self.to_the_end()

    def two_big_lists(self):
        big = [thing for thing in cli('find', self.heap, '--type', 'list') if thing['size'] > 8 * self.size]
        self.assertEqual(len(big), 2)
        return [thing['address'] for thing in big]

    def texts_of(self, address):
        """The texts that an instance holds, in its attributes or in its __dict__."""
        graph = cli('refs', self.heap, address, '--max-depth', 2, '--too-many', 1000)
        return {node['value'].strip("'") for node in graph['nodes'] if node['type'] == 'str'}

    def test_mark_sweep(self):
        self.launch('mark_sweep.py')
        self.assertIn('attic, room 1, room 2, room 3, room 4, room 5', self.at_mark('marked')['stdout'])
        self.assertEqual(self.at_mark('before the sweep')['stdout'], 'unmarked: cellar, well\n')
        self.capture()
        nodes = {thing['address'] for thing in cli('find', self.heap, '--type', '__main__.Node')}
        self.assertEqual(len(nodes), 8)
        unreached = {thing['address'] for thing in cli('unreachable', self.heap, '--from', 'name:__main__.root')}
        lost = nodes & unreached
        self.assertEqual(len(lost), 2)
        predicted = {thing['address'] for thing in self.target.ask('predict', 2)['unreachable']}
        self.assertEqual(predicted & nodes, lost)
        done = self.target.ask('collect', 2, self.heap)
        self.assertEqual({thing['address'] for thing in done['freed'] if thing['type'] == 'Node'}, lost)
        self.assertIn('attic, room 1, room 2, room 3, room 4, room 5', self.at_mark('swept')['stdout'])
        self.to_the_end()

    def test_generations(self):
        self.launch('generations.py')
        self.at_mark('young')
        self.capture()
        self.assertEqual(self.target.ask('node', 'name:__main__.guest')['generation'], 0)
        pair = 2 if self.version >= (3, 11) else 4  # the two, and up to 3.10 their dicts
        for generation, after in (0, 1), (1, 2), (2, 2):
            predicted = self.target.ask('predict', generation)
            self.assertEqual(predicted['n_unreachable'], pair)
            self.assertEqual(predicted['promoted_to'], after)
            stop = self.at_mark(f'after gc.collect({generation})')
            self.assertEqual(stop['stdout'].splitlines()[-1], f'gc.collect({generation}) found {pair}')
            self.capture()
            self.assertEqual(self.target.ask('node', 'name:__main__.guest')['generation'], after)
            # the pair went, and the next one has come
            self.assertEqual(len(cli('find', self.heap, '--type', '__main__.Guest')), 3)
        self.at_mark('finished')
        self.assertEqual(self.target.ask('collect', 0, self.heap)['returned'], pair)
        self.to_the_end()

    def test_show_refs(self):
        self.launch('show_refs.py')
        self.at_mark('a and b hold each other')
        self.capture()
        a = self.target.ask('node', 'name:__main__.a')['object']['address']
        b = self.target.ask('node', 'name:__main__.b')['object']['address']

        def edges(direction):
            graph = cli(direction, self.heap, 'name:__main__.a', '--max-depth', 2)
            return [(edge['source'], edge['target'], edge['label']) for edge in graph['edges']]

        for direction in 'refs', 'backrefs':
            found = edges(direction)
            self.assertIn((a, b, '[3]'), found)
            self.assertIn((b, a, '[3]'), found)
        values = {node['value'] for node in cli('refs', self.heap, 'name:__main__.a', '--max-depth', 2)['nodes']}
        self.assertLessEqual(set('123456'), values)
        types = {node['type'] for node in cli('backrefs', self.heap, 'name:__main__.a', '--max-depth', 1)['nodes']}
        self.assertEqual(types, {'list', 'dict'})
        cycles = [{thing['address'] for thing in cycle['objects']} for cycle in cli('cycles', self.heap)]
        self.assertIn({a, b}, cycles)

    def test_reachability(self):
        self.launch('reachability.py')
        self.at_mark('D and F cannot be reached from A')
        self.capture()
        nodes = {thing['address'] for thing in cli('find', self.heap, '--type', '__main__.Node')}
        self.assertEqual(len(nodes), 6)
        lost = nodes & {thing['address'] for thing in cli('unreachable', self.heap, '--from', 'name:__main__.A')}
        self.assertEqual(len(lost), 2)
        held_names = [self.texts_of(address) for address in lost]
        self.assertTrue(all({'D', 'F'} & texts for texts in held_names), held_names)
        predicted = {thing['address'] for thing in self.target.ask('predict', 2)['unreachable']}
        self.assertEqual(predicted & nodes, lost)
        self.stop = self.target.proceed()
        self.assertEqual(sorted(self.stop['stdout'].splitlines()[:2]), ['D is freed', 'F is freed'])
        self.to_the_end()

    def test_demonstration(self):
        self.launch('demo.py')
        self.at_mark('most have left, but their sessions are alive')
        self.capture()
        sessions = cli('find', self.heap, '--type', '__main__.Session')
        self.assertEqual(len(sessions), 24)
        # the last one has left: only the bell keeps it
        chain = cli('chain', self.heap, 'type:__main__.Bell', sessions[-1]['address'])
        types = [thing['type'] for thing in chain]
        self.assertEqual((types[0], types[-1]), ('Bell', 'Session'))
        self.assertLess({'function', 'cell'}, set(types))
        self.at_mark('visitors came and went: only the collector can free them')
        done = self.target.ask('collect', 2, self.heap)
        freed = [thing['type'] for thing in done['freed']]
        self.assertEqual((freed.count('Visitor'), freed.count('Session')), (24, 0))
        self.to_the_end()

    def test_every_lesson_has_its_object(self):
        """What lessons.ini tells the window to draw is there when it is to be drawn."""
        lessons = configparser.ConfigParser(interpolation=None)
        lessons.read(EXAMPLES / 'lessons.ini', encoding='utf-8')
        for name in lessons.sections():
            lesson = lessons[name]
            if 'Object' not in lesson:
                continue
            with self.subTest(name):
                if 'File' in lesson:
                    source = EXAMPLES / lesson['File']
                else:
                    arguments = shlex.split(lesson.get('Arguments', ''))
                    self.launch(lesson['Program'], *['100000' if a == '1000000' else a for a in arguments])
                    if 'Mark' in lesson:
                        self.at_mark(lesson['Mark'])
                    else:
                        while self.stop['hold'] == 'mark':
                            self.stop = self.target.proceed()
                    self.capture()
                    source = self.heap
                direction = lesson.get('Direction', 'refs')
                for command in ('refs', 'backrefs') if direction == 'both' else (direction,):
                    graph = cli(command, source, lesson['Object'])
                    self.assertGreater(len(graph['nodes']), 1)
                    self.assertGreater(len(graph['edges']), 0)


class Large(unittest.TestCase):
    """Ten million elements, once."""

    def test_ten_million(self):
        found = interpreters.find()
        if not found:
            self.skipTest('no CPython from 3.10 on was found')
        memory = int(next(line.split()[1] for line in open('/proc/meminfo') if line.startswith('MemAvailable')))
        if memory < 3 * MEBIBYTE:
            self.skipTest('needs 3 GiB of free memory')
        lessons = type('TenMillion', (Lessons, unittest.TestCase), {'python': found[-1][0], 'version': found[-1][1]})()
        self.addCleanup(lessons.doCleanups)
        lessons.setUp()
        lessons.launch('memory_global.py', 10_000_000)
        initial, peak = lessons.rise(size=10_000_000)
        lessons.at_mark('finished')
        lessons.assert_there(lessons.uss(), initial, peak)
        self.assertGreater(lessons.capture()['objects'], 10_000_000)
        self.assertEqual(lessons.target.ask('node', 'name:__main__.a')['references'], 10_000_000)
        lessons.at_mark('after del a')
        lessons.assert_back(lessons.uss(), initial, peak)
        lessons.to_the_end()


class Graph(unittest.TestCase):
    def test_reachability_graph(self):
        unreached = cli('unreachable', EXAMPLES / 'reachability.dot', '--from', 'name:A')
        self.assertEqual(sorted(thing['value'] for thing in unreached), ['D', 'F'])
        unreached = cli('unreachable', EXAMPLES / 'reachability.dot', '--from', 'name:D')
        self.assertEqual([thing['value'] for thing in unreached], ['A'])


for _path, _version in interpreters.find():
    _name = 'Lessons_' + '_'.join(map(str, _version))
    globals()[_name] = type(_name, (Lessons, unittest.TestCase), {'python': _path, 'version': _version})

if not interpreters.find():
    class NoInterpreter(unittest.TestCase):
        @unittest.skip('no CPython from 3.10 on was found')
        def test_lessons(self):
            pass


if __name__ == '__main__':
    unittest.main()
