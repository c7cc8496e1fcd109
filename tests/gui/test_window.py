"""The window, driven by accessible names, keys and the pointer."""
import json
import os
import pathlib
import re
import shlex
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import driver  # noqa: E402
from driver import OBJECT, FOLD, Atspi, Gone, Window, wait_for  # noqa: E402

EXAMPLES = pathlib.Path(os.environ['RSC_EXAMPLES'])
PYTHON = '/usr/bin/python3' if os.path.exists('/usr/bin/python3') else sys.executable

GRAPH = textwrap.dedent('''\
    digraph heap {
      A -> B; A -> C; B -> E; E -> B; C -> E; D -> F; F -> D; D -> B; F -> C;
    }
    ''')
HUB = 'digraph hub {\n' + ''.join(f'  hub -> leaf{i};\n' for i in range(40)) + '}\n'


class GuiTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='refscope-test-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def open(self, *arguments, **options):
        window = Window(*map(str, arguments), **options)
        self.addCleanup(lambda: self.assertEqual(window.stop(), []))
        return window

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding='utf-8')
        return path

    def open_graph(self, text=GRAPH):
        window = self.open(self.write('graph.dot', text))
        window.settle()
        return window

    def open_program(self, code, *options, settle=True):
        program = self.write('program.py', textwrap.dedent(code))
        window = self.open(*options, '--', PYTHON, program, stdout=subprocess.PIPE)
        if settle:
            window.wait_for_status('Held')
        return window

    @staticmethod
    def names(window):
        """The second lines of what is drawn: in a DOT heap the nodes' names."""
        return {label.split('\n')[-1] for _, kind, _, label, _ in window.nodes() if kind == OBJECT}

    def index(self, window, name):
        return next(i for i, kind, _, label, _ in window.nodes() if kind == OBJECT and label.split('\n')[-1] == name)


class Start(GuiTest):
    def test_start_page_names_all_ways(self):
        window = self.open()
        for name in ('Launch a Program…', 'Open a Heap…', 'Demonstration'):
            window.find(name, 'label')
        listed = window.texts()
        titles = re.findall(r'^Title=(.*)$', (EXAMPLES / 'lessons.ini').read_text(encoding='utf-8'), re.MULTILINE)
        looks = re.findall(r'^LookFor=(.*)$', (EXAMPLES / 'lessons.ini').read_text(encoding='utf-8'), re.MULTILINE)
        self.assertGreaterEqual(len(titles), 9)
        for text in titles[1:] + looks[1:]:
            self.assertIn(text, listed)

    def test_demonstration_opens_by_keyboard(self):
        window = self.open()
        # Tab goes to the menu, then to the first row; arrows go on.
        for _ in range(8):
            window.key('Tab')
            if window.focused().startswith('Launch'):
                break
        window.key('Down', 'Down')
        self.assertIn('Demonstration', window.focused())
        window.key('Return')
        window.wait_for_status('most have left')
        self.assertIn('Session', {label for *_, label, _ in window.nodes()})
        window.sees('Follow the arrows back from a Session')

    def test_lesson_opens_a_file(self):
        window = self.open()
        window.activate("win.lesson('reachability-graph')")
        wait_for('the graph', window.graph)
        window.settle()
        self.assertEqual(self.names(window), {'A', 'B', 'C', 'E'})

    def test_launch_dialog(self):
        program = self.write('program.py', 'a = [1, 2]\nprint("hello")\n')
        window = self.open()
        window.activate('win.launch')
        self.assertFalse(window.find('Launch').get_state_set().contains(Atspi.StateType.SENSITIVE))
        window.enter('Command', f'"{PYTHON}')
        window.sees('A quotation mark is not closed.')
        window.enter('Command', f'{shlex.quote(PYTHON)} {shlex.quote(str(program))}')
        window.press('Launch')
        window.wait_for_status('Held at its end')
        window.sees('hello')

    def test_no_lessons_is_no_failure(self):
        window = self.open(env={'RSC_EXAMPLES': str(self.folder)})
        window.find('Launch a Program…', 'label')

    def test_settings_may_be_missing(self):
        window = self.open(self.write('graph.dot', GRAPH), env={'GSETTINGS_SCHEMA_DIR': str(self.folder),
                                                                'XDG_DATA_DIRS': '/usr/share'})
        window.settle()
        self.assertEqual(self.names(window), {'A', 'B', 'C', 'E'})


