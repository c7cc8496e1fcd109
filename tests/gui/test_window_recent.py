"""The programs that were launched last, on the start page and in the dialog."""
import pathlib
import shlex
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import PATIENCE, text_of, wait_for  # noqa: E402
from window_case import PYTHON, GuiTest  # noqa: E402


class Recent(GuiTest):
    def setUp(self):
        super().setUp()
        self.inside = self.folder / 'a folder'
        self.inside.mkdir()
        self.program = self.write('it is.py', 'import os, sys\nprint(sys.argv[1:], os.getcwd())\n')
        self.command = [PYTHON, '-X', 'dev', str(self.program), 'a b', '--fast']

        # Settings that outlive the program.
        self.kept = {'GSETTINGS_BACKEND': 'keyfile', 'XDG_CONFIG_HOME': str(self.folder / 'config')}

    def launch(self):
        window = self.open(cwd=self.inside, env=self.kept)
        window.activate('win.launch')
        window.enter('Command', shlex.join(self.command))
        window.press('Launch')
        window.wait_for_status('Held at its end')
        window.process.terminate()
        window.process.wait(PATIENCE)
        return self.open(env=self.kept, cwd='/')

    @staticmethod
    def click_row(window, name, surface):
        """Rows have no action, and a dialog is another X window than the largest."""
        x, y, width, height = window.place(window.find(name, 'list item'))
        window.xdotool('mousemove', '--sync', '--window', surface, x + width // 2, y + height // 2)
        window.xdotool('click', 1)

    def test_start_page_launches_again(self):
        window = self.launch()
        window.sees(f'{shlex.join(self.command)} in {self.inside}', exactly=True)
        self.click_row(window, lambda name: name.startswith('it is.py'), window.surface())
        window.wait_for_status('Held at its end')
        window.sees(f"['a b', '--fast'] {self.inside}")

    def test_dialog_fills_in(self):
        window = self.launch()
        main = window.surface()
        window.activate('win.launch')
        dialog = wait_for('the dialog', lambda: set(window.xdotool(
            'search', '--onlyvisible', '--pid', window.process.pid).split()) - {main}).pop()
        self.click_row(window, lambda name: name.startswith(shlex.join(self.command)), dialog)
        wait_for('the command', lambda: text_of(window.part('Command', 'EditableText')) == shlex.join(self.command))
        window.press('Launch')
        window.wait_for_status('Held at its end')
        window.sees(f"['a b', '--fast'] {self.inside}")

    def test_command_line_is_remembered(self):
        window = self.open('--no-hold', '--', *self.command, cwd=self.inside, env=self.kept, stdout=subprocess.PIPE)
        window.wait_for_status('Ended')
        window.process.terminate()
        window.process.wait(PATIENCE)
        window = self.open(env=self.kept, cwd='/')
        window.sees(f'{shlex.join(self.command)} in {self.inside}', exactly=True)

    def test_clear(self):
        window = self.launch()
        window.find('Recent', 'label')
        window.press('Clear')
        wait_for('no recent programs', lambda: not window.has('Recent', 'label'))


if __name__ == '__main__':
    unittest.main()
