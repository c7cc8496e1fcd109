"""Each failure is a sentence on the screen, and the window goes on."""
import os
import pathlib
import resource
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import PROGRAM, Atspi, name_of, wait_for  # noqa: E402
from window_case import GRAPH, GuiTest, save  # noqa: E402


class Input(GuiTest):
    def test_a_heap(self):
        with open(self.write('graph.dot', GRAPH), encoding='utf-8') as stdin:
            window = self.open('-', stdin=stdin)
        window.settle()
        window.sees('Standard input', exactly=True)
        self.assertTrue(window.nodes())

    def test_it_is_waited_for_and_cut(self):
        """A pipe that says nothing does not keep the window; what was cut is told."""
        window = self.open('-', stdin=subprocess.PIPE)
        window.sees('Reading standard input')
        window.process.stdin.write(b'REFSCOPE')
        window.process.stdin.close()
        window.sees('The File Cannot Be Opened')
        other = self.open('-', stdin=subprocess.PIPE)
        other.sees('Reading standard input')
        other.key('ctrl+w')
        self.assertEqual(other.process.wait(60), 0)
        other.process.stdin.close()

    def test_nothing_to_read(self):
        for words in (['-', '--', 'true'], ['-', '--pid', '1']):
            result = subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn('give one of them', result.stderr)
        first, second = os.openpty()
        self.addCleanup(os.close, first)
        self.addCleanup(os.close, second)
        result = subprocess.run([PROGRAM, '-'], stdin=second, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn('is a terminal', result.stderr)


class BadFiles(GuiTest):
    def shows(self, path, *texts):
        window = self.open(path)
        window.sees('The File Cannot Be Opened')
        window.sees(path.name)
        for text in texts:
            window.sees(text)
        # There is no picture to be controlled.
        self.assertFalse(window.has('Fold above'))

    def test_missing(self):
        self.shows(self.folder / 'nothing.refscope', 'No such file')

    def test_foreign(self):
        path = self.folder / 'picture.png'
        path.write_bytes(b'\x89PNG\r\n\x1a\n' + bytes(200))
        self.shows(path)
        # By another name, too.
        self.shows(path.rename(self.folder / 'picture.refscope'))

    def test_empty(self):
        self.shows(self.write('empty.refscope', ''))

    def test_folder(self):
        self.shows(self.folder)

    @unittest.skipIf(os.geteuid() == 0, 'root may read everything')
    def test_unreadable(self):
        path = self.write('secret.dot', 'digraph { a -> b }')
        path.chmod(0)
        self.shows(path, 'Permission denied')

    def test_truncated(self):
        window = self.open_graph()
        heap = self.folder / 'whole.refscope'
        save(window, 'page.save-heap', heap)
        wait_for('the heap', heap.exists)
        whole = heap.read_bytes()
        cut = self.folder / 'cut.refscope'
        for length in 100, len(whole) // 2, len(whole) - 1:
            with self.subTest(length=length):
                cut.write_bytes(whole[:length])
                self.shows(cut)

    def test_bad_dot(self):
        self.shows(self.write('bad.dot', 'digraph { a -> '))


class BadPrograms(GuiTest):
    def test_missing(self):
        window = self.open('--', '/no/such/program')
        window.sees('The Program Did Not Start')
        window.sees('/no/such/program')
        # There is nothing to collect, of whichever generation.
        for name in 'Collect', 'Choose the generation':
            self.assertFalse(window.find(name, 'push button').has_state(Atspi.StateType.SENSITIVE), name)

    def test_not_executable(self):
        path = self.write('program', '#!/bin/sh\n')
        path.chmod(0o644)
        window = self.open('--', path)
        window.sees('The Program Did Not Start')
        window.sees(str(path))
        window.sees('may not be executed')

    def test_ends_at_once(self):
        window = self.open('--', '/bin/true')
        window.wait_for_status('Exited (0)')
        window.sees('The Program Has Ended')

    def test_crashes_at_once(self):
        window = self.open('--', '/bin/sh', '-c', 'kill -SEGV $$')
        window.wait_for_status('Ended by SIGSEGV')
        window.sees('The Program Has Ended')

    def test_no_python_has_started(self):
        window = self.open('--', '/bin/sleep', '600')
        window.wait_for_status('Waiting for Python')
        window.sees('No Python has started in this program yet')
        window.press('Stop')
        window.wait_for_status('Ended by SIGTERM')

    def test_python_starts_late(self):
        go = self.folder / 'go'
        path = self.write('late', f'#!/bin/sh\nwhile [ ! -e {go} ]; do sleep 0.1; done\nexec python3 -c "kept = []"\n')
        path.chmod(0o755)
        window = self.open('--', path)
        window.wait_for_status('Waiting for Python')
        go.touch()
        window.wait_for_status('Held at its end')

    def test_it_executes_another_program(self):
        path = self.write('first.py', 'import os, sys\nos.execv("/bin/sleep", ["sleep", "600"])\n')
        window = self.open('--', 'python3', path)
        window.wait_for_status('no Python')
        window.sees('No Python to Capture')
        window.press('Stop')
        window.wait_for_status('Ended by SIGTERM')


class BadTargets(GuiTest):
    """What cannot be written leaves nothing behind, and what was there as it was."""

    def fails(self, window, action, path, *texts):
        before = path.read_bytes() if path.exists() else None
        beside = set(path.parent.iterdir()) if str(path.parent) != '/proc' else None
        save(window, action, path)
        if before is not None:
            window.press('Replace')
        for text in texts:
            window.sees(text)
        window.sees(str(path))
        # The message's, not the window's.
        message = wait_for('the message', lambda: next((item for item in window.walk() if item.get_role_name() in ('dialog', 'alert') and
                                                        any(name_of(part) == texts[0] for part in window.walk(item))), None))
        close = next(item for item in window.walk(message) if name_of(item) == 'Close')
        close.do_action()
        wait_for('the message’s end', lambda: not window.has(texts[0], 'label'))
        self.assertEqual(path.read_bytes() if path.exists() else None, before)
        if beside is not None:
            self.assertEqual(set(path.parent.iterdir()), beside)

    def test_unwritable(self):
        window = self.open_graph()
        self.fails(window, "page.export('png')", pathlib.Path('/proc/refscope.png'), 'The picture was not written')
        self.fails(window, 'page.save-heap', pathlib.Path('/proc/heap.refscope'), 'The heap was not saved')

    @unittest.skipIf(os.geteuid() == 0, 'root may write everywhere')
    def test_read_only_folder(self):
        inside = self.folder / 'closed'
        inside.mkdir(mode=0o555)
        self.fails(self.open_graph(), "page.export('svg')", inside / 'picture.svg', 'The picture was not written', 'Permission denied')

    def test_full_disk(self):
        disk = self.folder / 'disk'
        disk.mkdir()
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', disk], capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f'no file system can be mounted: {mounted.stderr.strip()}')
        self.addCleanup(subprocess.run, ['umount', disk], check=True)
        with open(disk / 'heap.refscope', 'wb', buffering=0) as file:
            with self.assertRaises(OSError):
                while True:
                    file.write(bytes(1024))
        window = self.open_graph()
        self.fails(window, "page.export('png')", disk / 'picture.png', 'The picture was not written', 'No space left')
        self.fails(window, 'page.save-heap', disk / 'heap.refscope', 'The heap was not saved', 'No space left')

    def test_file_that_may_not_grow(self):
        # SIGXFSZ stays ignored, as it is in Python.
        window = self.open(self.write('graph.dot', GRAPH), restore_signals=False)
        window.settle()
        # GTK's own list of files is smaller.
        resource.prlimit(window.process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
        self.fails(window, "page.export('png2')", self.folder / 'picture.png', 'The picture was not written', 'too large')
        self.assertEqual(self.names(window), {'A', 'B', 'C', 'E'})


class BadQuestions(GuiTest):
    def test_filter(self):
        window = self.open_graph()
        window.enter('Filter', 'size >')
        window.sees('size >')
        window.enter('Filter', 'tipe = 1')
        window.sees('there is no column “tipe”')
        # The last picture stays.
        self.assertEqual(self.names(window), {'A', 'B', 'C', 'E'})

    def test_object_that_is_not_there(self):
        window = self.open_graph()
        window.enter('Find objects', 'name:Z')
        window.sees('Nothing Found')


if __name__ == '__main__':
    unittest.main()
