"""A file that is dragged out of another program's window and dropped on ours."""
import os
import pathlib
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import BUILD, wait_for  # noqa: E402
from window_case import GRAPH, GuiTest  # noqa: E402


class Drop(GuiTest):
    def drag(self, window, path):
        source = subprocess.Popen([os.path.join(BUILD, 'tests', 'gui', 'drag-file'), path], stdout=subprocess.PIPE, text=True)
        said = []
        reader = threading.Thread(target=lambda: said.extend(iter(source.stdout.readline, '')))
        reader.start()
        self.addCleanup(lambda: (source.kill(), source.wait(), reader.join(), source.stdout.close()))
        wait_for('the other program', lambda: 'ready\n' in said)
        surface = wait_for('its window', lambda: subprocess.run(
            ['xdotool', 'search', '--onlyvisible', '--pid', str(source.pid)], capture_output=True, text=True, check=False).stdout.split())[0]
        # Beside ours, which is at the left.
        window.xdotool('windowmove', '--sync', surface, 2000, 100)
        window.xdotool('mousemove', '--sync', 2060, 160)
        window.xdotool('mousedown', 1)
        wait_for('the drag', lambda: (window.xdotool('mousemove_relative', '--sync', 3, 0), 'dragging\n' in said)[1])
        geometry = dict(line.split('=') for line in window.xdotool('getwindowgeometry', '--shell', window.surface()).split())
        x = int(geometry['X']) + int(geometry['WIDTH']) // 2
        y = int(geometry['Y']) + int(geometry['HEIGHT']) // 2
        window.xdotool('mousemove', '--sync', x, y)
        wait_for('its welcome', lambda: (window.xdotool('mousemove_relative', '--sync', 1, 0), 'accepted\n' in said)[1])
        window.xdotool('mouseup', 1)
        wait_for('the drop', lambda: 'dropped\n' in said)

    def test_start_page_opens_it(self):
        window = self.open()
        self.drag(window, self.write('graph.dot', GRAPH))
        wait_for('the graph', window.graph)
        window.settle()
        self.assertEqual(self.names(window), {'A', 'B', 'C', 'E'})

    def test_what_is_no_heap_is_told(self):
        window = self.open()
        self.drag(window, self.write('letter.txt', 'Dear Ada,\n'))
        window.sees('letter.txt')


if __name__ == '__main__':
    unittest.main()