class Controls(GuiTest):
    def setUp(self):
        super().setUp()
        self.window = self.open_graph()

    def drawn(self):
        self.window.settle()
        return self.names(self.window)

    def until(self, names):
        wait_for(f'the picture {sorted(names)}', lambda: self.drawn() == names)

    def test_direction(self):
        self.assertEqual(self.drawn(), {'A', 'B', 'C', 'E'})
        self.window.press('Referrers')
        self.until({'A'})
        self.window.key('ctrl+3')
        self.until({'A', 'B', 'C', 'E'})
        self.window.press('Back')
        self.until({'A'})
        self.window.key('ctrl+z')
        self.until({'A', 'B', 'C', 'E'})
        self.window.key('alt+Right')
        self.until({'A'})

    def test_depth(self):
        self.window.set_value('Depth', 1)
        self.until({'A', 'B', 'C'})
        self.window.set_value('Depth', 0)
        self.until({'A'})
        self.window.key('alt+Down')
        self.until({'A', 'B', 'C'})

    def test_filter(self):
        self.window.enter('Filter', "value <> 'B'")
        self.until({'A', 'C', 'E'})
        self.window.enter('Filter', "value <>")
        self.window.sees('value <>')
        entry = self.window.find('Filter')
        wait_for('the mark of the mistake', lambda: any(
            item.get_state_set().contains(Atspi.StateType.INVALID_ENTRY) or
            item.get_state_set().contains(Atspi.StateType.INVALID) for item in self.window.walk(entry)))
        self.assertEqual(self.drawn(), {'A', 'C', 'E'})
        self.window.enter('Filter', '')
        self.until({'A', 'B', 'C', 'E'})

    def test_filter_that_names_no_column(self):
        self.window.enter('Filter', 'tipe = 1')
        self.window.sees('tipe')
        self.assertEqual(self.drawn(), {'A', 'B', 'C', 'E'})

    def test_hide_bridges(self):
        self.window.press('More view options')
        self.window.enter('Hide', "value = 'B' or value = 'C'")
        self.until({'A', 'E'})
        self.assertTrue(any(edge['kind'] == 'hidden' for edge in self.window.graph()['edges']), self.window.graph()['edges'])

    def test_highlight(self):
        before = self.window.facts()['command']
        self.window.press('More view options')
        self.window.enter('Highlight', "value = 'E'")
        wait_for('the highlight', lambda: self.window.facts()['command'] != before)
        self.assertIn('--highlight', self.window.facts()['command'])

    def test_refcounts_and_names_are_in_the_command(self):
        self.window.press('More view options')
        self.window.press('Reference counts')
        wait_for('--refcounts', lambda: '--refcounts' in self.window.facts()['command'])
        self.window.press('Short names')
        wait_for('--no-shortnames', lambda: '--no-shortnames' in self.window.facts()['command'])
        self.window.press('Only what the collector sees')
        wait_for('--edges collector', lambda: '--edges collector' in self.window.facts()['command'])
        self.window.press('Swap arrows')
        wait_for('--swap', lambda: '--swap' in self.window.facts()['command'])
        self.window.set_value('Objects at most', 50)
        wait_for('--max-nodes', lambda: '--max-nodes 50' in self.window.facts()['command'])
        self.window.set_value('Fold above', 5)
        wait_for('--too-many', lambda: '--too-many 5' in self.window.facts()['command'])

    def test_ignore(self):
        self.window.click_node(self.index(self.window, 'B'))
        self.window.settle()
        self.window.key('ctrl+i')
        self.until({'A', 'C', 'E'})
        self.window.press(lambda name: name.startswith('Stop ignoring'))
        self.until({'A', 'B', 'C', 'E'})
        self.window.key('alt+i')
        self.until({'A'})
        self.window.key('ctrl+z')
        self.until({'A', 'B', 'C', 'E'})

    def test_place_is_kept(self):
        index = self.index(self.window, 'A')
        self.window.click_node(index)
        self.window.settle()
        before = self.window.node_point(index)
        self.window.key('ctrl+3')
        wait_for('the new view', lambda: '--both' in self.window.facts()['command'])
        self.window.settle()
        after = self.window.node_point(self.index(self.window, 'A'))
        self.assertLessEqual(abs(after[0] - before[0]), 1)
        self.assertLessEqual(abs(after[1] - before[1]), 1)


