"""The manual knows every command and option, and none that there is not."""
import pathlib
import re
import shutil
import subprocess
import unittest

from cli import TIME_LIMIT, run

MANUAL = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'refscope-cli.1'


def commands():
    listed = run('--help').stdout.split('Commands:')[1].split('\n\n')[0]
    return [line.split()[0] for line in listed.splitlines() if line]


def options(command):
    return set(re.findall(r'^  (?:-\w, )?--([a-z-]+)', run(command, '--help').stdout, re.MULTILINE))


class Manual(unittest.TestCase):
    def setUp(self):
        self.text = MANUAL.read_text()

    def test_commands(self):
        self.assertEqual(sorted(set(re.findall(r'^\.It Cm ([\w-]+)', self.text, re.MULTILINE))), sorted(commands()))

    def test_options(self):
        there = {'version'}.union(*(options(command) for command in commands()))
        self.assertGreater(len(there), 40)
        told = set(re.findall(r'Fl -([a-z][a-z-]*)', self.text))
        self.assertEqual(told, there)

    def test_exit_statuses(self):
        section = self.text.split('.Sh EXIT STATUS')[1].split('.Sh')[0]
        self.assertEqual(re.findall(r'^\.It (\d)', section, re.MULTILINE), list('012345'))

    def test_mandoc_finds_nothing_to_say(self):
        mandoc = shutil.which('mandoc')
        if mandoc is None:
            self.skipTest('mandoc is not installed')
        for page in MANUAL, MANUAL.with_name('refscope.1'):
            result = subprocess.run([mandoc, '-Tlint', page], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                    timeout=TIME_LIMIT)
            # Whether the pages that are referred to are installed is another matter.
            said = [line for line in result.stdout.splitlines() if 'referenced manual not found' not in line and 'mandoc.db' not in line]
            self.assertEqual(said, [])


if __name__ == '__main__':
    unittest.main()
