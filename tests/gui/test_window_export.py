"""What leaves the window: pictures, heaps, commands."""
import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import re
import shlex
import shutil
import struct
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import wait_for  # noqa: E402
from window_case import HUB, GuiTest, save  # noqa: E402


PICTURE = 'image/png'
# The smallest that the system gives.
PIPE_BYTES = 4096


def png_size(data):
    """Width and height; fails if it is no PNG, or all of one colour."""
    if data[:8] != b'\x89PNG\r\n\x1a\n' or data[12:16] != b'IHDR':
        raise AssertionError('no PNG')
    packed, at = b'', 8
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        if kind == b'IDAT':
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    if len(set(zlib.decompress(packed))) < 8:
        raise AssertionError('nothing is drawn')
    return struct.unpack('>II', data[16:24])


def inode_of_watch(folder):
    """What the kernel calls it there: on an overlay not always what stat() says."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_CLOEXEC)
    try:
        libc.inotify_add_watch(watch, os.fsencode(folder), 0x100)  # IN_CREATE
        return next(iter(watched('self')))
    finally:
        os.close(watch)


def watched(pid):
    """The inodes that it has watched for changes."""
    inodes = set()
    for path in pathlib.Path(f'/proc/{pid}/fdinfo').iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            inodes |= {int(inode, 16) for inode in re.findall(r'^inotify .*\bino:(\w+)', path.read_text(encoding='ascii'), re.MULTILINE)}
    return inodes


class Exporting(GuiTest):
    def exported(self, window, kind):
        path = self.folder / f'{kind}_picture.{kind.rstrip("2")}'
        save(window, f"page.export('{kind}')", path)
        # It takes its name when it is whole.
        wait_for(f'the file {path.name}', path.exists)
        return path

    def test_png(self):
        window = self.open_graph()
        width, height = png_size(self.exported(window, 'png').read_bytes())
        self.assertGreater(min(width, height), 50)
        twice = png_size(self.exported(window, 'png2').read_bytes())
        self.assertLessEqual(abs(twice[0] - 2 * width), 1)
        self.assertLessEqual(abs(twice[1] - 2 * height), 1)

    def test_menu_beside_the_picture(self):
        window = self.open_graph()
        window.press('Export the picture')
        window.press('PNG…')
        window.find('Save', 'push button')

    def test_svg_has_text(self):
        root = ElementTree.parse(self.exported(self.open_graph(), 'svg')).getroot()
        self.assertEqual(root.tag, '{http://www.w3.org/2000/svg}svg')
        texts = {''.join(text.itertext()).strip() for text in root.iter('{http://www.w3.org/2000/svg}text')}
        self.assertLessEqual({'A', 'B', 'C', 'E'}, texts)

    @unittest.skipUnless(shutil.which('pdftotext'), 'there is no pdftotext')
    def test_pdf_has_text(self):
        path = self.exported(self.open_graph(), 'pdf')
        words = subprocess.run(['pdftotext', path, '-'], check=True, capture_output=True, text=True).stdout.split()
        self.assertLessEqual({'A', 'B', 'C', 'E'}, set(words))

    @unittest.skipUnless(shutil.which('dot'), 'there is no dot')
    def test_dot_is_the_graph(self):
        window = self.open_graph()
        path = self.exported(window, 'dot')
        lines = subprocess.run(['dot', '-Tplain', path], check=True, capture_output=True, text=True).stdout.splitlines()
        graph = window.graph()
        self.assertEqual(sum(line.startswith('node ') for line in lines), len(graph['nodes']))
        self.assertEqual(sum(line.startswith('edge ') for line in lines), len(graph['edges']))

    def test_heap_of_a_program_is_whole(self):
        window = self.open_program('hoard = [["kept"]]\n')
        window.wait_for_captures(1)
        path = self.folder / 'saved.refscope'
        save(window, 'page.save-heap', path)
        wait_for('the heap', path.exists)
        subprocess.run([os.environ['RSC_CLI'], 'verify', path], check=True, capture_output=True)

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

    def test_chooser_ends_with_its_answer(self):
        window = self.open_graph()
        folder = inode_of_watch('.')
        window.activate("page.export('png')")
        wait_for('the folder that the chooser shows', lambda: folder in watched(window.process.pid))
        window.press('Cancel')
        wait_for('the end of the chooser', lambda: folder not in watched(window.process.pid))

    def pipe(self, name):
        """A small one, as a file of the folder; its end to read from."""
        path = self.folder / name
        os.mkfifo(path)
        pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, pipe)
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return pipe

    def blocked(self, window, action, name):
        """Writes into a pipe that nobody empties, until Cancel is seen and pressed; how much was written in all."""
        pipe = self.pipe(name)
        # The chooser does not know of the file that has an ending more.
        save(window, action, (self.folder / name).with_suffix(''))
        wait_for('the job', lambda: window.facts()['jobs'] == 1)
        window.press('Cancel')
        # A press takes a moment to be a click; until then nothing is drained.
        window.activate('page.cancel')
        n_bytes = 0

        def drained():
            nonlocal n_bytes
            try:
                n_bytes += len(os.read(pipe, 1 << 20))
            except BlockingIOError:
                pass
            return window.facts()['jobs'] == 0
        wait_for('the end of it', drained)
        window.settle()
        # What was saved before may be told still.
        self.assertFalse(any('Saved as' in text and name in text for text in window.texts()))
        return n_bytes

    def test_saving_a_heap_is_cancelled(self):
        window = self.open_program('hoard = [[i] for i in range(200000)]\n')
        window.wait_for_captures(1)
        whole = self.folder / 'whole.refscope'
        save(window, 'page.save-heap', whole)
        wait_for('the heap', whole.exists)
        self.assertLess(self.blocked(window, 'page.save-heap', 'slow.refscope'), whole.stat().st_size / 2)

    def test_exporting_a_picture_is_cancelled(self):
        window = self.open_graph(HUB)
        window.set_value('Fold above', 100)
        wait_for('all leaves', lambda: (window.settle(), len(self.names(window)))[1] == 41)
        n_bytes = self.blocked(window, "page.export('svg')", 'slow.svg')
        # The next one is written, and whole.
        self.assertLess(n_bytes, self.exported(window, 'svg').stat().st_size)

    def test_exporting_all_steps_is_cancelled(self):
        window = self.open_graph()
        window.activate('page.step-mark')
        wait_for('the steps', lambda: 'step' in window.facts())
        whole = self.folder / 'whole.html'
        save(window, "page.export-run('run-html')", whole)
        wait_for('the page', whole.exists)
        self.assertLess(self.blocked(window, "page.export-run('run-html')", 'slow.html'), whole.stat().st_size)

    def test_saving_goes_on_when_the_window_is_closed(self):
        window = self.open_graph(HUB)
        whole = self.folder / 'whole.refscope'
        save(window, 'page.save-heap', whole)
        wait_for('the heap', whole.exists)
        pipe = self.pipe('slow.refscope')
        save(window, 'page.save-heap', self.folder / 'slow')
        wait_for('the job', lambda: window.facts()['jobs'] == 1)
        window.activate('window.close')
        written = b''

        def ended():
            nonlocal written
            with contextlib.suppress(BlockingIOError):
                written += os.read(pipe, 1 << 20)
            return window.process.poll() is not None
        wait_for('the end of the program', ended)
        self.assertEqual(len(written), whole.stat().st_size)

    def test_copy_as_command(self):
        window = self.open_graph()
        window.enter('Filter', "value <> 'B'")
        wait_for('the picture', lambda: (window.settle(), self.names(window))[1] == {'A', 'C', 'E'})
        window.key('ctrl+shift+c')
        # What is pasted draws the same.
        command = shlex.split(window.clipboard('text/plain;charset=utf-8').decode())
        self.assertEqual(command[0], 'refscope-cli')
        drawn = subprocess.run([os.environ['RSC_CLI'], *command[1:], '--json'], check=True, capture_output=True, text=True).stdout
        self.assertEqual({node['label'] for node in json.loads(drawn)['nodes']}, {node['label'] for node in window.graph()['nodes']})

    def test_copy_picture(self):
        window = self.open_graph()
        path = self.exported(window, 'png2')
        window.key('ctrl+shift+p')
        self.assertEqual(png_size(window.clipboard(PICTURE)), png_size(path.read_bytes()))


if __name__ == '__main__':
    unittest.main()
