"""The window for those who do not see it, or see it small."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import driver  # noqa: E402
from driver import wait_for  # noqa: E402
from window_case import GRAPH, GuiTest  # noqa: E402


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
