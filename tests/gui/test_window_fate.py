"""What came of the selected object in the next capture."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import wait_for  # noqa: E402
from window_case import GuiTest  # noqa: E402

PROGRAM = '''
    import refscope

    class Kept:
        pass

    class Dropped:
        pass

    kept, dropped = Kept(), Dropped()
    refscope.mark('both')
    del dropped
    refscope.mark('one')
    '''


class Fate(GuiTest):
    def setUp(self):
        super().setUp()
        self.window = self.open_program(PROGRAM, settle=False)
        self.window.wait_for_status('Held at ‘both’')
        self.window.wait_for_captures(1)

    def select(self, name):
        wait_for(name, lambda: any(label.split('\n')[0] == name for *_, label, _ in self.window.nodes()))
        index = next(i for i, _, _, label, _ in self.window.nodes() if label.split('\n')[0] == name)
        self.window.click_node(index)
        self.window.sees(f'__main__.{name}')

    def go_on(self):
        self.window.activate('page.continue')
        self.window.wait_for_status('Held at ‘one’')
        self.window.wait_for_captures(2)

    def test_same(self):
        self.select('Kept')
        self.go_on()
        self.window.sees('the same as in the capture before')

    def test_gone(self):
        self.select('Dropped')
        self.go_on()
        self.window.find('The Object Is Gone', 'label')
        self.window.press('Go Back to It')
        self.window.settle()
        self.window.sees('__main__.Dropped')
        wait_for('the object again', lambda: any(label.split('\n')[0] == 'Dropped' for *_, label, _ in self.window.nodes()))


if __name__ == '__main__':
    unittest.main()