class Canvas(GuiTest):
    def test_click_selects_and_return_recentres(self):
        window = self.open_graph()
        window.click_node(self.index(window, 'E'))
        window.settle()
        window.sees('Held By (2)')
        window.key('Return')
        wait_for('the picture from E', lambda: (window.settle(), self.names(window))[1] == {'E', 'B'})
        window.press('Back')
        wait_for('the picture from A', lambda: (window.settle(), self.names(window))[1] == {'A', 'B', 'C', 'E'})

    def test_double_click_recentres(self):
        window = self.open_graph()
        window.click_node(self.index(window, 'E'), repeat=2)
        wait_for('the picture from E', lambda: (window.settle(), self.names(window))[1] == {'E', 'B'})

    def test_fold_opens(self):
        window = self.open_graph(HUB)
        folds = [i for i, kind, *_ in window.nodes() if kind == FOLD]
        self.assertEqual(len(folds), 1)
        self.assertEqual(len(self.names(window)), 11)
        window.click_node(folds[0])
        wait_for('20 more', lambda: (window.settle(), len(self.names(window)))[1] == 31)
        window.key('ctrl+z')
        wait_for('the fold', lambda: (window.settle(), len(self.names(window)))[1] == 11)

    def test_keyboard_reaches_the_nodes(self):
        window = self.open_graph()
        window.click_node(self.index(window, 'A'))
        selected = set()
        for _ in range(4):
            window.key('Tab')
            window.settle()
            selected.add(window.facts()['selected'])
        self.assertGreaterEqual(len(selected), 3)

    def test_context_menu(self):
        window = self.open_graph()
        window.click_node(self.index(window, 'C'), button=3)
        window.settle()
        window.find('Ignore This Object')
        window.key('Escape')

    def test_zoom(self):
        window = self.open_graph()
        before = window.facts()['zoom']
        window.press('Zoom in')
        wait_for('a larger picture', lambda: window.facts()['zoom'] > before)
        window.press('Fit')
        wait_for('the picture that fits', lambda: abs(window.facts()['zoom'] - before) < 0.01)


class Finding(GuiTest):
    def test_types_and_values(self):
        window = self.open_graph()
        window.sees('node')
        window.press('Value')
        window.enter('Find objects', 'd')
        window.sees('1 object', exactly=True)
        window.key('ctrl+f')
        window.key('Return')
        wait_for('the picture of D', lambda: (window.settle(), 'D' in self.names(window))[1])
        self.assertIn('F', self.names(window))

    def test_nothing_found(self):
        window = self.open_graph()
        window.press('Value')
        window.enter('Find objects', 'no such thing')
        window.sees('Nothing Found')

    def test_reference_as_on_the_command_line(self):
        window = self.open_graph()
        window.enter('Find objects', 'name:F')
        window.sees('1 object', exactly=True)
        window.enter('Find objects', "sql:SELECT nonsense")
        window.sees('nonsense')

    def test_references_navigate(self):
        window = self.open_graph()
        window.click_node(self.index(window, 'A'))
        window.settle()
        window.press(lambda name: name.startswith('Refers To'))
        before = window.facts()['selected']
        listed = window.find('References', 'list')
        row = wait_for('a row', lambda: next((item for item in window.walk(listed) if item.get_role_name() == 'list item'), None))
        # The list may still be on its way to its place, so that a click goes amiss.
        for attempt in range(5):
            window.click(row)
            try:
                wait_for('another selection', lambda: window.facts()['selected'] != before, patience=4)
                break
            except Gone:
                self.assertLess(attempt, 4, 'no click on the row selected its object')

    def test_the_list_mirrors_the_canvas(self):
        window = self.open_graph()
        window.key('ctrl+m')
        listed = window.find('Objects in the picture', 'list')
        rows = wait_for('the rows', lambda: [item.get_name() for item in window.walk(listed) if item.get_role_name() == 'list item'])
        for name in 'ABCE':
            self.assertTrue(any(re.search(rf'\b{name}\b', row) for row in rows), rows)


