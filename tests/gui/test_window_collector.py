"""The collector of a running program: its panel, and the generations of Collect."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import driver  # noqa: E402
from driver import Atspi, Gone, wait_for  # noqa: E402
from system_calls import READ  # noqa: E402
from window_case import GuiTest  # noqa: E402

AUTOMATIC = 'Collects by itself'


class Output:
    """What the program writes to the standard output that it has from its caller."""

    def __init__(self, window):
        self.pipe = window.process.stdout
        os.set_blocking(self.pipe.fileno(), False)
        self.text = ''

    def has(self, text):
        try:
            self.text += os.read(self.pipe.fileno(), 65536).decode()
        except BlockingIOError:
            pass
        return text in self.text

    def wait_for(self, text):
        try:
            wait_for(f'the output “{text}”', lambda: self.has(text))
        except Gone as error:
            raise Gone(f'{error}; there was {self.text!r}') from None


class Panel(GuiTest):
    # Once it goes on it tells how its collector is set.
    TELLING = '''
        import gc
        {}
        hoard = [[]]
        import refscope
        refscope.mark('here')
        print('thresholds', gc.get_threshold(), 'automatic', gc.isenabled(), flush=True)
        '''

    def open_panel(self, line='pass'):
        window = self.open_program(self.TELLING.format(line))
        self.addCleanup(window.process.stdout.close)
        window.wait_for_captures(1)
        window.key('ctrl+t')
        window.find(AUTOMATIC)
        return window

    @staticmethod
    def switch(window):
        """After its label, which has the same name."""
        return wait_for('the switch', lambda: [item for item in window.walk() if driver.name_of(item) == AUTOMATIC and
                                               'Action' in item.get_interfaces()])[-1]

    def go_on(self, window):
        window.settle()
        window.press('Continue')
        window.wait_for_status('Held at its end')
        return Output(window)

    def test_thresholds_reach_the_program(self):
        window = self.open_panel()
        wait_for('the thresholds', lambda: window.value('Threshold of generation 0') > 0)
        apply = window.find('Set Thresholds')
        self.assertFalse(apply.has_state(Atspi.StateType.SENSITIVE))
        for generation, threshold in enumerate((12345, 7, 9)):
            window.set_value(f'Threshold of generation {generation}', threshold)
        window.press('Set Thresholds')
        wait_for('the new thresholds', lambda: not window.find('Set Thresholds').has_state(Atspi.StateType.SENSITIVE))
        window.sees('USS')
        self.go_on(window).wait_for('thresholds (12345, 7, 9)')

    def test_what_other_thresholds_would_do(self):
        """Told before they are set, and of a file as well."""
        window = self.open_panel()
        window.sees('the next collection after')
        window.set_value('Threshold of generation 0', 1000000)
        window.sees('0 collections of generation 0, 0 of 1, 0 of 2')
        window.set_value('Threshold of generation 0', 0)
        window.sees('no collection runs by itself')
        window.set_value('Threshold of generation 1', 1000000)
        window.set_value('Threshold of generation 0', 9999)
        window.sees('10 collections of generation 0, 0 of 1, 0 of 2')

    def test_switching_it_off_reaches_the_program(self):
        window = self.open_panel()
        wait_for('the switch on', lambda: self.switch(window).has_state(Atspi.StateType.CHECKED))
        window.press(AUTOMATIC)
        wait_for('the switch off', lambda: not self.switch(window).has_state(Atspi.StateType.CHECKED))
        self.go_on(window).wait_for('automatic False')

    def test_switching_on_what_the_program_switched_off(self):
        window = self.open_panel('gc.disable()')
        wait_for('the panel', lambda: window.value('Threshold of generation 0') > 0)
        self.assertFalse(self.switch(window).has_state(Atspi.StateType.CHECKED))
        window.sees('If it did:')
        window.press(AUTOMATIC)
        wait_for('the switch on', lambda: self.switch(window).has_state(Atspi.StateType.CHECKED))
        wait_for('what will be', lambda: not any('If it did:' in text for text in window.texts()))
        window.sees('the next collection after')
        self.go_on(window).wait_for('automatic True')

    def test_frozen_objects_are_told(self):
        window = self.open_panel('gc.freeze()')
        text = wait_for('the frozen', lambda: next((text for found in window.texts() for text in found.split('\n')
                                                   if text.startswith('Frozen: ')), None))
        self.assertGreater(int(''.join(filter(str.isdigit, text))), 1000)

    def test_nothing_can_be_set_once_it_ended(self):
        window = self.open_panel()
        self.assertTrue(window.part('Threshold of generation 0', 'Value').has_state(Atspi.StateType.SENSITIVE))
        self.go_on(window)
        window.press('Continue')
        window.wait_for_status('Exited (0)')
        window.sees('As they were when the heap was captured.')
        window.sees('the next collection after')
        wait_for('the switch at rest', lambda: not self.switch(window).has_state(Atspi.StateType.SENSITIVE))
        for generation in range(3):
            self.assertFalse(window.part(f'Threshold of generation {generation}', 'Value').has_state(Atspi.StateType.SENSITIVE))
        self.assertFalse(window.has('Set Thresholds'))


class Own(GuiTest):
    """The program's own collections: each recorded, or the next one waited for."""

    COLLECTING = """
        import gc, os, sys
        class Node:
            pass
        def make(n):
            for _ in range(n):
                a, b = Node(), Node()
                a.other, b.other = b, a
        gc.disable()
        gc.collect()
        import refscope
        refscope.mark('here')
        gc.set_threshold(100000, 10, 10)
        gc.enable()
        print('running', flush=True)
        for line in sys.stdin:
            if line == 'make\\n':
                make(60000)
            elif line == 'all\\n':
                make(5)
                gc.collect()
            print(line.strip(), [callback.__name__ for callback in gc.callbacks], flush=True)
        """
    RECORD = 'Record each collection'

    def open_panel(self):
        window = self.open_program(self.COLLECTING, stdin=subprocess.PIPE)
        self.addCleanup(window.process.stdin.close)
        self.addCleanup(window.process.stdout.close)
        window.wait_for_captures(1)
        window.key('ctrl+t')
        window.find(self.RECORD)
        window.press('Continue')
        output = Output(window)
        output.wait_for('running')
        window.wait_for_status('Running')
        return window, output

    @staticmethod
    def tell(window, output, line):
        output.text = ''
        window.process.stdin.write(f'{line}\n'.encode())
        window.process.stdin.flush()
        output.wait_for(f'{line} [')

    def wait_for_callbacks(self, window, output, expected):
        def is_so():
            self.tell(window, output, 'look')
            return f'look {expected}' in output.text
        wait_for(f'the callbacks {expected}', is_so)

    def test_each_is_recorded(self):
        window, output = self.open_panel()
        window.press(self.RECORD)
        self.wait_for_callbacks(window, output, "['refscope_on_collection']")
        self.tell(window, output, 'make')
        window.find(lambda name: re.match(r'Generation 0: [\d.]+ ms, (99\d{3}|100000) freed$', name))
        window.find(lambda name: re.match(r'At [\d.]+ s\. Counts 100001, 0, 0 → 0, 1, 0; thresholds 100000, 10, 10$', name))
        window.sees('1 recorded: ')
        window.sees('Collections: higher is longer')
        self.tell(window, output, 'all')
        window.find(lambda name: name.startswith('Generation 2: '))
        window.sees('2 recorded: ')
        window.press(self.RECORD)
        self.wait_for_callbacks(window, output, '[]')
        self.tell(window, output, 'all')
        window.sees('2 recorded: ')

    def test_the_next_is_captured(self):
        window, output = self.open_panel()
        window.press('Choose the generation')
        window.press('Next of Generation 2, Everything')
        self.wait_for_callbacks(window, output, "['refscope_on_collection']")
        self.tell(window, output, 'make')
        self.assertEqual(window.facts()['captures'], 1)
        self.tell(window, output, 'all')
        window.wait_for_captures(2)
        window.find(lambda name: name.split(' ')[-1:] == ['freed'])
        window.sees('The program itself collected generation 2: ')

    def test_waiting_ends_when_something_else_is_asked(self):
        window, output = self.open_panel()
        window.press('Choose the generation')
        window.press('Next Collection')
        self.wait_for_callbacks(window, output, "['refscope_on_collection']")
        window.press('Capture')
        window.wait_for_captures(2)
        self.tell(window, output, 'all')
        self.wait_for_callbacks(window, output, '[]')
        self.assertEqual(window.facts()['captures'], 2)


