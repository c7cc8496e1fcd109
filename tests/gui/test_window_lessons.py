"""The lessons, played in the real window: each is opened as the start page
opens it, its steps follow the program, its buttons do what they say, and what
it claims is true of what is on the screen."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import driver  # noqa: E402
from driver import OBJECT, Window, wait_for  # noqa: E402
from lessons import load  # noqa: E402

EXAMPLES = pathlib.Path(os.environ['RSC_EXAMPLES'])
LESSONS = load(EXAMPLES / 'lessons.ini')
AFTER = 1  # the side of a collection
MEBIBYTE = 1024 * 1024
# What a list of a million numbers takes, at least; of that a quarter is left for
# what CPython keeps for later and a busy machine adds.
LIST = 30 * MEBIBYTE
UNITS = {'bytes': 1, 'kB': 1000, 'KiB': 1024, 'MiB': MEBIBYTE, 'GiB': 1024 * MEBIBYTE}


class LessonTest(unittest.TestCase):
    def open(self, name, env=None):
        """The lesson as its row on the start page opens it."""
        self.window = Window(env=env)
        self.addCleanup(lambda: self.assertEqual(self.window.stop(), []))
        self.lesson = LESSONS[name]
        self.window.activate(f"win.lesson('{name}')")
        wait_for('the graph', self.window.graph)
        self.at(1)

    def now(self):
        """The number of the step that is now."""
        for item in self.window.walk():
            if item.get_description() == 'Now' and driver.name_of(item) in self.lesson.titles:
                return self.lesson.titles.index(driver.name_of(item)) + 1
        return None

    def at(self, step):
        wait_for(f'step {step} of {self.lesson.name}', lambda: self.now() == step)
        self.window.settle()

    def press(self, label):
        """The button of this label in the step that is now."""
        self.window.press(lambda name: re.fullmatch(re.escape(label) + r'( \([^)]*\))?', name))

    def go_on(self, step):
        """Continue, by the step's button, until the next step is there, with its capture."""
        captures = self.window.facts()['captures']
        self.press_in_lesson('Continue')
        self.window.wait_for_captures(captures + 1)
        self.at(step)

    def steps(self, sentence, kind):
        """The lesson's steps are on the screen, before the first, and have the focus."""
        wait_for('the steps', lambda: 'step' in self.window.facts())
        self.window.settle()
        self.assertEqual(self.window.facts()['step'], 0)
        self.window.sees(kind)
        wait_for('the focus', lambda: re.search(r'^Step 0 of [\d,]+\. ' + sentence, self.window.focused()))

    def step_on(self):
        """By the one key, to the next step."""
        before = self.window.facts()['step']
        self.window.key('Right')
        return wait_for('the next step', lambda: (lambda now: now if now > before else 0)(self.window.facts()['step']))

    def step_to_end(self):
        self.window.activate("page.step-to('last')")
        wait_for('the last step', lambda: self.window.facts()['step'] == self.window.facts()['steps'])
        self.window.settle()

    def object_states(self, label):
        """Of the objects in the picture whose label's first line is this."""
        return [state for _, kind, _, text, state in self.window.nodes() if kind == OBJECT and text.split('\n')[0] == label]

    def press_in_lesson(self, label):
        """Lesson's buttons name their keys; the page's own do not."""
        self.window.press(lambda name: re.fullmatch(re.escape(label) + r' \([^)]*\)', name))

    def collect(self, label='Collect'):
        captures = self.window.facts()['captures']
        self.press_in_lesson(label)
        self.window.wait_for_captures(captures + 1)

    def pane(self):
        return self.window.find('Steps of the lesson')

    def text(self):
        """What is said in the lesson's pane."""
        found = []
        for item in self.window.walk(self.pane()):
            if item.get_role_name() == 'label':
                found.append(driver.text_of(item) or item.get_name() or '')
        return ' '.join(found)

    def says(self, pattern):
        return wait_for(f'“{pattern}”', lambda: re.search(pattern, self.text()))

    def bytes(self, pattern):
        """A measured size that the text has where the pattern's group is."""
        number, unit = self.says(pattern)[1].replace('\N{NO-BREAK SPACE}', ' ').split(' ')
        return float(number) * UNITS[unit]

    def labels(self):
        return {label.split('\n')[0] for _, kind, _, label, _ in self.window.nodes() if kind == OBJECT}

    def edges(self):
        """(label of the source, label of the target, label) of what is drawn."""
        graph = self.window.graph()
        names = {node['address']: node for node in graph['nodes']}
        return [(names[edge['source']], names[edge['target']], edge.get('label') or '') for edge in graph['edges']]

    def output(self):
        return self.window.texts()