class Collecting(GuiTest):
    LISTS = '''
        import gc
        gc.disable()
        class Pair:
            pass
        def make():
            a, b = Pair(), Pair()
            a.other, b.other = b, a
            a.name = 'ghost'
        make()
        kept = Pair()
        import refscope
        refscope.mark('two pairs')
        '''

    def test_file_is_predicted(self):
        window = self.open_graph()
        window.press('Collect')
        window.sees('Predicted: a collection of generation 2')
        window.sees('Nothing was collected')
        window.settle()

    def test_live_program_collects(self):
        window = self.open_program(self.LISTS)
        window.wait_for_status('two pairs')
        window.wait_for_captures(1)
        window.enter('Find objects', "sql:SELECT id FROM objects WHERE type = 'str' AND value = 'ghost'")
        window.sees('1 object', exactly=True)
        window.key('ctrl+f')
        window.key('Return')
        wait_for('the name', lambda: (window.settle(), self.names(window))[1] == {"'ghost'"})
        window.press('Referrers')
        wait_for('the pair', lambda: (window.settle(), 'Pair' in {label for *_, label, _ in window.nodes()})[1])
        window.press('Collect')
        window.wait_for_captures(2)
        states = [state for _, kind, _, label, state in window.nodes() if kind == OBJECT and label == 'Pair']
        self.assertIn('freed', states)
        window.find(lambda name: re.match(r'\d+ freed', name))
        window.press('After')
        wait_for('the heap after', lambda: window.facts()['side'] == 1)
        window.settle()
        window.press('Before')
        wait_for('the heap before', lambda: window.facts()['side'] == 0)
        window.settle()
        window.press(lambda name: re.match(r'\d+ freed', name))
        window.sees('freed')

    def test_cycles(self):
        window = self.open_graph()
        window.press('Cycles')
        window.sees('2 cycles')
        window.settle()
        states = {label.split('\n')[-1]: state for _, kind, _, label, state in window.nodes() if kind == OBJECT}
        self.assertEqual(states['B'], 'cycle')
        self.assertEqual(states['E'], 'cycle')
        self.assertEqual(states['A'], 'none')
        listed = window.find('Cycles by size', 'list')
        rows = wait_for('the rows', lambda: [item for item in window.walk(listed) if item.get_role_name() == 'list item'])
        garbage = next(row for row in rows if row.get_name().startswith('garbage'))
        window.click(garbage)
        wait_for('D and F', lambda: (window.settle(), {'D', 'F'} <= self.names(window))[1])
        states = {label.split('\n')[-1]: state for _, kind, _, label, state in window.nodes() if kind == OBJECT}
        self.assertEqual(states['D'], 'garbage-cycle')

    def test_thresholds(self):
        window = self.open_program('import gc\na = [[]]\n')
        window.key('ctrl+t')
        wait_for('the thresholds', lambda: window.value('Threshold of generation 0') > 0)
        window.set_value('Threshold of generation 0', 12345)
        window.press('Set Thresholds')
        wait_for('the new threshold', lambda: not window.find('Set Thresholds').get_state_set().contains(Atspi.StateType.SENSITIVE))
        window.settle()
        window.key('F5')
        window.wait_for_captures(2)
        window.sees('USS')


