"""The output of every command, compared with what is written in expected/.

RSC_UPDATE_GOLDEN=1 writes it anew; look at the difference before you commit it.
"""
import gzip
import json
import os
import pathlib
import shutil
import tempfile
import unittest

from cli import CONDITION, DONE, HEAPS, HERE, run

UPDATE = os.environ.get('RSC_UPDATE_GOLDEN') == '1'
EXPECTED = HERE / 'expected'

# name: (arguments, exit status).  A name that ends in -json is JSON, in -csv CSV.
CASES = {
    'help': (['--help'], DONE),
    'version': (['--version'], DONE),

    # A DOT digraph
    'labels-find': (['find', 'labels.dot', '--paths'], DONE),
    'labels-find-name': (['find', 'labels.dot', '--name', 'b*'], DONE),
    'labels-find-filter': (['find', 'labels.dot', '--filter', "name = 'c'"], DONE),
    'labels-refs-json': (['refs', 'labels.dot', 'name:b', '--json'], DONE),
    'labels-chain': (['chain', 'labels.dot', 'name:a', 'name:c'], DONE),
    'dot-info': (['info', 'graph.dot'], DONE),
    'dot-info-json': (['info', 'graph.dot', '--json'], DONE),
    'dot-types': (['types', 'graph.dot'], DONE),
    'dot-types-json': (['types', 'graph.dot', '--json'], DONE),
    'growth': (['growth', 'empty.dot', 'graph.dot', 'wide.dot'], DONE),
    'growth-json': (['growth', 'empty.dot', 'graph.dot', 'wide.dot', '--json'], DONE),
    'growth-csv': (['growth', *['empty.dot', 'graph.dot'] * 4, '--csv'], DONE),
    'growth-two': (['growth', 'graph.dot', 'wide.dot', '--fail-if', 'monotonic and growth > 1'], CONDITION),
    'growth-none': (['growth', 'graph.dot', 'graph.dot'], DONE),
    'growth-heap-json': (['growth', 'shop.refscope', 'shop.refscope', '--all', '--limit', '2', '--json'], DONE),
    'dot-find': (['find', 'graph.dot'], DONE),
    'dot-find-json': (['find', 'graph.dot', '--json'], DONE),
    'dot-find-csv': (['find', 'graph.dot', '--csv'], DONE),
    'dot-find-value': (['find', 'graph.dot', '--value', 'a'], DONE),
    'dot-find-none': (['find', 'graph.dot', '--type', 'dict'], DONE),
    'dot-find-objects': (['find', 'graph.dot', 'name:F', 'name:A', '#1'], DONE),
    'dot-find-limit': (['find', 'graph.dot', '--limit', '2'], DONE),
    'dot-find-wrap-json': (['find', 'graph.dot', '--limit', '2', '--json', '--wrap'], DONE),
    'dot-find-wide': (['find', 'wide.dot', '--limit', '0'], DONE),
    'dot-chain': (['chain', 'graph.dot', 'name:D', 'name:E'], DONE),
    'dot-chain-json': (['chain', 'graph.dot', 'name:D', 'name:E', '--json'], DONE),
    'dot-chain-none': (['chain', 'graph.dot', 'name:A', 'name:F'], DONE),
    'dot-chain-none-json': (['chain', 'graph.dot', 'name:A', 'name:F', '--json'], DONE),
    'dot-chain-too-short': (['chain', 'graph.dot', 'name:D', 'name:E', '--max-depth', '2'], DONE),
    'dot-cycles': (['cycles', 'graph.dot'], DONE),
    'dot-cycles-json': (['cycles', 'graph.dot', '--json'], DONE),
    'dot-cycles-garbage': (['cycles', 'graph.dot', '--garbage'], DONE),
    'dot-unreachable': (['unreachable', 'graph.dot', '--from', 'name:A'], DONE),
    'dot-unreachable-json': (['unreachable', 'graph.dot', '--from', 'name:A', '--json'], DONE),
    'dot-unreachable-roots': (['unreachable', 'graph.dot'], DONE),
    'dot-unreachable-nothing': (['unreachable', 'graph.dot', '--from', 'name:D'], DONE),
    'dot-collect': (['collect', 'graph.dot'], DONE),
    'dot-collect-json': (['collect', 'graph.dot', '--json'], DONE),
    'dot-step': (['step', 'graph.dot', '--from', 'name:A'], DONE),
    'dot-step-breadth-first': (['step', 'graph.dot', '--from', 'name:A', '--breadth-first', '--objects-only'], DONE),
    'dot-step-object': (['step', 'graph.dot', '--mark-sweep', '--phase', 'mark', 'name:E'], DONE),
    'dot-refs': (['refs', 'graph.dot'], DONE),
    'dot-refs-json': (['refs', 'graph.dot', '--json'], DONE),
    'dot-refs-objgraph': (['refs', 'graph.dot', 'name:D', '--objgraph', '--quiet'], DONE),
    'dot-refs-depth-0': (['refs', 'graph.dot', '--max-depth', '0', '--json'], DONE),
    'dot-refs-too-many-0': (['refs', 'graph.dot', '--too-many', '0', '--json'], DONE),
    'dot-refs-wide': (['refs', 'wide.dot', '--too-many', '3', '--max-depth', '2'], DONE),
    'dot-refs-filter': (['refs', 'graph.dot', '--filter', "value != 'B'", '--json'], DONE),
    'dot-refs-hide': (['refs', 'graph.dot', '--hide', "value = 'B'", '--json'], DONE),
    'dot-refs-ignore': (['refs', 'graph.dot', '--extra-ignore', 'name:C', '--json'], DONE),
    'dot-refs-highlight': (['refs', 'graph.dot', '--highlight', "value = 'E'", '--extra-info', "'n' || referrers"], DONE),
    'dot-refs-swap': (['refs', 'graph.dot', '--swap', '--refcounts', '--no-shortnames'], DONE),
    'dot-refs-both': (['refs', 'graph.dot', 'name:A', '--both', '--json'], DONE),
    'dot-backrefs': (['backrefs', 'graph.dot', 'name:E'], DONE),
    'dot-backrefs-json': (['backrefs', 'graph.dot', 'name:E', '--json'], DONE),
    'dot-fail-if': (['types', 'graph.dot', '--fail-if', 'count > 5'], CONDITION),
    'dot-fail-if-not': (['types', 'graph.dot', '--fail-if', 'count > 6'], DONE),
    'dot-fail-if-all': (['unreachable', 'graph.dot', '--from', 'name:A', '--fail-if', 'count(*) = 2'], CONDITION),
    'dot-empty-find': (['find', 'empty.dot'], DONE),
    'dot-empty-info': (['info', 'empty.dot'], DONE),
    'dot-empty-cycles-json': (['cycles', 'empty.dot', '--json'], DONE),

    # A heap that was captured: make-heap
    'heap-verify': (['verify', 'shop.refscope'], DONE),
    'heap-info': (['info', 'shop.refscope'], DONE),
    'heap-info-json': (['info', 'shop.refscope', '--json'], DONE),
    'heap-types': (['types', 'shop.refscope', '--limit', '12'], DONE),
    'heap-types-json': (['types', 'shop.refscope', '--json', '--filter', "module = '__main__'"], DONE),
    'heap-types-by-count': (['types', 'shop.refscope', '--sort', 'count', '--filter', 'tracked', '--limit', '5'], DONE),
    'heap-types-by-name-csv': (['types', 'shop.refscope', '--sort', 'type', '--csv', '--limit', '4'], DONE),
    'heap-find-paths': (['find', 'shop.refscope', '--type', '__main__.*', '--paths'], DONE),
    'heap-find-json': (['find', 'shop.refscope', '--type', 'Session', '--json'], DONE),
    'heap-find-paths-json': (['find', 'shop.refscope', '--type', 'Session', '--paths', '--json'], DONE),
    'heap-find-value': (['find', 'shop.refscope', '--value', 'snowman'], DONE),
    'heap-find-name': (['find', 'shop.refscope', '--name', 'on_close'], DONE),
    'heap-find-filter': (['find', 'shop.refscope', '--filter', "type = 'dict' and size > 2000"], DONE),
    'heap-find-sql': (['find', 'shop.refscope', "sql:SELECT id FROM objects WHERE type = 'Pair'"], DONE),
    'heap-refs': (['refs', 'shop.refscope', 'name:__main__.cache', '--max-depth', '2'], DONE),
    'heap-refs-json': (['refs', 'shop.refscope', 'name:__main__.cache', '--json', '--max-depth', '2'], DONE),
    'heap-refs-types': (['refs', 'shop.refscope', 'name:__main__.cache', '--max-depth', '2', '--types'], DONE),
    'heap-refs-objgraph': (['refs', 'shop.refscope', 'name:__main__.cache', '--objgraph', '--refcounts'], DONE),
    'heap-refs-del': (['refs', 'shop.refscope', 'type:Closing', '--objgraph', '--quiet'], DONE),
    'heap-backrefs': (['backrefs', 'shop.refscope', 'type:Pair'], DONE),
    'heap-backrefs-class': (['backrefs', 'shop.refscope', 'name:__main__.Session', '--max-depth', '1', '--json'], DONE),
    'heap-backrefs-json': (['backrefs', 'shop.refscope', "name:__main__.cache['ann']", '--json', '--max-depth', '2'], DONE),
    'heap-backrefs-objgraph': (['backrefs', 'shop.refscope', "name:__main__.cache['ann']", '--objgraph', '--quiet', '--max-depth', '2'], DONE),
    'heap-backrefs-ignore': (['backrefs', 'shop.refscope', "name:__main__.cache['ann']", '--extra-ignore', 'type:frame',
                              '--extra-ignore', 'name:__main__.cache', '--max-depth', '1', '--json'], DONE),
    'heap-local': (['refs', 'shop.refscope', 'name:table', '--max-depth', '1', '--json'], DONE),
    'heap-chain': (['chain', 'shop.refscope', 'name:__main__', 'type:Session'], DONE),
    'heap-chain-json': (['chain', 'shop.refscope', 'name:__main__.callbacks', 'type:Session', '--json'], DONE),
    'heap-cycles': (['cycles', 'shop.refscope', '--filter', "module = '__main__'"], DONE),
    'heap-cycles-garbage': (['cycles', 'shop.refscope', '--garbage'], DONE),
    'heap-cycles-garbage-json': (['cycles', 'shop.refscope', '--garbage', '--json'], DONE),
    'heap-collect': (['collect', 'shop.refscope'], DONE),
    'heap-collect-json': (['collect', 'shop.refscope', '--json'], DONE),
    'heap-collect-young-json': (['collect', 'shop.refscope', '--generation', '0', '--json'], DONE),
    'heap-step-pair': (['step', 'shop.refscope', "sql:SELECT id FROM objects WHERE type = 'Session' AND generation = 0"], DONE),
    'heap-step-clear': (['step', 'shop.refscope', '--phase', 'clear'], DONE),
    'heap-step-drop': (['step', 'shop.refscope', '--drop', "cache['bob']"], DONE),
    'heap-what-if': (['what-if', 'shop.refscope', '--drop', 'cache', '--drop', 'ring'], DONE),
    'heap-what-if-json': (['what-if', 'shop.refscope', '--drop', "name:__main__.cache->name:__main__.cache['bob']:['bob']",
                           '--json'], DONE),
    'heap-thresholds': (['thresholds', 'shop.refscope', '--allocations', '10000', '--limit', '12'], DONE),
    'heap-thresholds-json': (['thresholds', 'shop.refscope', '--set', '100,2,1', '--counts', '100,2,1', '--allocations', '700',
                              '--survive', '0.5,0.25,0', '--json'], DONE),
    'thresholds': (['thresholds', '--set', '700,10,10', '--fail-if', 'collections_2 > 0'], CONDITION),
    'thresholds-record': (['thresholds', '--record', 'collections.log', '--set', '2000,5,5', '--set', '20000,10,10',
                           '--fail-if', 'collections_0 = 89'], CONDITION),
    'thresholds-record-json': (['thresholds', 'shop.refscope', '--record', 'collections.log', '--recorded', '700,10,10',
                                '--set', '700,0,0', '--json'], DONE),
    'thresholds-record-misread': (['thresholds', '--record', 'collections.log', '--recorded', '700,3,3', '--set', '70,1,1'], DONE),
    'thresholds-none': (['thresholds', '--set', '0,10,10'], DONE),
    'thresholds-csv': (['thresholds', '--set', '10,10,10', '--allocations', '1000', '--csv'], DONE),
    'heap-unreachable': (['unreachable', 'shop.refscope', '--limit', '3', '--fail-if', "type = 'Session'"], CONDITION),
}