class StartPage(unittest.TestCase):
    def setUp(self):
        self.window = Window()
        self.addCleanup(lambda: self.assertEqual(self.window.stop(), []))

    def test_each_opens_from_its_row(self):
        """Eight lessons; those with several programs unfold."""
        titles = [lesson.title for lesson in LESSONS.values() if lesson.number]
        for title in titles:
            self.window.find(title)
        rows = [driver.name_of(item) for item in self.window.walk() if item.get_role_name() == 'list item']
        numbers = {lesson.number for lesson in LESSONS.values()}
        self.assertEqual(numbers, set(range(9)))

    def test_next_and_previous(self):
        self.window.activate("win.lesson('refcount-call')")
        self.window.wait_for_status('before the call')
        first = self.window.facts()['pid']
        self.window.press('Next Lesson')
        self.window.wait_for_status('one name')
        wait_for('the end of the first program', lambda: not os.path.exists(f'/proc/{first}'))
        self.window.key('alt+Page_Up')
        self.window.wait_for_status('before the call')
        self.window.sees('Reference counts: a call')

    def test_nothing_is_drawn_before_the_mark(self):
        """What is only passed is kept, but the first picture is the lesson's."""
        self.window.activate("win.lesson('two-lists')")
        self.window.wait_for_captures(3)
        wait_for('the graph', self.window.graph)
        self.window.settle()
        self.window.sees('Held at ‘a and b hold each other’')
        wait_for('the steps', lambda: 'step' in self.window.facts())
        # Stepping can be gone back from, but no other picture.
        self.window.key('Escape')
        wait_for('no steps', lambda: 'step' not in self.window.facts())
        self.assertFalse(self.window.find('Back').has_state(driver.Atspi.StateType.SENSITIVE))

    def test_pane_goes_and_comes(self):
        self.window.activate("win.lesson('show-refs')")
        self.window.wait_for_status('a and b hold each other')
        self.window.find('Steps of the lesson')
        self.window.key('F2')
        self.window.press('Read the Lesson')
        # A button that is pressed by its name is down for a moment before it does anything.
        wait_for('the pane', lambda: not self.window.has('Read the Lesson'))
        self.window.resize(360, 640)
        wait_for('360 px', lambda: self.window.facts()['width'] <= 360)
        self.window.settle()
        self.window.sees('1 of 3')


class LostMark(unittest.TestCase):
    LESSON = textwrap.dedent('''\
        [lost]
        Lesson=1
        Title=A mark that never comes
        Program=lost.py
        Mark=never
        LookFor=Nothing

        [lost.1]
        Title=The only step
        ''')
    PROGRAM = textwrap.dedent('''\
        import os, signal, refscope
        kept = [1]
        refscope.mark('passed')
        os.kill(os.getpid(), signal.SIGKILL)
        ''')

    def test_what_was_passed_is_drawn(self):
        """There is nothing else to see."""
        folder = tempfile.TemporaryDirectory(prefix='refscope-test-')
        self.addCleanup(folder.cleanup)
        for name, text in (('lessons.ini', self.LESSON), ('lost.py', self.PROGRAM)):
            (pathlib.Path(folder.name) / name).write_text(text, encoding='utf-8')
        window = Window(env={'RSC_EXAMPLES': folder.name})
        self.addCleanup(lambda: self.assertEqual(window.stop(), []))
        window.activate("win.lesson('lost')")
        window.wait_for_status('Ended by SIGKILL')
        window.wait_for_captures(1)
        wait_for('the graph', window.graph)
        window.settle()
        self.assertIn('list', {label.split('\n')[0] for *_, label, _ in window.nodes()})