class Programs(GuiTest):
    def test_states_output_and_status(self):
        window = self.open_program('''
            import sys, refscope
            a = ['first']
            refscope.mark('first mark')
            a.append('second')
            refscope.mark('second mark')
            sys.exit(7)
            ''', settle=False)
        window.wait_for_status('first mark')
        window.wait_for_captures(1)
        self.assertIn('program.py:4', window.facts()['status'])
        window.press('Continue')
        window.wait_for_status('second mark')
        window.wait_for_captures(2)
        window.key('F4')
        window.wait_for_status('Held at its end')
        window.wait_for_captures(3)
        window.press('Continue')
        window.wait_for_status('Exited (7)')
        # What was captured stays.
        self.assertTrue(window.nodes())
        window.press(lambda name: name.startswith('1 first mark'))
        window.settle()
        window.key('ctrl+w')
        self.assertEqual(window.process.wait(30), 7)

    def test_uncaught_exception(self):
        window = self.open_program('''
            def fail():
                hoard = [[1], [2]]
                raise KeyError('x')
            fail()
            ''')
        self.assertIn('KeyError', window.facts()['status'])
        window.wait_for_captures(1)

    def test_input(self):
        program = self.write('program.py', 'answer = [input("name? ")]\nprint("hello", answer[0])\n')
        window = self.open()
        window.activate(f"win.launch-command('{PYTHON} {program}')")
        window.sees('name?')
        window.enter('Input for the program', 'Ada')
        window.press('Send')
        window.sees('hello Ada')
        window.wait_for_status('Held at its end')

    def test_stop(self):
        window = self.open_program('import time\na = [1]\ntime.sleep(600)\n', settle=False)
        window.wait_for_status('Running')
        window.press('Capture')
        window.wait_for_captures(1)
        window.press('Stop')
        window.wait_for_status('Ended by SIGTERM')

    def test_closing_asks(self):
        window = self.open_program('a = [1]\n')
        pid = window.facts()['pid']
        window.key('ctrl+w')
        window.find('Keep It Running')
        window.press('Cancel')
        wait_for('the end of the question', lambda: not window.has('Keep It Running'))
        self.assertIsNone(window.process.poll())
        window.key('ctrl+w')
        window.press('Stop It')
        self.assertEqual(window.process.wait(30), 128 + signal.SIGTERM)
        self.assertFalse(os.path.exists(f'/proc/{pid}'))

    def test_keep_running(self):
        marker = self.folder / 'done'
        window = self.open_program(f'a = [1]\nimport atexit\natexit.register(open, {str(marker)!r}, "w")\n')
        window.key('ctrl+w')
        window.press('Keep It Running')
        self.assertEqual(window.process.wait(30), 0)
        self.assertTrue(marker.exists())

    def test_no_such_program(self):
        window = self.open('--', '/no/such/program')
        window.sees('The Program Did Not Start')
        window.sees('/no/such/program')

    def test_ends_at_once_without_python(self):
        window = self.open('--', '/bin/true')
        window.wait_for_status('Exited (0)')
        window.sees('The Program Has Ended')

    def test_runs_without_python(self):
        window = self.open('--', '/bin/sleep', '600')
        window.wait_for_status('no Python')
        window.sees('No Python to Capture')
        window.press('Stop')
        window.wait_for_status('Ended by SIGTERM')

    def test_crash(self):
        window = self.open_program('import os, signal\na = [1]\nos.kill(os.getpid(), signal.SIGSEGV)\n', settle=False)
        window.wait_for_status('Ended by SIGSEGV')

    def test_killed_while_held(self):
        window = self.open_program('a = [1]\n')
        window.wait_for_captures(1)
        os.kill(window.facts()['pid'], signal.SIGKILL)
        window.wait_for_status('Ended by SIGKILL')
        self.assertTrue(window.nodes())

    def test_standard_streams_are_the_callers(self):
        window = self.open_program('print("to the caller")\n')
        window.press('Continue')
        window.wait_for_status('Exited (0)')
        window.key('ctrl+w')
        window.process.wait(30)
        self.assertEqual(window.process.stdout.read(), b'to the caller\n')
        window.process.stdout.close()


