"""What the tests of the window share: a test case that opens it, and the heaps it opens."""
import functools
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import types
import unittest

import driver
from driver import OBJECT, Window, wait_for

EXAMPLES = pathlib.Path(os.environ['RSC_EXAMPLES'])
PYTHON = '/usr/bin/python3' if os.path.exists('/usr/bin/python3') else sys.executable

GRAPH = textwrap.dedent('''\
    digraph heap {
      A -> B; A -> C; B -> E; E -> B; C -> E; D -> F; F -> D; D -> B; F -> C;
    }
    ''')
HUB = 'digraph hub {\n' + ''.join(f'  hub -> leaf{i};\n' for i in range(40)) + '}\n'
# Two objects that only each other hold, with a name to find them by.  What the start of
# Python left, which is more or less from machine to machine, is collected before.
FREED_PAIR = '''
    import gc
    gc.disable()
    gc.collect()
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


class GuiTest(unittest.TestCase):
    def __init__(self, name='runTest'):
        super().__init__(name)
        self.windows = []
        if hasattr(self, name):
            setattr(self, name, self.telling(getattr(self, name)))

    def telling(self, test):
        """The test, which on failure tells what the windows showed before they are closed."""
        @functools.wraps(test)
        def run(self):
            try:
                test()
            except unittest.SkipTest:
                raise
            except Exception:
                for number, window in enumerate(self.windows):
                    window.tell(f'{self.id()}-{number}')
                raise
        # A method, as the loader of tests looks for.
        return types.MethodType(run, self)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='refscope-test-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def open(self, *arguments, **options):
        window = Window(*map(str, arguments), **options)
        self.windows.append(window)
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

    def open_program(self, code, *options, settle=True, **window_options):
        program = self.write('program.py', textwrap.dedent(code))
        window = self.open(*options, '--', PYTHON, program, stdout=subprocess.PIPE, **window_options)
        if settle:
            window.wait_for_status('Held')
        return window

    def open_freed_pair(self):
        """A program with a pair that a collection frees, which is drawn, and then collected."""
        window = self.open_program(FREED_PAIR)
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
        return window

    @staticmethod
    def names(window):
        """The second lines of what is drawn: in a DOT heap the nodes' names."""
        return {label.split('\n')[-1] for _, kind, _, label, _ in window.nodes() if kind == OBJECT}

    def index(self, window, name):
        return next(i for i, kind, _, label, _ in window.nodes() if kind == OBJECT and label.split('\n')[-1] == name)


def enter_hidden(window, expression):
    """Says what is left out, as text: on the second page of the filter's popover."""
    window.press('Hide')
    *_, switch = (item for item in window.walk() if driver.name_of(item) == 'Show the expression' and 'Action' in item.get_interfaces())
    switch.do_action()
    window.enter('Hide', expression)


def save(window, action, path, existing=False):
    """Through the file chooser, as a person does."""
    window.activate(action)
    entry = wait_for('the name', lambda: next((
        item for item in window.walk() if item.get_role_name() in ('text', 'entry') and 'EditableText' in item.get_interfaces() and
        re.fullmatch(r"\w+\.(png|svg|pdf|dot|refscope|html)|\w+-steps(\.\w+)?", driver.text_of(item))), None))
    entry.set_text(str(path))
    window.press('Save')
