"""The bash completion offers what refscope-cli takes."""
import os
import pathlib
import subprocess
import tempfile
import unittest

from cli import CLI, TIME_LIMIT


class Completion(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def complete(self, line):
        bash_completion = '/usr/share/bash-completion/bash_completion'
        script = pathlib.Path(__file__).resolve().parents[2] / 'data' / 'completions' / 'refscope-cli'
        if not os.path.exists(bash_completion):
            self.skipTest('the package bash-completion is not installed')
        words = line.split(' ')
        words[0] = CLI
        code = f'''
            source {bash_completion}; source {script}
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${{#COMP_LINE}}; COMP_TYPE=9
            compopt () {{ :; }}
            _refscope_cli refscope-cli "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
            printf '%s\\n' "${{COMPREPLY[@]}}"
        '''
        result = subprocess.run(['bash', '-c', code, 'bash', *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                stdin=subprocess.DEVNULL, cwd=self.folder, timeout=TIME_LIMIT)
        self.assertEqual(result.stderr, '')
        return result.stdout.split()

    def test_commands(self):
        self.assertIn('backrefs', self.complete('refscope-cli '))
        self.assertEqual(self.complete('refscope-cli unr'), ['unreachable'])

    def test_options(self):
        offered = self.complete('refscope-cli backrefs --')
        self.assertIn('--too-many=', offered)
        self.assertIn('--refcounts', offered)
        self.assertIn('--on-mark=', offered)
        self.assertNotIn('--interval=', offered)
        self.assertEqual(sorted(self.complete('refscope-cli collect --li')), ['--limit=', '--live'])

    def test_standard_input(self):
        self.assertIn('-', self.complete('refscope-cli info -'))

    def test_values(self):
        self.assertEqual(self.complete('refscope-cli types --sort co'), ['count'])

    def test_files(self):
        (self.folder / 'a.refscope').touch()
        (self.folder / 'a.txt').touch()
        self.assertEqual(self.complete('refscope-cli info '), ['a.refscope'])


if __name__ == '__main__':
    unittest.main()
