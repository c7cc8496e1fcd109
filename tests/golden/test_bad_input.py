"""What refscope-cli says to bad input: a sentence, the right exit status,
nothing on standard output, nothing lost, and never a hang."""
import html.parser
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest
from xml.etree import ElementTree

import cli
from cli import CONDITION, DONE, HEAPS, MALFORMED, UNCAPTURED, USAGE, run


class BadInput(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for heap in HEAPS.iterdir():
            shutil.copy(heap, self.folder)

    def refused(self, status, says, *args, **kwargs):
        result = run(*args, cwd=self.folder, **kwargs)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertIn(says, result.stderr)
        self.assertTrue(result.stderr.startswith('refscope-cli: '), result.stderr)
        if result.stdout is not None:
            self.assertEqual(result.stdout, '')
        return result.stderr

    def test_steps(self):
        self.refused(USAGE, 'no phase “x”; there are: merge', 'step', 'graph.dot', '--phase', 'x')
        self.refused(USAGE, 'give one of them', 'step', 'graph.dot', '--mark-sweep', '--drop', 'A')
        self.refused(USAGE, 'does not say what to write', 'step', 'graph.dot', '-o', 'steps.gif')
        self.refused(USAGE, '0.05 to 3600', 'step', 'graph.dot', '--seconds', '0')
        self.refused(USAGE, '--generation takes', 'step', 'graph.dot', '--generation', '3')
        self.refused(USAGE, 'number of rows', 'step', 'graph.dot', '--limit', '-1')
        self.refused(USAGE, 'no reference counts and generations', 'step', 'graph.dot')
        self.refused(USAGE, 'with which thresholds', 'thresholds')
        self.refused(USAGE, 'three numbers', 'thresholds', '--set', '700,10')
        self.refused(USAGE, 'three numbers', 'thresholds', '--set', '700,10,10', '--counts', '1,2,-3')
        self.refused(USAGE, 'from 0 to 1', 'thresholds', '--set', '700,10,10', '--survive', '1.5')
        self.refused(USAGE, '--allocations takes', 'thresholds', '--set', '700,10,10', '--allocations', '-1')
        self.refused(USAGE, 'for a program after', 'thresholds', '--set', '700,10,10', '--at-exit')
        self.refused(USAGE, '100000000 at most', 'thresholds', '--set', '1,10,10', '--allocations', '9000000000')
        self.refused(USAGE, 'One --set is simulated', 'thresholds', '--set', '700,10,10', '--set', '1,2,3')
        self.refused(USAGE, 'it needs --record', 'thresholds', '--set', '700,10,10', '--recorded', '1,2,3')
        self.refused(USAGE, 'Say by --set', 'thresholds', '--record', 'collections.log')
        self.refused(USAGE, 'taken from the record', 'thresholds', '--record', 'collections.log', '--set', '1,2,3', '--counts', '1,2,3')
        self.refused(MALFORMED, 'no collections as CPython writes', 'thresholds', '--record', 'graph.dot', '--set', '700,10,10')
        self.refused(USAGE, 'Cannot open “nothing”', 'thresholds', '--record', 'nothing', '--set', '700,10,10')
        self.refused(USAGE, 'ran by itself', 'thresholds', '--record', 'collections.log', '--recorded', '0,0,0', '--set', '700,10,10')
        self.refused(USAGE, 'says nothing of a collector', 'thresholds', 'graph.dot')
        self.refused(USAGE, 'by --drop', 'what-if', 'graph.dot')
        self.refused(USAGE, 'no reference count', 'what-if', 'graph.dot', '--drop', '#0')
        self.refused(USAGE, 'no reference “name:A->name:F”', 'what-if', 'graph.dot', '--drop', 'name:A->name:F')

    # --- usage

    def test_no_command(self):
        result = run()
        self.assertEqual(result.returncode, USAGE)
        self.assertIn('Commands:', result.stderr)
        self.assertEqual(result.stdout, '')

    def test_unknown_command(self):
        self.refused(USAGE, 'Did you mean “types”?', 'tpyes', 'graph.dot')
        self.refused(USAGE, 'refscope-cli --help', 'no-such-thing')
        self.refused(USAGE, 'There is no command', 'help', 'no-such-thing')
        self.assertNotIn('Did you mean', self.refused(USAGE, 'There is no command', ''))

    def test_later_commands_are_not_there(self):
        for command in 'path diff leaks dominators retained sql'.split():
            self.refused(USAGE, 'There is no command', command, 'graph.dot')

    def test_growth_of_one(self):
        self.refused(USAGE, 'two files or more', 'growth', 'graph.dot')
        self.refused(USAGE, 'no-such', 'growth', 'graph.dot', 'no-such.dot')
        self.refused(USAGE, 'is not valid', 'growth', 'graph.dot', 'graph.dot', '--fail-if', 'shrank')

    def test_unknown_option(self):
        self.refused(USAGE, '--no-such', 'info', '--no-such', 'graph.dot')

    def test_values_that_are_none(self):
        for args in (['refs', 'graph.dot', '--max-depth', 'x'], ['refs', 'graph.dot', '--max-depth', '-2'],
                     ['refs', 'graph.dot', '--too-many', '-1'], ['refs', 'graph.dot', '--max-nodes', '-7'],
                     ['refs', 'graph.dot', '--max-depth', '99999999999999999999'],
                     ['refs', 'graph.dot', '--scale', '3'], ['refs', 'graph.dot', '--edges', 'some'],
                     ['types', 'graph.dot', '--sort', 'colour'], ['find', 'graph.dot', '--limit', '-5'],
                     ['collect', 'graph.dot', '--generation', '3'], ['collect', 'graph.dot', '--generation', '-1'],
                     ['info', '--after', 'nan', '--', 'true'], ['info', '--after', '-3', '--', 'true'],
                     ['watch', '--interval', '0', '--', 'true'], ['watch', '--interval', 'inf', '--', 'true'],
                     ['info', '--timeout', '-1', '--', 'true']):
            with self.subTest(args):
                self.refused(USAGE, args[-4] if '--' in args else args[-2], *args)

    def test_short_options_with_their_value(self):
        for args in (['-n2'], ['-n', '2'], ['-q', '-n2'], ['--limit=2']):
            self.assertEqual(len(json.loads(run('find', 'graph.dot', '--json', *args, cwd=self.folder).stdout)), 2)
        self.assertEqual(run('find', 'graph.dot', '-ox.json', cwd=self.folder).returncode, DONE)
        self.assertEqual(len(json.loads((self.folder / 'x.json').read_text())), 6)
        self.refused(USAGE, '-z', 'find', 'graph.dot', '-z2')
        self.refused(USAGE, '-n', 'find', 'graph.dot', '-nx')

    def test_options_that_exclude_each_other(self):
        self.refused(USAGE, 'exclude', 'types', 'graph.dot', '--json', '--csv')
        self.refused(USAGE, 'exclude', 'info', '--after', '1', '--on-mark', 'x', '--', 'true')
        self.refused(USAGE, 'exclude', 'info', '--stop', '--no-wait', '--', 'true')
        self.refused(USAGE, 'different formats', 'refs', 'graph.dot', '--json', '-o', 'x.svg')
        self.refused(USAGE, '--json', 'types', 'graph.dot', '--wrap')

    def test_capture_options_on_a_file(self):
        for options in (['--after', '1'], ['--on-mark', 'x'], ['--at-exit'], ['--in-place'], ['--stop'], ['--no-wait'],
                        ['--collect-before'], ['--timeout', '3'], ['--program-output', 'null']):
            with self.subTest(options):
                self.refused(USAGE, 'program after “--”', 'info', 'graph.dot', *options)

    def test_live_on_a_file(self):
        self.refused(USAGE, 'predicts', 'collect', '--live', 'graph.dot')
        self.refused(USAGE, 'needs a running program', 'watch', 'graph.dot')

    def test_no_source(self):
        for command in 'info types find cycles unreachable collect refs backrefs'.split():
            self.refused(USAGE, 'SOURCE is missing', command)
        self.refused(USAGE, 'SOURCE is missing', 'refs', 'name:A')
        self.refused(USAGE, 'missing', 'info', '--')
        self.refused(USAGE, 'The program is missing', 'watch')

    def test_too_many_arguments(self):
        self.refused(USAGE, 'too many', 'info', 'graph.dot', 'wide.dot')

    def test_a_program_for_a_command_that_reads_files(self):
        self.refused(USAGE, 'takes no program', 'verify', '--', 'true')

    def test_process_numbers(self):
        for number in '', '0', '-1', '12x', '99999999999':
            with self.subTest(number):
                self.refused(USAGE, 'names no process', 'info', f'pid:{number}')
        self.refused(USAGE, '--stop', 'info', '--stop', 'pid:1')

    def test_process_that_is_not_there(self):
        child = subprocess.Popen(['true'])
        child.wait()
        self.refused(UNCAPTURED, f'no process {child.pid}', 'info', f'pid:{child.pid}')

    # --- objects and expressions

    def test_object_that_is_gone(self):
        for reference in '0xdeadbeef', '#1000', 'type:NoSuchType', 'name:Z':
            with self.subTest(reference):
                self.refused(USAGE, reference.split(':')[-1].lstrip('#'), 'find', 'graph.dot', reference)

    def test_object_of_no_form(self):
        for reference in 'A', '0x', '0xzz', '#', '#-1', '#99999999999999999999', 'sql:DROP TABLE objects', 'sql:', '':
            with self.subTest(reference):
                self.refused(USAGE, '', 'backrefs', 'graph.dot', reference)

    def test_objects_missing(self):
        self.refused(USAGE, 'two ends', 'chain', 'graph.dot', 'name:A')
        self.refused(USAGE, 'two ends', 'chain', 'graph.dot', 'name:A', 'name:B', 'name:C')

    def test_filter_that_does_not_parse(self):
        for option in '--filter', '--hide', '--highlight', '--extra-info':
            with self.subTest(option):
                says = self.refused(USAGE, 'character 8', 'refs', 'graph.dot', option, 'type = dict')
                self.assertIn("did you mean type = 'dict'", says)
                self.assertIn(option, says)
        self.refused(USAGE, '', 'find', 'graph.dot', '--filter', 'size >')
        self.refused(USAGE, '', 'types', 'graph.dot', '--filter', '')

    def test_filter_is_told_before_the_file_is_read(self):
        self.refused(USAGE, 'does not parse', 'find', 'no-such-file', '--filter', 'size >')

    def test_condition_that_does_not_parse(self):
        for condition in ('', 'size >', 'nosuch = 1', 'count; DROP TABLE rows', "type = \"node\"",
                          "load_extension('x')", '(SELECT 1 FROM sqlite_master)'):
            with self.subTest(condition):
                self.refused(USAGE, '--fail-if', 'types', 'no-such-file', '--fail-if', condition)

    # --- files

    def test_no_such_file(self):
        self.refused(USAGE, 'no-such-file', 'info', 'no-such-file')
        self.refused(USAGE, 'no-such-file', 'verify', 'no-such-file.refscope')

    def test_standard_output_is_no_file(self):
        self.refused(USAGE, 'no file', 'types', 'graph.dot', '-o', '-')
        self.assertFalse((self.folder / '-').exists())

    def test_a_folder(self):
        self.refused(USAGE, '.', 'info', '.')

    @unittest.skipIf(os.geteuid() == 0, 'root may read everything')
    def test_unreadable_file(self):
        (self.folder / 'graph.dot').chmod(0)
        self.refused(USAGE, 'graph.dot', 'info', 'graph.dot')

    def test_foreign_files(self):
        for name, content in (('empty', b''), ('zeros', bytes(5000)), ('text', b'hello, world\n'), ('elf', pathlib.Path(cli.CLI).read_bytes()[:4096]),
                              ('json', b'{"snapshot": {}}'), ('open.dot', b'digraph { a -> '), ('nul.dot', b'digraph { a -> b }\0'),
                              ('latin.dot', b'digraph { "\xff\xfe" -> b ')):
            with self.subTest(name):
                (self.folder / name).write_bytes(content)
                for command in 'info', 'verify', 'types':
                    self.refused(MALFORMED, '', command, name)

    def test_heaps_are_their_owners_own(self):
        """A heap holds passwords; a picture is made to be shown."""
        for name in 'mode.refscope', 'mode.dot':
            self.assertEqual(run('convert', 'graph.dot', '-o', name, cwd=self.folder, umask=0o022).returncode, DONE)
            self.assertEqual((self.folder / name).stat().st_mode & 0o777, 0o600, name)
        for name in 'picture.png', 'picture.svg', 'picture.dot', 'picture.json':
            self.assertEqual(run('refs', 'graph.dot', '-o', name, cwd=self.folder, umask=0o022).returncode, DONE)
            self.assertEqual((self.folder / name).stat().st_mode & 0o777, 0o644, name)

    def test_undirected_graph(self):
        (self.folder / 'undirected.dot').write_text('graph { a -- b }')
        said = self.refused(MALFORMED, 'undirected', 'refs', 'undirected.dot')
        self.assertIn('write “digraph”', said)

    def test_malformed_dot_says_where(self):
        (self.folder / 'twice.dot').write_text('digraph {\n a -> b\n b -> -> c\n}\n')
        self.refused(MALFORMED, 'line 3, column 7 (byte offset 24): “->”', 'types', 'twice.dot')

    def test_truncated_and_damaged_heaps(self):
        self.assertEqual(run('convert', 'graph.dot', '-o', 'whole.refscope', cwd=self.folder).returncode, DONE)
        whole = (self.folder / 'whole.refscope').read_bytes()
        self.assertEqual(run('verify', 'whole.refscope', cwd=self.folder).returncode, DONE)

        for length in sorted({1, 7, 8, 15, 63, 64, 100, len(whole) // 2, len(whole) - 1}):
            with self.subTest(length=length):
                (self.folder / 'cut.refscope').write_bytes(whole[:length])
                self.refused(MALFORMED, '', 'verify', 'cut.refscope')

        # Any changed byte is either found, or outside of everything that counts.
        found = 0
        positions = range(0, len(whole), max(1, len(whole) // 97))
        for position in positions:
            damaged = bytearray(whole)
            damaged[position] ^= 0xff
            (self.folder / 'bad.refscope').write_bytes(damaged)
            result = run('verify', 'bad.refscope', cwd=self.folder)
            self.assertIn(result.returncode, (DONE, MALFORMED), (position, result.stderr))
            found += result.returncode == MALFORMED
        self.assertGreater(found, len(positions) // 4)

    # --- output

    def test_nothing_is_overwritten_unasked(self):
        precious = self.folder / 'precious.json'
        for args in (['types', 'graph.dot'], ['refs', 'graph.dot'], ['info', 'graph.dot'], ['cycles', 'graph.dot']):
            with self.subTest(args):
                precious.write_text('precious')
                self.refused(USAGE, '--force', *args, '-o', 'precious.json')
                self.assertEqual(precious.read_text(), 'precious')
                self.assertEqual(run(*args, '-o', 'precious.json', '--force', cwd=self.folder).returncode, DONE)
                json.loads(precious.read_text())
        (self.folder / 'precious.dot').write_text('precious')
        self.refused(USAGE, '--force', 'convert', 'graph.dot', '-o', 'precious.dot')
        self.assertEqual((self.folder / 'precious.dot').read_text(), 'precious')

    def test_unknown_endings(self):
        self.refused(USAGE, 'x.gif', 'refs', 'graph.dot', '-o', 'x.gif')
        self.refused(USAGE, 'x.gif', 'convert', 'graph.dot', '-o', 'x.gif')
        self.refused(USAGE, '-o FILE', 'convert', 'graph.dot')
        self.refused(USAGE, '-o FILE', 'capture', 'graph.dot')

    def test_unwritable_places(self):
        for args in (['types', 'graph.dot'], ['refs', 'graph.dot']):
            self.refused(USAGE, 'no folder', *args, '-o', 'nowhere/x.json')
            (self.folder / 'folder.json').mkdir(exist_ok=True)
            self.refused(USAGE, 'is a folder', *args, '-o', 'folder.json')

    @unittest.skipIf(os.geteuid() == 0, 'root may write everywhere')
    def test_write_protected_folder(self):
        (self.folder / 'protected').mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
        self.refused(USAGE, 'protected', 'types', 'graph.dot', '-o', 'protected/x.json')

    def test_file_size_limit_as_on_a_full_disk(self):
        """RLIMIT_FSIZE stands for a full disk, which needs a file system of its own."""
        import resource

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        for name in 'x.json', 'x.svg', 'x.png', 'x.dot':
            self.refused(USAGE, name, 'refs', 'graph.dot', '-o', name, preexec_fn=limit)
            self.assertFalse((self.folder / name).exists())
        self.refused(USAGE, 'x.refscope', 'convert', 'graph.dot', '-o', 'x.refscope', preexec_fn=limit)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), sorted(path.name for path in HEAPS.iterdir()),
                         'a temporary file was left behind')

    @unittest.skipUnless(os.path.exists('/dev/full'), 'there is no /dev/full')
    def test_full_standard_output(self):
        for args in (['types', 'graph.dot'], ['refs', 'graph.dot'], ['--help'], ['info', '--help'], ['find', 'graph.dot', '--json']):
            with self.subTest(args), open('/dev/full', 'w') as full:
                self.refused(USAGE, 'No space left', *args, stdout=full)

    def test_output_to_dev_full(self):
        before = os.stat('/dev/full')
        self.refused(USAGE, '/dev/full', 'types', 'graph.dot', '-o', '/dev/full')
        self.refused(USAGE, '/dev/full', 'refs', 'graph.dot', '-o', '/dev/full')
        self.assertEqual(os.stat('/dev/full').st_ino, before.st_ino)

    def test_closed_standard_output(self):
        result = subprocess.run(['sh', '-c', '"$0" types graph.dot >&-', cli.CLI], cwd=self.folder, stderr=subprocess.PIPE,
                                text=True, timeout=cli.TIME_LIMIT)
        self.assertEqual(result.returncode, USAGE)
        self.assertIn('standard output', result.stderr)

    def test_reader_that_has_gone(self):
        """As any program in a pipe: it ends by SIGPIPE, and says nothing."""
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, 'w') as gone:
            result = run('find', 'graph.dot', '--json', cwd=self.folder, stdout=gone)
        self.assertEqual(result.returncode, -signal.SIGPIPE)
        self.assertEqual(result.stderr, '')

    def test_quiet_is_quiet_about_notes_only(self):
        loud = run('refs', 'graph.dot', '-o', 'x.json', cwd=self.folder)
        quiet = run('refs', 'graph.dot', '-o', 'y.json', '--quiet', cwd=self.folder)
        self.assertIn('objects', loud.stderr)
        self.assertEqual(quiet.stderr, '')
        self.refused(USAGE, 'no-such', 'info', 'no-such', '--quiet')


class Pictures(unittest.TestCase):
    """What -o writes is what its ending says."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def draw(self, name, *args):
        result = run(*args, '-o', str(self.folder / name), cwd=HEAPS)
        self.assertEqual(result.returncode, DONE, result.stderr)
        return (self.folder / name).read_bytes()

    def test_png(self):
        once = self.draw('a.png', 'refs', 'wide.dot')
        twice = self.draw('b.png', 'refs', 'wide.dot', '--scale', '2')
        for png in once, twice:
            self.assertTrue(png.startswith(b'\x89PNG\r\n\x1a\n'))
        self.assertAlmostEqual(int.from_bytes(twice[16:20], 'big') / int.from_bytes(once[16:20], 'big'), 2, delta=0.05)

    def test_svg(self):
        from xml.etree import ElementTree
        svg = ElementTree.fromstring(self.draw('a.svg', 'refs', 'wide.dot', '--too-many', '20'))
        self.assertTrue(svg.tag.endswith('svg'))
        text = ''.join(svg.itertext())
        self.assertIn('hub', text)
        self.assertIn('二つ の名前', text)

    def test_pdf(self):
        self.assertTrue(self.draw('a.pdf', 'backrefs', 'graph.dot', 'name:E').startswith(b'%PDF-'))

    def test_dot_is_read_by_dot(self):
        dot = shutil.which('dot')
        if dot is None:
            self.skipTest('Graphviz has no dot program here')
        for args in (['refs', 'wide.dot', '--too-many', '2'], ['backrefs', 'graph.dot', 'name:E', '--objgraph']):
            text = self.draw('a.dot', *args, '--force')
            self.assertEqual(text.decode(), run(*args, cwd=HEAPS).stdout)
            result = subprocess.run([dot, '-Tplain'], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=cli.TIME_LIMIT)
            self.assertEqual((result.returncode, result.stderr), (0, b''))

    def test_chain(self):
        svg = self.draw('c.svg', 'chain', 'graph.dot', 'name:D', 'name:E').decode()
        for name in 'D', 'A', 'B', 'E':
            self.assertIn(name, svg)
        for name in 'c.gv', 'C.DOT':
            self.assertIn(b'digraph', self.draw(name, 'chain', 'graph.dot', 'name:D', 'name:E'))
        result = run('chain', 'graph.dot', 'name:A', 'name:F', '-o', str(self.folder / 'none.svg'), cwd=HEAPS)
        self.assertEqual(result.returncode, USAGE)
        self.assertIn('No chain', result.stderr)
        self.assertFalse((self.folder / 'none.svg').exists())


    def test_page_of_steps(self):
        page = self.draw('steps.html', 'step', 'graph.dot', '--from', 'name:A').decode()
        parser = Page()
        parser.feed(page)
        parser.close()
        self.assertEqual(parser.open, [])
        self.assertEqual(parser.frames, 13)
        self.assertEqual(parser.buttons, {'first', 'back', 'next', 'last', 'play'})
        self.assertNotRegex(page, r'(?:src|href)=')
        self.assertIn('is still white', page)

    def test_animated_steps(self):
        svg = self.draw('steps.svg', 'step', 'graph.dot', '--from', 'name:A', '--seconds', '0.5')
        root = ElementTree.fromstring(svg)
        sets = [element for element in root.iter() if element.tag.endswith('}set') and element.get('dur')]
        self.assertEqual([element.get('dur') for element in sets], ['0.50s'] * 13)
        self.assertEqual(sets[0].get('begin'), '0s;frame12.end')
        self.assertEqual(sets[12].get('begin'), 'frame11.end')
        # Where nothing is animated the first is seen, and no other.
        frames = [element for element in root if any(child in sets for child in element)]
        self.assertEqual([element.get('visibility') for element in frames], [None] + ['hidden'] * 12)

    def test_numbered_steps(self):
        folder = self.folder / 'new' / 'frames'
        args = ['step', 'graph.dot', '--from', 'name:A', '-o', f'{folder}/']
        self.assertEqual(run(*args, cwd=HEAPS).returncode, DONE)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), [f'{n:04}.svg' for n in range(1, 14)])
        texts = [ElementTree.fromstring((folder / name).read_bytes()) for name in ('0001.svg', '0013.svg')]
        self.assertIn('Before the first step', ' '.join(texts[0].itertext()))
        self.assertIn('Step 12: Sweep', ' '.join(texts[1].itertext()))
        self.assertEqual(run(*args, cwd=HEAPS).returncode, USAGE)
        self.assertEqual(run(*args, '--force', cwd=HEAPS).returncode, DONE)

    def test_numbered_steps_are_all_there_or_none(self):
        """What is in the way is met after the first pictures were written."""
        (self.folder / '0003.svg').write_text('precious', encoding='utf-8')
        self.assertEqual(run('step', 'graph.dot', '--from', 'name:A', '-o', f'{self.folder}/', cwd=HEAPS).returncode, USAGE)
        self.assertEqual([path.name for path in self.folder.iterdir()], ['0003.svg'])
        self.assertEqual((self.folder / '0003.svg').read_text(encoding='utf-8'), 'precious')


class Page(html.parser.HTMLParser):
    """Counts what a page of steps has, and which elements stay open."""
    EMPTY = 'meta', 'input', 'rect', 'path', 'circle', 'ellipse'

    def __init__(self):
        super().__init__()
        self.open = []
        self.frames = 0
        self.buttons = set()

    def handle_starttag(self, tag, attributes):
        if tag == 'section':
            self.frames += 1
        if tag == 'button':
            self.buttons.add(dict(attributes)['id'])
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            assert self.open.pop() == tag, tag


class Conversions(unittest.TestCase):
    def test_dot_to_refscope_and_back(self):
        with tempfile.TemporaryDirectory() as folder:
            heap, dot = f'{folder}/g.refscope', f'{folder}/g.dot'
            self.assertEqual(run('convert', 'graph.dot', '-o', heap, cwd=HEAPS).returncode, DONE)
            self.assertEqual(run('verify', heap).returncode, DONE)
            for args in (['find', '{}', '--json'], ['cycles', '{}', '--json'], ['refs', '{}', 'name:D', '--json'],
                         ['unreachable', '{}', '--from', 'name:A', '--json'], ['info', '{}', '--json']):
                one = run(*(arg.format('graph.dot') for arg in args), cwd=HEAPS)
                other = run(*(arg.format(heap) for arg in args))
                self.assertEqual(one.stdout, other.stdout)
            self.assertEqual(run('convert', heap, '-o', dot).returncode, DONE)
            again = json.loads(run('info', dot, '--json').stdout)
            before = json.loads(run('info', 'graph.dot', '--json', cwd=HEAPS).stdout)
            self.assertEqual((again['objects'], again['edges']), (before['objects'], before['edges']))


class Conditions(unittest.TestCase):
    def status(self, *args):
        return run(*args, cwd=HEAPS).returncode

    def test_every_command_with_rows_takes_it(self):
        for args in (['info'], ['types'], ['find'], ['cycles'], ['unreachable', '--from', 'name:A'], ['collect'], ['refs'],
                     ['backrefs', 'name:E'], ['chain', 'name:D', 'name:E']):
            args.insert(1, 'graph.dot')
            with self.subTest(args):
                self.assertEqual(self.status(*args, '--fail-if', '1'), CONDITION)
                self.assertEqual(self.status(*args, '--fail-if', '0'), DONE)

    def test_rows_that_are_not_printed_count(self):
        self.assertEqual(self.status('find', 'graph.dot', '--limit', '1', '--fail-if', "value = 'F'"), CONDITION)

    def test_no_rows(self):
        self.assertEqual(self.status('find', 'graph.dot', '--type', 'none', '--fail-if', '1'), DONE)
        self.assertEqual(self.status('find', 'graph.dot', '--type', 'none', '--fail-if', 'count(*) = 0'), CONDITION)

    def test_null_is_not_true(self):
        self.assertEqual(self.status('find', 'graph.dot', '--fail-if', 'NULL'), DONE)


if __name__ == '__main__':
    unittest.main()
