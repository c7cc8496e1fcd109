"""Cancel: what runs ends, the window says so, and goes on."""
import contextlib
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import GLib, wait_for  # noqa: E402
from window_case import GRAPH, GuiTest, save  # noqa: E402

# Two million objects and more, all tracked.
LARGE = '''\
    import gc
    gc.disable()
    kept = []
    for _ in range(1000000):
        a = []
        b = [a]
        a.append(b)
        kept.append(a)
    print('there', flush=True)
    '''


class Cancelling(GuiTest):
    def hanging_layout(self):
        """A layout child that never answers."""
        path = self.write('layout', '#!/bin/sh\nexec sleep 100000\n')
        path.chmod(0o755)
        return {'RSC_LAYOUT': str(path)}

    def cancel(self, window, what):
        """Cancels the work, and sees it end."""
        wait_for(f'“{what}”', lambda: window.facts()['jobs'] > 0)
        window.activate('page.cancel')
        wait_for(f'the end of “{what}”', lambda: window.facts()['jobs'] == 0)
        window.settle()

    def layouts(self, window):
        """The layout children, by whichever thread they were started."""
        found = []
        for file in pathlib.Path(f'/proc/{window.process.pid}/task').glob('*/children'):
            with contextlib.suppress(OSError):  # the thread has ended
                found += [pid for pid in file.read_text(encoding='ascii').split() if self.is_sleep(pid)]
        return found

    def test_open(self):
        # A DOT file is read by the layout child.
        window = self.open(self.write('graph.dot', GRAPH), env=self.hanging_layout())
        window.sees('Cancel', exactly=True)
        children = set(wait_for('the child', lambda: self.layouts(window)))
        self.cancel(window, 'Opening the file')
        window.sees('Opening Was Cancelled')
        window.settle()
        wait_for('the end of the child', lambda: not children <= set(self.layouts(window)))

    @staticmethod
    def is_sleep(pid):
        try:
            return pathlib.Path(f'/proc/{pid}/comm').read_text(encoding='ascii') == 'sleep\n'
        except OSError:
            return False

    def test_layout(self):
        heap = self.folder / 'heap.refscope'
        other = self.open_program('kept = [[], {}]\n')
        other.wait_for_captures(1)
        save(other, 'page.save-heap', heap)
        wait_for('the file', heap.exists)
        window = self.open(heap, env=self.hanging_layout())
        window.sees('Cancel', exactly=True)
        self.cancel(window, 'Drawing')
        window.sees('Nothing Is Drawn')
        window.settle()
        # It can be tried again, and cancelled again.
        window.press('Draw')
        self.cancel(window, 'Drawing')
        window.sees('Nothing Is Drawn')

    def test_capture_of_two_million_objects(self):
        window = self.open_program(LARGE, settle=False)
        # Held at its end, it is captured by itself.
        wait_for('the program at its end', lambda: 'Held' in window.facts().get('status', ''))
        self.cancel(window, 'Capturing the heap')
        self.assertEqual(window.facts()['captures'], 0)
        window.sees('The Program Is Held')
        # The program is well, and is captured when asked again.
        window.activate('page.capture')
        window.wait_for_captures(1)
        wait_for('the graph', window.graph)
        window.settle()

    def test_cycles_of_two_million_objects(self):
        window = self.open_program(LARGE, settle=False)
        window.wait_for_captures(1)
        # The search is under way when it is cancelled: the three come in one go.
        _, described, _ = window.call_in_order(('Activate', GLib.Variant('(s)', ('page.cycles',))), ('Describe', None),
                                               ('Activate', GLib.Variant('(s)', ('page.cancel',))))
        self.assertEqual(described.unpack()[1]['jobs'], 1)
        wait_for('the end of the search', lambda: window.facts()['jobs'] == 0)
        self.assertEqual({state for *_, state in window.nodes()}, {''})
        # It can be searched again, to the end.
        window.activate('page.cycles')
        wait_for('the cycles', lambda: 'cycle' in {state for *_, state in window.nodes()})


if __name__ == '__main__':
    unittest.main()