EVERY_COMMAND = ('ps capture verify info refs backrefs chain types growth find cycles unreachable collect step what-if thresholds watch convert').split()


class Golden(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        for heap in HEAPS.iterdir():
            shutil.copy(heap, cls.folder)
        with gzip.open(HEAPS / 'shop.refscope.gz') as packed:
            (cls.folder / 'shop.refscope').write_bytes(packed.read())

    def check(self, name, args, status):
        result = run(*args, cwd=self.folder)
        self.assertEqual(result.returncode, status, result.stderr)
        if name.endswith('-json'):
            json.loads(result.stdout)
        path = EXPECTED / f'{name}.txt'
        text = result.stdout
        if result.stderr:
            text += '--- standard error\n' + result.stderr
        if UPDATE:
            path.write_text(text, encoding='utf-8')
        self.assertTrue(path.exists(), f'{path} is missing: RSC_UPDATE_GOLDEN=1 writes it')
        self.assertEqual(text, path.read_text(encoding='utf-8'), ' '.join(args))

    def test_no_file_without_a_case(self):
        self.assertEqual(sorted(path.stem for path in EXPECTED.iterdir()), sorted(CASES))

    def test_every_command_is_listed_and_no_other(self):
        listed = [line.split()[0] for line in run('--help').stdout.split('Commands:')[1].split('\n\n')[0].splitlines() if line]
        self.assertEqual(listed, EVERY_COMMAND)

    def test_every_command_has_a_help_with_examples(self):
        for command in EVERY_COMMAND:
            with self.subTest(command):
                by_option, by_word = run(command, '--help'), run('help', command)
                self.assertEqual(by_option.returncode, DONE)
                self.assertEqual(by_option.stdout, by_word.stdout)
                self.assertIn(f'refscope-cli {command}', by_option.stdout.split('Examples:')[1])


def add_case(name, args, status):
    def test(self):
        self.check(name, args, status)
    setattr(Golden, 'test_' + name.replace('-', '_'), test)


for name_, (args_, status_) in CASES.items():
    add_case(name_, args_, status_)


if __name__ == '__main__':
    unittest.main()
