"""A running program: its states, collections and captures."""
import os
import pathlib
import re
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import OBJECT, wait_for  # noqa: E402
from window_case import PYTHON, GuiTest  # noqa: E402


class Collecting(GuiTest):
    def test_file_is_predicted(self):
        window = self.open_graph()
        window.press('Collect')
        window.sees('Predicted: a collection of generation 2')
        window.sees('Nothing was collected')
        window.settle()

    def test_live_program_collects(self):
        window = self.open_freed_pair()
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

    def test_collection_is_told_on_its_capture(self):
        """Not on another one, however that came to be seen; and again on the way back."""
        def is_told():
            return window.has('gc.collect(2) returned 2')
        window = self.open_freed_pair()
        wait_for('what was collected', is_told)
        window.press('Continue')
        window.wait_for_status('Held at its end')
        window.wait_for_captures(3)
        wait_for('the new capture', lambda: not is_told())
        window.press(lambda name: name.startswith('2 Collection of generation 2'))
        wait_for('what was collected again', is_told)
        wait_for('the ghosts', lambda: (window.settle(), 'freed' in [state for *_, state in window.nodes()])[1])
        window.press('Take the marks of the collection away')
        wait_for('nothing told', lambda: not is_told())
        window.press(lambda name: name.startswith('1 two pairs'))
        wait_for('the first capture', lambda: (window.settle(), window.facts().get('capture'))[1] == 1)
        window.press(lambda name: name.startswith('2 Collection of generation 2'))
        wait_for('what was collected, once more', is_told)
        window.settle()

    def test_cycles(self):
        window = self.open_graph()
        window.press('Cycles')
        window.sees('2 cycles')
        window.settle()
        states = {label.split('\n')[-1]: state for _, kind, _, label, state in window.nodes() if kind == OBJECT}
        self.assertEqual(states['B'], 'cycle')
        self.assertEqual(states['E'], 'cycle')
        self.assertEqual(states['A'], 'none')
        listed = window.find('List of cycles', 'list')
        rows = wait_for('the rows', lambda: [item for item in window.walk(listed) if item.get_role_name() == 'list item'])
        garbage = next(row for row in rows if row.get_name().startswith('garbage'))
        window.click(garbage)
        wait_for('D and F', lambda: (window.settle(), {'D', 'F'} <= self.names(window))[1])
        states = {label.split('\n')[-1]: state for _, kind, _, label, state in window.nodes() if kind == OBJECT}
        self.assertEqual(states['D'], 'garbage-cycle')


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
        window.activate(f"win.launch-program((['{PYTHON}', '{program}'], '', true))")
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


if __name__ == '__main__':
    unittest.main()
