"""Attaching to a program that runs already, and leaving it as it was."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'live'))
import driver  # noqa: E402
from driver import PROGRAM, wait_for  # noqa: E402
from tracing import is_supported  # noqa: E402
from window_case import PYTHON, GuiTest  # noqa: E402

CLI = os.environ['RSC_CLI']
CODE = '''
import gc, refscope, select, sys
gc.disable()
gc.collect()
class Session:
    pass
cache = [Session() for _ in range(123)]
def make():
    a, b = Session(), Session()
    a.other, b.other = b, a
make()
marks = False
print('ready', flush=True)
while True:
    if marks:
        refscope.mark('beat')
    if select.select([sys.stdin], [], [], .02)[0]:
        line = sys.stdin.readline()
        if not line:
            break
        marks |= line == 'mark\\n'
        print('heard ' + line, end='', flush=True)
'''


class Running:
    """A program that nobody launched for Refscope."""

    def __init__(self, name='service.py', folder=None, code=CODE):
        path = pathlib.Path(folder) / name
        path.write_text(code, encoding='utf-8')
        clean = {key: value for key, value in os.environ.items() if not key.startswith(('PYTHON', 'LD_PRELOAD'))}
        self.process = subprocess.Popen([PYTHON, '-u', path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**clean, 'PYTHONPATH': os.pathsep.join([os.environ['RSC_PYTHON_PACKAGE'], *os.environ.get('PYTHONPATH', '').split(os.pathsep)])})
        self.pid = self.process.pid
        assert self.process.stdout.readline() == 'ready\n'
        self.before = self.traces()

    def traces(self):
        """What is seen of an agent that is awake: its thread, and its sockets."""
        links = []
        for number in os.listdir(f'/proc/{self.pid}/fd'):
            try:
                links.append(os.readlink(f'/proc/{self.pid}/fd/{number}'))
            except FileNotFoundError:
                pass
        return len(os.listdir(f'/proc/{self.pid}/task')), sorted(link for link in links if link.startswith('socket'))

    def is_quiet(self):
        return self.traces() == self.before

    def tell(self, word):
        self.process.stdin.write(word + '\n')
        self.process.stdin.flush()

    def answers(self, word='well'):
        self.tell(word)
        return self.process.stdout.readline() == f'heard {word}\n'

    def end(self):
        self.process.kill()
        self.process.communicate()


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class AttachTest(GuiTest):
    def run_program(self, **options):
        program = Running(folder=self.folder, **options)
        self.addCleanup(program.end)
        return program

    def attach(self, program):
        window = self.open('--pid', program.pid)
        window.wait_for_status('Running, attached')
        return window

    def capture(self, window):
        captures = window.facts()['captures']
        window.press('Capture')
        window.wait_for_captures(captures + 1)

    def check_unharmed(self, program):
        wait_for('a quiet agent', program.is_quiet)
        self.assertTrue(program.answers())


class Attached(AttachTest):
    def test_as_a_launched_program(self):
        """Captured, collected, let go of, and attached to again."""
        program = self.run_program()
        window = self.attach(program)
        window.sees(f'pid:{program.pid}')
        window.sees('service.py')
        self.assertNotEqual(program.traces(), program.before)
        self.assertFalse(window.has('Stop') or window.has('Continue') or window.has('Output'))
        self.capture(window)
        window.press('Collect')
        window.wait_for_captures(2)
        window.sees('gc.collect(2) returned 2')
        window.activate('page.copy-command')
        command = window.clipboard('text/plain;charset=utf-8').decode()
        self.assertIn(f'pid:{program.pid} ', command + ' ')
        window.activate('page.step(uint32 2)')
        wait_for('the steps', lambda: 'step' in window.facts())
        window.press('Do It for Real')
        window.wait_for_captures(3)
        window.press('Detach')
        window.wait_for_status('Detached')
        self.check_unharmed(program)
        self.assertTrue(window.nodes())
        # What was copied can be pasted.
        result = subprocess.run(['sh', '-c', re.sub('^refscope-cli', CLI, command)], stdout=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(result.returncode, 0)
        self.assertIn('digraph', result.stdout)
        wait_for('a quiet agent', program.is_quiet)
        window.press('Attach Again')
        window.wait_for_status('Running, attached')
        self.capture(window)
        self.assertEqual(window.facts()['captures'], 4)
        window.key('shift+F4')
        window.wait_for_status('Detached')
        self.check_unharmed(program)

    def test_held_only_if_asked(self):
        """Not at its marks; if so ordered it is, and goes on when it is let go of."""
        program = self.run_program()
        window = self.attach(program)
        self.assertTrue(program.answers('mark'))
        self.assertTrue(program.answers())
        window.activate('page.hold')
        window.wait_for_status('Held at ‘beat’')
        window.wait_for_captures(1)
        window.press('Continue')
        window.wait_for_captures(2)
        window.wait_for_status('Held at ‘beat’')
        window.press('Detach')
        window.wait_for_status('Detached')
        self.assertFalse(window.has('Continue'))
        self.check_unharmed(program)
        # Of one that has ended since, what was captured is still there.
        program.end()
        window.press('Attach Again')
        window.sees('has ended')
        window.wait_for_status('Ended')
        window.press('Close')
        self.assertTrue(window.nodes())


class Choosing(AttachTest):
    """The list of running Pythons, of which the search leaves those that the test runs."""

    def open_chooser(self):
        window = self.open()
        wait_for('the window', lambda: window.has('Launch a Program…'))
        window.key('ctrl+r')
        window.enter('Search the running programs', self.folder.name)
        return window

    @staticmethod
    def dialog(window):
        """Its X window, with the keyboard: the driver's keys go to the largest."""
        number = wait_for('the dialog', lambda: window.xdotool(
            'search', '--all', '--onlyvisible', '--pid', window.process.pid, '--name', '^Attach to a Program$').split())[0]
        window.xdotool('windowfocus', '--sync', number)
        return number

    def press_return(self, window):
        self.dialog(window)
        window.xdotool('key', '--clearmodifiers', 'Return')

    def double_click(self, window, program):
        row = next(item for item in window.walk() if item.get_role_name() == 'list item' and f'PID {program.pid} ' in (item.get_name() or ''))
        place = dict(line.split('=') for line in window.xdotool('getwindowgeometry', '--shell', self.dialog(window)).split())
        x, y, width, height = window.place(row)
        window.xdotool('mousemove', '--sync', int(place['X']) + x + width // 2, int(place['Y']) + y + height // 2)
        window.xdotool('click', '--repeat', 2, '--delay', 60, 1)

    def row(self, window, program):
        """The row's accessible name, or ''."""
        return next((name for item in window.walk() if item.get_role_name() == 'list item' and
                     f'PID {program.pid} ' in (name := item.get_name() or '')), '')

    def test_chosen_and_closed(self):
        """By the keyboard; closing then asks nothing, and the program runs on."""
        program, stopped = self.run_program(), self.run_program(name='stopped.py')
        stopped.process.send_signal(signal.SIGSTOP)
        window = self.open_chooser()
        wait_for('the rows', lambda: self.row(window, program) and 'kill -CONT' in self.row(window, stopped))
        self.assertRegex(self.row(window, program), rf'^service\.py, USS [0-9.]+.MiB, PID \d+ · child of {os.getpid()} \(\S+\) · \w+ · '
                         r'Python 3\.\d+\S* · since [0-9:]{8}')
        self.assertIn('Cannot be attached to: It is stopped', self.row(window, stopped))
        # The one that can be attached to is first, and chosen.
        self.press_return(window)
        window.wait_for_status('Running, attached')
        self.assertEqual(window.facts()['pid'], program.pid)
        # Once is enough.
        window.activate(f'win.attach-process({program.pid})')
        window.settle()
        self.assertEqual(sum(item.get_role_name() == 'frame' for item in window.walk()), 1)
        self.capture(window)
        window.key('ctrl+w')
        self.assertEqual(window.process.wait(60), 0)
        self.check_unharmed(program)

    def test_list_follows(self):
        """What begins is listed, what cannot be attached to any more says so, what ended goes."""
        window = self.open_chooser()
        program = self.run_program()
        wait_for('the new row', lambda: self.row(window, program))
        wait_for('a way to attach', lambda: window.find('Attach').has_state(driver.Atspi.StateType.SENSITIVE))
        program.process.send_signal(signal.SIGSTOP)
        wait_for('the reason', lambda: 'kill -CONT' in self.row(window, program))
        wait_for('no way to attach', lambda: not window.find('Attach').has_state(driver.Atspi.StateType.SENSITIVE))
        # Nothing is done where nothing can be done.
        self.press_return(window)
        window.settle()
        self.assertTrue(self.row(window, program))
        other = self.run_program(name='other.py')
        program.end()
        wait_for('the one in the place of the other', lambda: self.row(window, other) and not self.row(window, program))
        self.double_click(window, other)
        window.wait_for_status('Running, attached')
        self.assertEqual(window.facts()['pid'], other.pid)


class Refused(AttachTest):
    def test_tried_again_and_ended(self):
        """The sentence says what would help; when that was done it can be tried again."""
        program = self.run_program()
        program.process.send_signal(signal.SIGSTOP)
        wait_for('its standstill', lambda: 'State:\tT' in pathlib.Path(f'/proc/{program.pid}/status').read_text())
        window = self.open(f'pid:{program.pid}')
        window.sees('Refscope Is Not Attached')
        window.sees(f'kill -CONT {program.pid}')
        program.process.send_signal(signal.SIGCONT)
        window.press('Try Again')
        window.wait_for_status('Running, attached')
        self.capture(window)
        # It ends while it is looked at: what was captured stays.
        program.end()
        # Without what only its parent is told.
        window.wait_for_status('Ended, how is unknown')
        self.assertTrue(window.nodes())
        wait_for('nothing to detach from', lambda: not window.find('Detach').has_state(driver.Atspi.StateType.SENSITIVE))
        self.assertFalse(window.has('Attach Again'))

    def test_nobody_there(self):
        child = subprocess.Popen(['true'])
        child.wait()
        window = self.open('--pid', child.pid)
        window.sees(f'no process {child.pid}')
        window.wait_for_status('Failed')
        window.key('ctrl+w')
        self.assertEqual(window.process.wait(60), 4)
        self.assertIn(f'no process {child.pid}', window.written())

    def test_bad_numbers(self):
        for words in (['--pid', '0'], ['--pid', 'x'], ['pid:12x'], ['--pid=-3'], ['--pid', '99999999999'], ['--pid', '12', '--', 'true']):
            with self.subTest(words):
                result = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertRegex(result.stderr, 'no number of a process|give one of them')


if __name__ == '__main__':
    unittest.main()