class BadFiles(GuiTest):
    def shows(self, path, *texts):
        window = self.open(path)
        window.sees('The File Cannot Be Opened')
        for text in texts:
            window.sees(text)

    def test_missing(self):
        self.shows(self.folder / 'nothing.refscope', 'nothing.refscope')

    def test_foreign(self):
        path = self.folder / 'picture.png'
        path.write_bytes(b'\x89PNG\r\n\x1a\n' + bytes(200))
        self.shows(path, 'picture.png')

    def test_truncated(self):
        window = self.open_graph()
        heap = self.folder / 'whole.refscope'
        save(window, 'page.save-heap', heap)
        wait_for('the heap', heap.exists)
        cut = self.folder / 'cut.refscope'
        cut.write_bytes(heap.read_bytes()[:100])
        self.shows(cut, 'cut.refscope')

    def test_bad_dot(self):
        self.shows(self.write('bad.dot', 'digraph { a -> '), 'bad.dot')


def save(window, action, path, existing=False):
    """Through the file chooser, as a person does."""
    window.activate(action)
    entry = wait_for('the name', lambda: next((
        item for item in window.walk() if item.get_role_name() in ('text', 'entry') and 'EditableText' in item.get_interfaces() and
        re.fullmatch(r'\w+\.(png|svg|pdf|dot|refscope)', driver.text_of(item))), None))
    Atspi.EditableText.set_text_contents(entry, str(path))
    window.press('Save')


class Exporting(GuiTest):
    KINDS = {'png': b'\x89PNG', 'png2': b'\x89PNG', 'svg': b'<?xml', 'pdf': b'%PDF', 'dot': b'digraph'}

    def test_each_format(self):
        window = self.open_graph()
        for kind, magic in self.KINDS.items():
            with self.subTest(kind):
                path = self.folder / f'{kind}-picture.{kind.rstrip("2")}'
                save(window, f"page.export('{kind}')", path)
                wait_for(f'the file {path.name}', path.exists)
                wait_for('its content', lambda: path.read_bytes().startswith(magic))

    def test_heap_can_be_opened_again(self):
        window = self.open_graph()
        path = self.folder / 'saved.refscope'
        save(window, 'page.save-heap', path)
        wait_for('the file', path.exists)
        again = self.open(path)
        again.settle()
        self.assertEqual(self.names(again), self.names(window))

    def test_missing_extension_is_added_and_asked_about(self):
        window = self.open_graph()
        path = self.write('picture.svg', 'precious')
        save(window, "page.export('svg')", self.folder / 'picture')
        window.press('Cancel')
        self.assertEqual(path.read_text(), 'precious')
        save(window, "page.export('svg')", self.folder / 'picture')
        window.press('Replace')
        wait_for('the picture', lambda: path.read_text().startswith('<?xml'))

    def test_unwritable(self):
        window = self.open_graph()
        save(window, "page.export('png')", '/proc/refscope.png')
        window.sees('The picture was not written')
        window.sees('/proc/refscope.png')
        window.press('Close')

    def test_copy_as_command(self):
        window = self.open_graph()
        window.key('ctrl+shift+c')
        window.sees('Command copied')


class Accessibility(GuiTest):
    INTERACTIVE = {'push button', 'toggle button', 'check box', 'entry', 'spin button', 'list item', 'radio button', 'switch'}

    def test_names(self):
        for arguments in ((), (self.write('graph.dot', GRAPH),)):
            window = self.open(*arguments)
            window.settle()
            seen = 0
            for item in window.walk():
                if item.get_role_name() in self.INTERACTIVE:
                    seen += 1
                    name = driver.name_of(item)
                    self.assertTrue(name, f'a {item.get_role_name()} has no name')
                    self.assertNotRegex(name, r'^(.+) \1$')
                    self.assertNotRegex(name, r'^(Gtk|Adw|Rsc)[A-Z]\w+$')
            self.assertGreater(seen, 5)

    def test_narrow(self):
        window = self.open_graph()
        window.resize(360, 640)
        wait_for('360 px', lambda: window.facts()['width'] <= 360)
        window.settle()
        self.assertTrue(window.nodes())


if __name__ == '__main__':
    unittest.main()