class Generations(GuiTest):
    # A collection tells of which generation it is.
    TELLING = '''
        import gc, os
        gc.disable()
        gc.collect()
        class Pair:
            pass
        def make():
            a, b = Pair(), Pair()
            a.other, b.other = b, a
        make()
        def tell(phase, info):
            if phase == 'stop':
                os.write(1, f"generation {info['generation']}, {info['collected']} freed\\n".encode())
        gc.callbacks.append(tell)
        import refscope
        refscope.mark('here')
        gc.callbacks.clear()
        '''

    def test_each_of_the_menu_is_collected(self):
        window = self.open_program(self.TELLING)
        self.addCleanup(window.process.stdout.close)
        window.wait_for_captures(1)
        output = Output(window)
        for generation, item in enumerate(('Generation 0 (the youngest)', 'Generation 1 and younger', 'Generation 2: everything')):
            with self.subTest(generation=generation):
                before = window.facts()['captures']
                window.press('Choose the generation')
                window.press(item)
                window.wait_for_captures(before + 1)
                output.wait_for(f'generation {generation}, ')
                window.find(lambda name: name.split(' ')[-1:] == ['freed'])
        # The pair was young, and went at once.
        self.assertNotIn('generation 0, 0 freed', output.text)

    def test_a_blocked_main_thread(self):
        window = self.open_program('''
            import gc, os
            gc.disable()
            gc.collect()
            class Finalized:
                def __del__(self):
                    os.write(1, b'finalized')
            pair = [Finalized()]
            pair.append(pair)
            del pair
            import refscope
            refscope.mark('here')
            read, write = os.pipe()
            os.read(read, 1)
            ''')
        self.addCleanup(window.process.stdout.close)
        window.wait_for_captures(1)
        pid = window.facts()['pid']
        self.addCleanup(os.kill, pid, signal.SIGKILL)
        output = Output(window)
        window.press('Continue')
        wait_for('its wait', lambda: pathlib.Path(f'/proc/{pid}/syscall').read_text().startswith(f'{READ} '))
        window.press('Collect')
        window.sees('The program did not collect')
        self.assertNotIn('finalized', output.text)
        window.press("Collect on the Agent's Thread")
        output.wait_for('finalized')
        window.wait_for_captures(2)
        window.find(lambda name: name.split(' ')[-1:] == ['freed'])

    def test_keys(self):
        window = self.open_program(self.TELLING)
        self.addCleanup(window.process.stdout.close)
        window.wait_for_captures(1)
        output = Output(window)
        for generation, key in enumerate(('ctrl+shift+F3', 'ctrl+F3', 'F3')):
            before = window.facts()['captures']
            window.key(key)
            window.wait_for_captures(before + 1)
            output.wait_for(f'generation {generation}, ')


if __name__ == '__main__':
    unittest.main()
