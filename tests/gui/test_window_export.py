"""What leaves the window: pictures, heaps, commands."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import wait_for  # noqa: E402
from window_case import GuiTest, save  # noqa: E402


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


if __name__ == '__main__':
    unittest.main()
