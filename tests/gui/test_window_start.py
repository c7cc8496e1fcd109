"""The start page and the launch dialog."""
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import Atspi, wait_for  # noqa: E402
from lessons import load  # noqa: E402
from window_case import EXAMPLES, GRAPH, PYTHON, GuiTest  # noqa: E402

DATA = pathlib.Path(__file__).parent.parent.parent / 'data'


class Start(GuiTest):
    def test_start_page_names_all_ways(self):
        window = self.open()
        for name in ('Launch a Program…', 'Attach to a Running Program…', 'Open a Heap…', 'Demonstration'):
            window.find(name, 'label')
        listed = window.texts()
        titles = [lesson.title for lesson in load(EXAMPLES / 'lessons.ini').values()]
        looks = re.findall(r'^LookFor=(.*)$', (EXAMPLES / 'lessons.ini').read_text(encoding='utf-8'), re.MULTILINE)
        self.assertGreaterEqual(len(titles), 9)
        for text in titles[1:] + looks[1:]:
            self.assertIn(text, listed)

    def test_demonstration_opens_by_keyboard(self):
        window = self.open()
        # Tab goes to the menu, then to the first row; arrows go on.
        for _ in range(8):
            before = window.focused()
            window.key('Tab')
            if wait_for('another focus', lambda: (window.focused() != before and window.focused())).startswith('Launch'):
                break
        window.key('Down', 'Down', 'Down')
        wait_for('the focus', lambda: 'Demonstration' in window.focused())
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
        self.assertFalse(window.find('Launch').has_state(Atspi.StateType.SENSITIVE))
        window.enter('Command', f'"{PYTHON}')
        window.sees('A quotation mark is not closed.')
        window.enter('Command', f'{shlex.quote(PYTHON)} {shlex.quote(str(program))}')
        window.press('Launch')
        window.wait_for_status('Held at its end')
        window.sees('hello')

    def test_a_script_alone_is_run_by_python(self):
        """As people type it, without an interpreter and without a permission."""
        program = self.write('program.py', 'import sys\nprint("given", sys.argv[1])\n')
        window = self.open()
        window.activate('win.launch')
        window.enter('Command', f'{shlex.quote(str(program))} --verbose')
        window.press('Launch')
        window.wait_for_status('Held at its end')
        window.sees('given --verbose')

    def test_a_command_that_failed_is_tried_again(self):
        window = self.open('--', '/no/such/program')
        window.press('Launch Again…')
        window.find('Command')

    def test_no_lessons_is_no_failure(self):
        window = self.open(env={'RSC_EXAMPLES': str(self.folder)})
        window.find('Launch a Program…', 'label')

    def test_settings_may_be_missing(self):
        window = self.open(self.write('graph.dot', GRAPH), env={'GSETTINGS_SCHEMA_DIR': str(self.folder),
                                                                'XDG_DATA_DIRS': '/usr/share'})
        window.settle()
        self.assertEqual(self.names(window), {'A', 'B', 'C', 'E'})

    def test_settings_may_be_older(self):
        """A schema that was installed before there were programs to remember."""
        schema = (DATA / 'io.github.refscope.Refscope.gschema.xml').read_text(encoding='utf-8')
        older, n = re.subn(r'<key name="recent-programs".*?</key>', '', schema, flags=re.DOTALL)
        self.assertEqual(n, 1)
        self.write('io.github.refscope.Refscope.gschema.xml', older)
        subprocess.run(['glib-compile-schemas', self.folder], check=True)
        window = self.open(env={'GSETTINGS_SCHEMA_DIR': str(self.folder)})
        window.find('Launch a Program…', 'label')
        window.activate('win.clear-recent')
        program = self.write('program.py', 'a = [1, 2]\n')
        window.activate('win.launch')
        window.enter('Command', shlex.join([PYTHON, str(program)]))
        window.press('Launch')
        window.wait_for_status('Held at its end')


if __name__ == '__main__':
    unittest.main()
