"""A heap from standard input: “-” in place of a file says the same as the file, and what is no heap is told."""
import gzip
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

from cli import CANCELLED, CLI, DONE, HEAPS, MALFORMED, TIME_LIMIT, USAGE, run


class StandardInput(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.heap = self.folder / 'shop.refscope'
        self.heap.write_bytes(gzip.decompress((HEAPS / 'shop.refscope.gz').read_bytes()))
        shutil.copy(HEAPS / 'graph.dot', self.folder)
        self.spool = self.folder / 'spool'
        self.spool.mkdir()

    def pipe(self, content, *args):
        """By a pipe, of which nothing stays."""
        result = subprocess.run([CLI, *args], input=content, capture_output=True, cwd=self.folder, timeout=TIME_LIMIT,
                                env={**os.environ, 'TMPDIR': str(self.spool)})
        self.assertEqual(list(self.spool.iterdir()), [])
        result.stdout, result.stderr = result.stdout.decode(), result.stderr.decode()
        return result

    def refused(self, status, says, content, *args):
        result = self.pipe(content, *(args or ['info', '-']))
        self.assertEqual((result.returncode, result.stdout), (status, ''), result.stderr)
        self.assertIn(says, result.stderr)

    def test_every_command(self):
        for file, *commands in (('shop.refscope', ['info'], ['info', '--json'], ['types'], ['find', '--type', 'list'], ['cycles'], ['collect'],
                                 ['thresholds'], ['what-if', '--drop', 'type:dict'], ['refs', 'type:dict', '--json'], ['step']),
                                ('graph.dot', ['info'], ['chain', 'name:D', 'name:E'], ['backrefs', 'name:D'], ['unreachable'])):
            content = (self.folder / file).read_bytes()
            for command, *rest in commands:
                expected = run(command, file, *rest, cwd=self.folder)
                self.assertEqual(expected.returncode, DONE, expected.stderr)
                answer = self.pipe(content, command, '-', *rest)
                self.assertEqual((answer.returncode, answer.stdout), (DONE, expected.stdout), answer.stderr)
                with (self.folder / file).open() as stdin:
                    answer = run(command, '-', *rest, cwd=self.folder, stdin=stdin)
                self.assertEqual((answer.returncode, answer.stdout), (DONE, expected.stdout), answer.stderr)

    def test_written_again(self):
        self.assertEqual(self.pipe(self.heap.read_bytes(), 'convert', '-', '-o', 'again.refscope').returncode, DONE)
        self.assertEqual((self.folder / 'again.refscope').read_bytes(), self.heap.read_bytes())
        self.assertEqual(self.pipe(self.heap.read_bytes(), 'verify', '-').returncode, DONE)

    def test_growth(self):
        self.assertEqual(self.pipe(self.heap.read_bytes(), 'growth', 'shop.refscope', '-').stdout, 'Nothing grew.\n')
        self.refused(USAGE, 'give “-” once', b'', 'growth', '-', '-')

    def test_a_file_of_this_name(self):
        (self.folder / 'graph.dot').rename(self.folder / '-')
        self.assertEqual(run('info', './-', cwd=self.folder).returncode, DONE)

    def test_cut_and_continued(self):
        heap = self.heap.read_bytes()
        self.refused(MALFORMED, '“standard input” is empty', b'')
        for length in 1, 100, 127:
            self.refused(MALFORMED, f'ends within its header, after {length} bytes', heap[:length])
        for length in 128, 129, len(heap) // 2, len(heap) - 1:
            self.refused(MALFORMED, f'“standard input” is incomplete: {length} of {len(heap)} bytes', heap[:length])
        self.refused(MALFORMED, f'goes on where the heap ends, after {len(heap)} bytes', heap + b'\n')
        self.refused(MALFORMED, f'goes on where the heap ends, after {len(heap)} bytes', heap * 2)
        damaged = bytearray(heap)
        damaged[len(heap) // 2] ^= 1
        self.refused(MALFORMED, '“standard input” is damaged', bytes(damaged), 'verify', '-')

    def test_no_heap(self):
        self.refused(MALFORMED, '“standard input” is no heap file', b'Welcome to host\n' + self.heap.read_bytes())
        self.refused(MALFORMED, 'compressed by gzip', (HEAPS / 'shop.refscope.gz').read_bytes())
        self.refused(MALFORMED, 'too large for a DOT graph', b'digraph {' + b' ' * (64 << 20))
        # What has no end is not read to it.
        with open('/dev/zero', 'rb') as zeros:
            answer = run('info', '-', cwd=self.folder, stdin=zeros)
        self.assertEqual(answer.returncode, MALFORMED)
        self.assertIn('is no heap file', answer.stderr)

    def heap_that_says(self, length):
        heap = bytearray(self.heap.read_bytes())
        struct.pack_into('<Q', heap, 16, length)
        return bytes(heap)

    def test_longest(self):
        for length in (64 << 30) + 1, 1 << 60, (1 << 64) - 1:
            self.refused(MALFORMED, 'at most 64.0\xa0GiB is read from a pipe', self.heap_that_says(length))

    def test_some_room_is_left(self):
        for folder in tempfile.gettempdir(), '/dev/shm':
            status = os.statvfs(folder)
            room = status.f_bavail * status.f_frsize
            # In the middle of what is left, for others write and remove meanwhile.
            length = room - max(room // 20, 64 << 20) // 2
            if len(self.heap.read_bytes()) < length <= 64 << 30:
                break
        else:
            self.skipTest('more is free than is read from a pipe, or nearly nothing')
        with tempfile.TemporaryDirectory(dir=folder) as spool:
            self.spool = pathlib.Path(spool)
            self.refused(USAGE, 'is left to others', self.heap_that_says(length))

    def test_no_folder(self):
        self.spool.rmdir()
        answer = subprocess.run([CLI, 'info', '-'], input=b'', capture_output=True, timeout=TIME_LIMIT,
                                env={**os.environ, 'TMPDIR': str(self.spool)})
        self.spool.mkdir()
        self.assertEqual(answer.returncode, USAGE)
        self.assertIn('No temporary file can be made in', answer.stderr.decode())

    def has_begun(self, pid):
        """It has the file for what is to come."""
        for file in pathlib.Path(f'/proc/{pid}/fd').iterdir():
            try:
                if str(self.spool) in os.readlink(file):
                    return True
            except FileNotFoundError:
                pass
        return False

    def test_interrupted(self):
        with subprocess.Popen([CLI, 'info', '-'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              env={**os.environ, 'TMPDIR': str(self.spool)}) as waiting:
            self.addCleanup(waiting.kill)
            end = time.monotonic() + TIME_LIMIT
            while not self.has_begun(waiting.pid):
                self.assertLess(time.monotonic(), end)
            waiting.send_signal(signal.SIGINT)
            self.assertEqual(waiting.wait(TIME_LIMIT), CANCELLED)


if __name__ == '__main__':
    unittest.main()