class Played(LessonTest):
    def test_demo(self):
        self.open('demo')
        self.assertIn('Session', self.labels())
        before = len(self.window.nodes())
        for _ in range(3):
            self.press_in_lesson('One Step Deeper')
            self.window.settle()
        wait_for('more steps', lambda: len(self.window.nodes()) > before)
        wait_for('the bell', lambda: (self.window.settle(), 'Bell' in self.labels())[1])
        self.go_on(2)
        self.press('Show Visitor')
        wait_for('a visitor', lambda: (self.window.settle(), {'Visitor', 'Basket'} <= self.labels())[1])
        self.collect()
        self.at(3)
        states = {label: state for _, kind, _, label, state in self.window.nodes() if kind == OBJECT}
        self.assertEqual(states['Visitor'], 'freed')
        sessions = self.window.facts()['captures']
        self.go_on(4)
        self.assertEqual(self.window.facts()['captures'], sessions + 1)

    def test_memory_local(self):
        self.open('memory-local')
        initial = self.bytes(r'took ([\d.]+\s\w+) at')
        peak = self.bytes(r'takes ([\d.]+\s\w+) here')
        self.assertGreater(peak - initial, LIST)
        self.assertTrue(any(source['type'] == 'frame' and target['type'] == 'list' and label == 'local a'
                            for source, target, label in self.edges()), self.edges())
        self.press_in_lesson('Memory Plot')
        self.window.sees('USS')
        self.go_on(2)
        now = self.bytes(r'program takes ([\d.]+\s\w+)\.')
        self.assertLess(now - initial, LIST / 4)

    def test_memory_global(self):
        self.open('memory-global')
        initial, peak = self.bytes(r'From ([\d.]+\s\w+) at'), self.bytes(r'rose to ([\d.]+\s\w+)\.')
        self.assertGreater(peak - initial, LIST)
        for step in 1, 2:
            self.assertTrue(any(source['type'] == 'dict' and target['type'] == 'list' and label == "['a']"
                                for source, target, label in self.edges()), self.edges())
            self.go_on(step + 1)
            if step == 1:
                self.assertLess(abs(self.bytes(r'program takes ([\d.]+\s\w+), as') - peak), LIST / 4)
        self.assertLess(self.bytes(r'program takes ([\d.]+\s\w+)\.') - initial, LIST / 4)

    def test_memory_returned(self):
        self.open('memory-returned')
        initial, peak = self.bytes(r'From ([\d.]+\s\w+) at'), self.bytes(r'rose to ([\d.]+\s\w+)\.')
        self.assertGreater(peak - initial, LIST)
        self.assertTrue(any(source['type'] == 'frame' and target['type'] == 'list' for source, target, _ in self.edges()))
        self.go_on(2)
        self.assertLess(abs(self.bytes(r'program takes ([\d.]+\s\w+)\. The frame') - peak), LIST / 4)
        self.assertTrue(any(source['type'] == 'dict' and target['type'] == 'list' and label == "['a']"
                            for source, target, label in self.edges()), self.edges())
        self.assertFalse(any(source['type'] == 'frame' and target['type'] == 'list' for source, target, _ in self.edges()))
        self.go_on(3)
        self.assertLess(self.bytes(r'program takes ([\d.]+\s\w+)\. What') - initial, LIST / 4)

    def test_memory_limit(self):
        self.open('memory-limit')
        self.assertIn('MemoryError', self.window.facts()['status'])
        self.assertGreater(self.bytes(r'limited” it took ([\d.]+\s\w+)\.'), MEBIBYTE)
        self.press_in_lesson('References')
        wait_for('the blocks', lambda: (self.window.settle(), 'bytes' in self.labels())[1])
        self.go_on(2)
        self.window.sees('MemoryError')
        self.window.activate('page.continue')
        self.window.wait_for_status('Exited (1)')

    def test_refcount_call(self):
        self.refcount_call(None)

    def refcount_call(self, path):
        self.open('refcount-call', env={'PATH': f'{path}:{os.environ["PATH"]}'} if path else None)
        self.says(r'printed 2\.')
        self.window.sees('Held By (1)')
        self.steps('Nothing was dropped yet', 'What would follow if this reference went')
        self.step_to_end()
        self.assertEqual(self.object_states('list'), ['freed'])
        self.go_on(2)
        version = tuple(map(int, self.says(r'This is CPython (\d+)\.(\d+)').groups()))
        inside = '4' if version <= (3, 10) else '3' if version < (3, 14) else '2'
        self.says(rf'printed 2, {inside} by now')
        self.says(rf'prints {inside}: the global')
        self.window.sees('Held By (2)')
        self.go_on(3)
        self.says(rf'printed 2, {inside}, 2\.')
        self.assertFalse(any(source['type'] == 'frame' and target['type'] == 'list' and 'parameter' in label
                             for source, target, label in self.edges()))
        return version

    def test_refcount_names(self):
        self.open('refcount-names')
        for step, printed, names in (1, '2', 'a'), (2, '2, 3', 'ab'), (3, '2, 3, 8', 'abcdefg'):
            self.says(rf'printed {printed}\.')
            label, = [label for source, target, label in self.edges() if source['type'] == 'dict' and target['type'] == 'list']
            self.assertTrue(label.startswith(', '.join(f"['{name}']" for name in names[:2])), label)
            self.window.sees(f'Held By ({len(names)})')
            self.steps('Nothing was dropped yet', 'What would follow if this reference went')
            for left in reversed(range(len(names))):
                self.step_on()
                self.window.sees(f'the latter’s reference count falls to {left}.')
            if step < 3:
                self.go_on(step + 1)

    def test_del_collect(self):
        self.open('del-collect')
        initial, peak = self.bytes(r'From ([\d.]+\s\w+) at'), self.bytes(r'rose to ([\d.]+\s\w+)\.')
        self.assertGreater(peak - initial, LIST)
        self.steps('Nothing was dropped yet', 'What would follow if this reference went')
        # Who leaves the steps comes back by the button.
        self.window.key('Escape')
        wait_for('no steps', lambda: 'step' not in self.window.facts())
        self.press_in_lesson('Drop Its References Step by Step')
        wait_for('the steps', lambda: 'step' in self.window.facts())
        self.step_to_end()
        self.assertEqual(self.object_states('list'), ['freed'])
        self.go_on(2)
        after_del = self.bytes(r'program takes ([\d.]+\s\w+), and')
        self.assertLess(after_del - initial, LIST / 4)
        self.go_on(3)
        self.assertLess(abs(self.bytes(r'program takes ([\d.]+\s\w+): gc') - after_del), LIST / 4)
        self.go_on(4)
        self.says(r"The program says: name 'a' is not defined")

    def test_two_lists(self):
        self.open('two-lists')
        initial, peak = self.bytes(r'From ([\d.]+\s\w+) at'), self.bytes(r'rose to ([\d.]+\s\w+)\.')
        self.assertGreater(peak - initial, 2 * LIST)
        self.assertEqual(sorted(label for source, target, label in self.edges()
                                if source['type'] == 'frame' and target['type'] == 'list'), ['local a', 'local b'])
        # From del to freed by one key: first the names go, as a what-if ...
        self.steps('Nothing was dropped yet', 'What would follow if this reference went')
        for left in 'local a', 'local b':
            self.step_on()
            self.window.sees(f'({left}) is dropped: the latter’s reference count falls to 1.')
        self.assertEqual(self.window.facts()['step'], 2)
        for position in 3, 4:
            self.assertEqual(self.step_on(), position)
        self.window.settle()
        self.assertEqual(self.object_states('list'), ['garbage-cycle', 'garbage-cycle'])
        wait_for('what comes next', lambda: self.window.focused().endswith('Press the same key once more: the program goes on.'))
        # ... then really ...
        captures = self.window.facts()['captures']
        self.window.key('Right')
        self.window.wait_for_captures(captures + 1)
        self.at(2)
        self.assertLess(abs(self.bytes(r'still takes ([\d.]+\s\w+)\.') - peak), LIST / 4)
        self.assertFalse(any(source['type'] == 'frame' and target['type'] == 'list' for source, target, _ in self.edges()))
        # ... and the collector finds them.
        self.steps('The collector has not begun yet', 'A collection of generation 2, step by step')
        seen = []
        for _ in range(100):
            self.step_on()
            self.window.settle()
            states = self.object_states('list')
            if not seen or seen[-1] != states:
                seen.append(states)
            if self.window.facts()['step'] == self.window.facts()['steps']:
                break
        for states in ['examined', 'examined'], ['tentative', 'tentative'], ['unreachable', 'unreachable']:
            self.assertIn(states, seen)
        self.assertEqual(seen[-1], ['freed', 'freed'])
        wait_for('what comes next', lambda: self.window.focused().endswith('Press the same key once more: the program really collects.'))
        captures = self.window.facts()['captures']
        self.window.key('Right')
        self.window.wait_for_captures(captures + 1)
        self.window.sees('As predicted: 2 objects were to be found unreachable, and no others went.')
        self.at(3)
        states = [state for _, kind, _, label, state in self.window.nodes() if kind == OBJECT and label.startswith('list')]
        self.assertEqual(states, ['freed', 'freed'])
        # They are not in the heap after, and back as ghosts in the one before.
        self.window.activate('page.swap-side')
        wait_for('the heap after', lambda: self.window.facts()['side'] == AFTER)
        self.window.sees('The Object Is Gone')
        self.assertNotIn('freed', [state for *_, state in self.window.nodes()])
        self.window.activate('page.swap-side')
        wait_for('the ghosts', lambda: 'freed' in [state for *_, state in self.window.nodes()])
        self.window.settle()
        self.go_on(4)
        # The program went on, the picture stays with the ghosts.
        states = [state for _, kind, _, label, state in self.window.nodes() if kind == OBJECT and label.startswith('list')]
        self.assertEqual(states, ['freed', 'freed'])
        self.assertLess(self.bytes(r'program takes ([\d.]+\s\w+)\.') - initial, LIST / 4)

    def test_mark_sweep(self):
        self.open('mark-sweep')
        self.says(r'unmarked: cellar, well')
        self.steps('Nothing is marked yet', 'Mark and sweep, step by step')
        self.assertGreater(self.object_states('Node').count('white'), 5)
        self.step_on()
        self.window.sees("Node (name: 'room 1') is a root: it becomes grey, and what it refers to is marked.")
        self.step_to_end()
        self.assertEqual(set(self.object_states('Node')), {'black'})
        self.collect()
        self.at(2)
        self.window.find(lambda name: re.match(r'\d+ freed', name))
        self.assertNotIn('freed', [state for *_, state in self.window.nodes()])
        self.go_on(3)
        self.says(r'left: +attic, room 1, room 2, room 3, room 4, room 5')

    def test_generations(self):
        self.open('generations')
        self.window.sees('Generation')
        for step, collected in (1, 0), (2, 1), (3, 2), (4, 0):
            self.assertNotEqual(self.window.facts()['selected'], 0xffffffff)
            self.steps('The collector has not begun yet', f'A collection of generation {collected}, step by step')
            # The guest, and the pair who only have each other.
            self.assertEqual(len(self.object_states('Guest')), 3)
            if step == 1:
                # The lists are beside the picture.
                self.window.sees('Generation 1: 0', exactly=True)
            if step == 2:
                found = int(self.says(r'gc.collect\(0\) found (\d+)')[1])
                self.says(rf'gc.collect\(\) found {found} objects')
            self.step_to_end()
            self.assertEqual(self.object_states('Guest').count('freed'), 2)
            if step < 3:
                self.assertIn('promoted', self.object_states('Guest'))
                self.window.find(lambda name: re.match(rf'Generation {step}: [1-9]', name))
                self.window.find(lambda name: name.startswith("Guest (name: 'the guest'), promoted ("))
            if step < 4:
                self.go_on(step + 1)
        captures = self.window.facts()['captures']
        self.window.activate("page.step-to('next-step')")
        self.window.wait_for_captures(captures + 1)
        self.at(5)
        self.window.find(lambda name: re.match(r'\d+ freed', name))

    def test_show_refs(self):
        self.open('show-refs')
        self.press_in_lesson('Referrers')
        self.at(2)
        wait_for('the dictionary', lambda: (self.window.settle(), 'dict' in self.labels())[1])
        self.press_in_lesson('Cycles')
        self.at(3)
        self.window.settle()
        states = [state for _, kind, _, label, state in self.window.nodes() if kind == OBJECT and label.startswith('list')]
        self.assertEqual(states, ['cycle', 'cycle'])
        self.press_in_lesson('Both Directions')
        wait_for('both', lambda: '--both' in self.window.facts()['command'])

    def test_reachability(self):
        self.open('reachability')
        self.assertEqual(sum(label == 'Node' for *_, label, _ in ((*node,) for node in self.window.nodes())), 4)
        self.steps('Nothing is marked yet', 'Mark and sweep, step by step')
        self.step_to_end()
        self.assertEqual(self.object_states('Node'), ['black'] * 4)
        self.collect()
        self.at(2)
        self.says(r'D is freed')
        self.says(r'F is freed')
        self.go_on(3)
        self.says(r'gc.collect\(\) found \d+')

    def test_reachability_graph(self):
        self.open('reachability-graph')
        names = lambda: {label.split('\n')[-1] for _, kind, _, label, _ in self.window.nodes() if kind == OBJECT}
        self.assertEqual(names(), {'A', 'B', 'C', 'E'})
        # No line ends within the arrow, nor beside it.
        self.says('A\N{NO-BREAK SPACE}-\N{WORD JOINER}>\N{NO-BREAK SPACE}B')
        self.steps('Nothing is marked yet: all 6 objects are white', 'Mark and sweep, step by step')
        while self.window.facts()['step'] < self.window.facts()['steps']:
            self.step_on()
        self.window.sees('In the end 2 objects are swept.')
        self.window.key('Escape')
        wait_for('no steps', lambda: 'step' not in self.window.facts())
        self.press_in_lesson('Mark Step by Step')
        wait_for('the steps', lambda: 'step' in self.window.facts())
        self.press_in_lesson('Collect')
        self.at(2)
        self.window.find(lambda name: re.match(r'2 ', name))
        self.press('Show D')
        wait_for('the picture from D', lambda: (self.window.settle(), names())[1] == {'B', 'C', 'D', 'E', 'F'})


