"""The forms of refscope-cli's output: tables for terminals, JSON and CSV for programs."""
import csv
import gzip
import io
import json
import os
import pathlib
import pty
import struct
import subprocess
import tempfile
import termios
import fcntl
import unicodedata
import unittest

import chinese
import cli
from cli import DONE, HEAPS, run


def width(text):
    """Columns on a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)


class Output(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.heap = str(cls.folder / 'shop.refscope')
        with gzip.open(HEAPS / 'shop.refscope.gz') as packed, open(cls.heap, 'wb') as heap:
            heap.write(packed.read())

    def on_terminal(self, columns, *args):
        """What a terminal of that many columns gets, by lines."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        process = subprocess.Popen([cli.CLI, *args], stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.PIPE, cwd=self.folder)
        os.close(slave)
        data = b''
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # EIO: the other side was closed
                break
            if not chunk:
                break
            data += chunk
        os.close(master)
        _, said = process.communicate(timeout=cli.TIME_LIMIT)
        self.assertEqual((process.returncode, said), (DONE, b''))
        return data.decode().replace('\r\n', '\n').splitlines()

    def test_tables_fit_the_terminal(self):
        for columns in 60, 72, 132:
            lines = self.on_terminal(columns, 'find', self.heap, '--value', 'e', '--limit', '300')
            self.assertEqual(len(lines), 302)
            self.assertLessEqual(max(map(width, lines[:-1])), columns)
            self.assertEqual(any('…' in line for line in lines[1:-1]), columns < 132)

    def test_nothing_is_cut_in_a_pipe(self):
        lines = run('find', self.heap, '--value', 'e', '--limit', '300').stdout.splitlines()
        self.assertGreater(max(map(width, lines)), 72)

    def test_columns_stand_below_each_other(self):
        lines = run('find', self.heap, '--type', 'str', '--limit', '100').stdout.splitlines()
        at = lines[0].index('Value')
        for line in lines[1:101]:
            self.assertEqual(line[at - 2:at], '  ')
            self.assertNotEqual(line[at], ' ')

    def test_wide_characters_take_two_columns(self):
        (self.folder / 'wide.dot').write_text('digraph { "二つの" -> "ab"; "e\u0301" -> "ab" }')
        lines = run('chain', 'wide.dot', 'name:二つの', 'name:ab', cwd=self.folder).stdout.splitlines()
        column = [width(line[:line.rindex(cell)]) for line, cell in zip(lines, ('Refers', '', '-')) if cell]
        self.assertEqual(column[0], column[1])

    def test_nothing_controls_the_terminal(self):
        (self.folder / 'nasty.dot').write_text('digraph { "\x1b[31mred\x07\x9b2J" -> "a\u202eb" }')
        result = run('find', 'nasty.dot', cwd=self.folder)
        self.assertEqual(result.returncode, DONE)
        self.assertNotRegex(result.stdout, '[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]')
        self.assertIn('red', result.stdout)
        values = [thing['value'] for thing in json.loads(run('find', 'nasty.dot', '--json', cwd=self.folder).stdout)]
        self.assertIn('\x1b[31mred\x07\x9b2J', values)
        dot = run('refs', 'nasty.dot', cwd=self.folder).stdout
        self.assertIn('\ufffd[31mred\ufffd\ufffd2J', dot)
        self.assertNotRegex(dot, '[\x00-\x09\x0b-\x1f\x7f-\x9f]')
        run('refs', 'nasty.dot', '-o', 'nasty.svg', cwd=self.folder)
        svg = (self.folder / 'nasty.svg').read_text()
        self.assertIn('[31mred', svg)
        self.assertNotRegex(svg, '[\x00-\x09\x0b-\x1f\x7f-\x9f]')

    def note(self, dot, *args, **environment):
        (self.folder / 'note.dot').write_text(dot)
        result = run('refs', 'note.dot', '-o', 'note.json', '--force', *args, cwd=self.folder,
                     env={**os.environ, **environment})
        self.assertEqual(result.returncode, DONE, result.stderr)
        return result.stderr.strip().removeprefix('refscope-cli: note.json').lstrip(':： ')

    def test_one_is_one(self):
        self.assertEqual(self.note('digraph { a }'), '1 object, 0 references.')
        self.assertEqual(self.note('digraph { a -> b }'), '2 objects, 1 reference.')
        self.assertEqual(self.note('digraph { a -> b }', '--max-depth', '0'), '1 object, 0 references; 1 more is folded.')
        self.assertEqual(self.note('digraph { a -> {b c d} }', '--too-many', '1'), '2 objects, 1 reference; 2 more are folded.')

    def test_one_is_one_in_chinese(self):
        environment = chinese.environment()
        self.assertEqual(self.note('digraph { a -> b }', **environment), '2 个对象，1 个引用。')
        self.assertEqual(self.note('digraph { a -> b }', '--max-depth', '0', **environment), '1 个对象，0 个引用；另有 1 个被折叠。')

    def test_a_conversion_says_what_it_wrote(self):
        result = run('convert', self.heap, '-o', 'converted.dot', cwd=self.folder)
        info = json.loads(run('info', self.heap, '--json').stdout)
        self.assertEqual(result.stderr, f"refscope-cli: converted.dot: {info['objects']} objects, {info['edges']} references.\n")
        self.assertEqual(result.stdout, '')
        result = run('convert', self.heap, '-o', 'converted.refscope', '--json', cwd=self.folder)
        self.assertEqual(json.loads(result.stdout), {**{key: info[key] for key in ('objects', 'edges', 'bytes')},
                                                     'file': 'converted.refscope'})
        self.assertEqual(result.stderr, '')

    def test_the_ending_says_the_format(self):
        for wrong in ('--json', 'o.csv'), ('--csv', 'o.json'), ('--json', 'o.CSV'):
            result = run('types', self.heap, wrong[0], '-o', wrong[1], cwd=self.folder)
            self.assertEqual(result.returncode, cli.USAGE)
            self.assertIn('different formats', result.stderr)
            self.assertFalse((self.folder / wrong[1]).exists())

    def test_further_graphs_are_told(self):
        self.assertIn('further graphs', self.note('digraph { a } digraph { b }'))

    def test_every_object_is_valid_json(self):
        things = json.loads(run('find', self.heap, '--json').stdout)
        info = json.loads(run('info', self.heap, '--json').stdout)
        self.assertEqual(len(things), info['objects'])
        self.assertEqual(sum(thing['size'] for thing in things), info['bytes'])
        for thing in things:
            self.assertEqual(list(thing), ['address', 'type', 'module', 'size', 'refcount', 'value'])
            self.assertRegex(thing['address'], '^0x[0-9a-f]+$')
            self.assertIsInstance(thing['size'], int)
            self.assertIsInstance(thing['refcount'], (int, type(None)))

    def test_csv_says_the_same(self):
        things = json.loads(run('find', self.heap, '--json').stdout)
        rows = list(csv.DictReader(io.StringIO(run('find', self.heap, '--csv').stdout, newline='')))
        self.assertEqual([(row['address'], row['type'], int(row['size'])) for row in rows],
                         [(thing['address'], thing['type'], thing['size']) for thing in things])

    def test_types_add_up(self):
        types = json.loads(run('types', self.heap, '--json').stdout)
        info = json.loads(run('info', self.heap, '--json').stdout)
        self.assertEqual(sum(row['count'] for row in types), info['objects'])
        self.assertEqual(sum(row['bytes'] for row in types), info['bytes'])

    def test_files_get_the_format_of_their_ending(self):
        for name, check in (('t.json', json.loads), ('t.csv', lambda text: self.assertTrue(text.startswith('type,count,'))),
                            ('T.JSON', json.loads), ('T.Csv', lambda text: self.assertTrue(text.startswith('type,count,'))),
                            ('t.txt', lambda text: self.assertTrue(text.startswith('Type ')))):
            self.assertEqual(run('types', self.heap, '-o', str(self.folder / name)).stdout, '')
            check((self.folder / name).read_text())

    def test_numbers_are_the_same_in_every_language(self):
        plain = run('info', self.heap, '--json').stdout
        for language in 'zh_CN', 'de_DE':
            self.assertEqual(run('info', self.heap, '--json', env={**os.environ, 'LANGUAGE': language}).stdout, plain)

    def test_the_graph_is_closed(self):
        """Edges and folds are about nodes that are there."""
        for command in 'refs', 'backrefs':
            graph = json.loads(run(command, self.heap, 'name:__main__.cache', '--json', '--max-depth', '4', '--max-nodes', '50').stdout)
            nodes = [node['address'] for node in graph['nodes']]
            self.assertEqual(len(nodes), len(set(nodes)))
            self.assertLessEqual(len(nodes), 50)
            self.assertLessEqual(len(nodes) + len(graph['folds']), 62)
            for edge in graph['edges']:
                self.assertLessEqual({edge['source'], edge['target']}, set(nodes))
            self.assertLessEqual({fold['at'] for fold in graph['folds']}, set(nodes))
            self.assertTrue(all(fold['count'] > 0 for fold in graph['folds']))


if __name__ == '__main__':
    unittest.main()
