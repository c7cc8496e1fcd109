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
    refscope.mark('none less')
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

    def go_on(self, hint='one', captures=2):
        self.window.activate('page.continue')
        self.window.wait_for_status(f'Held at ‘{hint}’')
        self.window.wait_for_captures(captures)

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

    def test_what_is_drawn_instead_is_carried_on(self):
        self.select('Dropped')
        self.window.press('Draw from Here')
        wait_for('only that', lambda: not any(label.split('\n')[0] == 'Kept' for *_, label, _ in self.window.nodes()))
        self.go_on()
        self.select('Kept')
        self.go_on('none less', 3)
        self.window.sees('the same as in the capture before')


if __name__ == '__main__':
    unittest.main()