class OtherPythons(LessonTest):
    """The numbers of the version at hand, by the programs themselves."""

    def played(self, version):
        folder = next(iter(sorted(pathlib.Path(os.environ.get('PYENV_ROOT', pathlib.Path.home() / '.pyenv')).glob(
            f'versions/{version}.*/bin'))), None)
        if folder is None:
            self.skipTest(f'no Python {version} of pyenv here')
        found = Played.refcount_call(self, folder)
        self.assertEqual(found, tuple(map(int, version.split('.'))))

    def test_3_10(self):
        self.played('3.10')

    def test_3_12(self):
        self.played('3.12')


class FromTheCommandLine(LessonTest):
    def test_it_opens_at_its_first_step(self):
        self.window = Window('--lesson', 'two-lists')
        self.addCleanup(lambda: self.assertEqual(self.window.stop(), []))
        self.lesson = LESSONS['two-lists']
        wait_for('the graph', self.window.graph)
        self.at(1)

    def test_an_unknown_one_is_told_with_those_there_are(self):
        program = pathlib.Path(os.environ['RSC_BUILD_ROOT']) / 'src' / 'app' / 'refscope'
        result = subprocess.run([program, '--lesson', 'nothing'], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertIn('“nothing”', result.stderr)
        self.assertIn('two-lists', result.stderr)


if __name__ == '__main__':
    unittest.main()