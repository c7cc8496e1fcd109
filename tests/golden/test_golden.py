"""The output of every command, compared with what is written in expected/.

RSC_UPDATE_GOLDEN=1 writes it anew; look at the difference before you commit it.
"""
import json
import os
import pathlib
import shutil
import tempfile
import unittest

from cli import CONDITION, DONE, HEAPS, HERE, MALFORMED, USAGE, run

UPDATE = os.environ.get('RSC_UPDATE_GOLDEN') == '1'
EXPECTED = HERE / 'expected'

# name: (arguments, exit status).  A name that ends in -json is JSON, in -csv CSV.
CASES = {
    'help': (['--help'], DONE),
    'version': (['--version'], DONE),

    # A DOT digraph
    'dot-info': (['info', 'graph.dot'], DONE),
    'dot-info-json': (['info', 'graph.dot', '--json'], DONE),
    'dot-types': (['types', 'graph.dot'], DONE),
    'dot-types-json': (['types', 'graph.dot', '--json'], DONE),
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
}

EVERY_COMMAND = ('capture verify info refs backrefs chain types find cycles unreachable collect watch convert').split()


class Golden(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        for heap in HEAPS.iterdir():
            shutil.copy(heap, cls.folder)

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
