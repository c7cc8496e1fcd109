"""The hunt for a leak on a server: heaps to standard output."""
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import tempfile
import unittest

import interpreters
from test_attach import Program, is_supported, wait_until

CLI = os.environ.get('RSC_CLI')
TIME_LIMIT = 300
DONE, CONDITION, USAGE, MALFORMED, UNCAPTURED, CANCELLED = range(6)

WAITING = """
class Session:
    pass
cache = [Session() for _ in range(123)]
ready()
while not ended:
    time.sleep(.01)
"""


class Hunt(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.heap = self.folder / 'heap.refscope'
        self.python = interpreters.find()[-1][0]

    def run_cli(self, *args, status=DONE, **options):
        options = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True, **options}
        result = subprocess.run([CLI, *map(str, args)], cwd=self.folder, timeout=TIME_LIMIT, **options)
        self.assertEqual(result.returncode, status, f'{args}\n{result.stderr}')
        return result

    def ask(self, command, *args):
        return json.loads(self.run_cli(command, '--json', *args).stdout)

    def assert_left_alone(self, program, threads):
        """What was attached to has nothing of ours any more, and goes on."""
        self.assertTrue(wait_until(lambda: len(program.folder('task')) == threads), program.folder('task'))
        self.assertEqual(program.end(), (0, 'well\n', ''))


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Stream(Hunt):
    def test_a_file_byte_for_byte(self):
        with Program(WAITING) as program:
            threads = len(program.folder('task'))
            result = self.run_cli('capture', f'pid:{program.pid}', '-o', '-', text=False)
            self.heap.write_bytes(result.stdout)
            self.run_cli('verify', self.heap)
            self.assertEqual(len(self.ask('find', self.heap, '--type', 'Session')), 123)
            self.assertRegex(result.stderr, b'standard output: [0-9]+ objects')
            self.run_cli('convert', self.heap, '-o', 'again.refscope')
            self.assertEqual((self.folder / 'again.refscope').read_bytes(), result.stdout)
            self.assertEqual(self.run_cli('capture', f'pid:{program.pid}', '-o', '-', '--quiet', text=False).stderr, b'')
            # Into a file, too, and a descriptor that never waits.
            with self.heap.open('wb') as file:
                self.run_cli('capture', f'pid:{program.pid}', '-o', '-', stdout=file)
            self.run_cli('verify', self.heap)
            reader, writer = os.pipe()
            os.set_blocking(writer, False)
            with subprocess.Popen([CLI, 'capture', f'pid:{program.pid}', '-o', '-'], stdout=writer, stderr=subprocess.PIPE) as capture:
                os.close(writer)
                with os.fdopen(reader, 'rb') as file:
                    self.heap.write_bytes(file.read())
                capture.communicate(timeout=TIME_LIMIT)
            self.assertEqual(capture.returncode, DONE)
            self.run_cli('verify', self.heap)
            self.assert_left_alone(program, threads)

    def test_a_reader_that_goes(self):
        with Program(WAITING) as program:
            threads = len(program.folder('task'))
            reader, writer = os.pipe()
            os.close(reader)
            result = self.run_cli('capture', f'pid:{program.pid}', '-o', '-', stdout=writer, status=USAGE)
            os.close(writer)
            self.assertIn('Cannot write “standard output”', result.stderr)
            self.assert_left_alone(program, threads)

    def test_a_reader_that_does_not_read(self):
        """It waits for it, and can be interrupted."""
        with Program(WAITING) as program:
            threads = len(program.folder('task'))
            reader, writer = os.pipe()
            with subprocess.Popen([CLI, 'capture', f'pid:{program.pid}', '-o', '-'], stdout=writer, stderr=subprocess.PIPE,
                                  text=True) as capture:
                self.assertTrue(wait_until(lambda: not select.select([], [writer], [], 0)[1], TIME_LIMIT))
                capture.send_signal(signal.SIGINT)
                _, errors = capture.communicate(timeout=TIME_LIMIT)
            os.close(reader)
            os.close(writer)
            self.assertEqual(capture.returncode, CANCELLED, errors)
            self.assertIn('Interrupted', errors)
            self.assert_left_alone(program, threads)

    def test_no_terminal(self):
        with Program(WAITING) as program:
            terminal, slave = pty.openpty()
            result = self.run_cli('capture', f'pid:{program.pid}', '-o', '-', stdout=slave, status=USAGE)
            os.close(slave)
            os.close(terminal)
            self.assertIn('no text, to this terminal', result.stderr)
            self.assertEqual(program.end(), (0, 'well\n', ''))


class LaunchedStream(Hunt):
    def test_the_heap_and_nothing_else(self):
        """What the program prints goes elsewhere."""
        result = self.run_cli('capture', '-o', '-', '--', self.python, '-c', 'print("from the program")', text=False)
        self.heap.write_bytes(result.stdout)
        self.run_cli('verify', self.heap)
        self.assertIn(b'from the program', result.stderr)

    def test_refused(self):
        for args, said in ((['--json'], '--json and -o -'), (['--program-output', 'inherit'], 'cannot be the program')):
            result = self.run_cli('capture', '-o', '-', *args, '--', self.python, '-c', 'print("ran")', status=USAGE)
            self.assertIn(said, result.stderr)
            self.assertEqual(result.stdout, '')
        result = self.run_cli('capture', '-o', '-', '--', self.python, '-c', 'print("ran")', status=USAGE,
                              stdout=None, preexec_fn=lambda: os.close(1))
        self.assertIn('which is closed', result.stderr)
        self.assertIn('is no file', self.run_cli('types', '-o', '-', '--', self.python, '-c', 'pass', status=USAGE).stderr)


if __name__ == '__main__':
    unittest.main()
