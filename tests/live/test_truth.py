"""500 random heaps on every CPython that is there: the unreachable objects that
`refscope-cli collect` predicts are exactly those that the interpreter's own collector
prints (gc.DEBUG_COLLECTABLE) when a forked copy of the program collects, and every
survivor is in the generation that was predicted.  The steps of `refscope-cli step` have
them in the collector's own order.  See truth_program.py and truth_steps.py.

    RSC_TEST_SEEDS=117,118   these heaps only
"""
import array
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import interpreters
import truth_steps
from truth_steps import hexadecimal

DRIVER = os.environ['RSC_LESSON_DRIVER']
CLI = os.environ.get('RSC_CLI')
PROGRAM = pathlib.Path(__file__).with_name('truth_program.py')
# The sanitizers look at the program that asks, for which a few heaps are as good as many.
IS_SANITISED = CLI is not None and b'__asan_init' in pathlib.Path(CLI).read_bytes()
SEEDS = [int(seed) for seed in os.environ.get('RSC_TEST_SEEDS', '').split(',') if seed] or range(60 if IS_SANITISED else 500)
STEP_SEEDS = SEEDS if 'RSC_TEST_SEEDS' in os.environ else SEEDS[::4]  # the steps are many lines
LIVE_SEEDS = range(12)
PRINTED = re.compile(r'^gc: (collectable|uncollectable) <.* 0x([0-9a-f]+)>$', re.M)


class Driver:
    """A program held at each of its marks."""

    def __init__(self, *command):
        environment = {name: value for name, value in os.environ.items() if not name.startswith('PYTHON')}
        self.process = subprocess.Popen([DRIVER, *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment)

    def ask(self, *words):
        self.process.stdin.write('\t'.join(map(str, words)) + '\n')
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "the driver ended"}')
        if 'error' in answer:
            raise AssertionError(f'{" ".join(map(str, words))}: {answer["error"]}')
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=60)


def ask_cli(*words):
    return subprocess.run([CLI, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, timeout=120).stdout


def addresses(texts):
    return {int(text, 16) for text in texts}


class Real:
    """What the copy of the program wrote about its collection."""

    def __init__(self, path):
        text = path.with_suffix('.printed').read_text()
        self.printed = {wanted: [int(address, 16) for kind, address in PRINTED.findall(text) if kind == wanted]
                        for wanted in ('collectable', 'uncollectable')}
        self.collectable, self.uncollectable = map(set, self.printed.values())
        numbers = array.array('Q', path.with_suffix('.lists').read_bytes())
        lists, at = [], 6
        for length in numbers[:6]:
            lists.append(set(numbers[at:at + length]))
            at += length
        self.before, self.after = lists[:3], lists[3:]
        self.after_in_order = [numbers[6 + sum(numbers[:3 + g]):][:numbers[3 + g]] for g in range(3)]
        self.facts = json.loads(path.with_suffix('.json').read_text())


def differences(said, real, generation):
    """What of the prediction was not so."""
    found = []
    unreachable, uncollectable = addresses(said['unreachable']), addresses(said['uncollectable'])
    if unreachable != real.collectable:
        found.append(f'unreachable: only predicted {hexadecimal(unreachable - real.collectable)},'
                     f' only real {hexadecimal(real.collectable - unreachable)}')
    # These are printed after finalizers, which may have freed some, and what is said of them is from before.
    if uncollectable != real.uncollectable and (real.facts['quiet'] or not uncollectable > real.uncollectable):
        found.append(f'uncollectable: only predicted {hexadecimal(uncollectable - real.uncollectable)},'
                     f' only real {hexadecimal(real.uncollectable - uncollectable)}')

    young = set().union(*real.before[:generation + 1])
    immortal = set(real.facts['immortal'])
    atomic = set(real.facts['atomic'])
    # With their last referent these go out of dictionaries of weak values: a callback's work, which as a finalizer's is not predicted.
    weak = {reference for reference, referent in real.facts['referents'] if referent in real.collectable}
    for g in range(3):
        expected = said['promoted_to'] if g <= generation else g
        survivors = real.before[g] - unreachable - immortal
        if real.facts['quiet']:
            misplaced = survivors - real.after[expected] - atomic - weak
        else:
            # A finalizer may have freed any of them, and what is new is in the youngest.
            misplaced = survivors & set().union(*(real.after[other] for other in (1, 2) if other != expected))
        if misplaced:
            found.append(f'survivors of generation {g} that are not in {expected}: {hexadecimal(misplaced)}')
    # Immortal objects go to the permanent generation.
    if immortal & young & set().union(*real.after):
        found.append('immortal objects stayed in their generation')
    if len(set(real.facts['finalized']) & unreachable) > said['finalizers']:
        found.append(f'of {len(real.facts["finalized"])} the finalizers ran, {said["finalizers"]} were predicted')
    if said['survivors'] != said['examined'] - len(unreachable):
        found.append(f'{said["examined"]} examined, {len(unreachable)} unreachable, {said["survivors"]} survivors')
    return found


@unittest.skipUnless('RSC_AGENT' in os.environ, 'built without the agent')
class Truth(unittest.TestCase):
    def check(self, python, version):
        problems, seen = [], {}
        with tempfile.TemporaryDirectory(prefix='refscope-truth-') as folder, \
                Driver(python, '-S', PROGRAM, folder, ','.join(map(str, SEEDS))) as driver:
            held = driver.ask('wait')
            for seed in SEEDS:
                path = pathlib.Path(folder, str(seed))
                self.assertEqual(held['state'], 'held', held)
                number, generation = map(int, held['hint'].split())
                self.assertEqual(number, seed)
                driver.ask('capture', path.with_suffix('.refscope'))
                driver.ask('continue')  # the program collects while the prediction is made
                options = path.with_suffix('.refscope'), '--generation', generation, '--json', '--quiet'
                said = json.loads(ask_cli('collect', *options))
                steps = truth_steps.Steps(ask_cli('step', *options).splitlines()) if seed in STEP_SEEDS else None
                held = driver.ask('wait')
                real = Real(path)
                found = differences(said, real, generation)
                if steps is not None:
                    found += steps.differences(real, generation)
                problems += [f'seed {seed}, generation {generation}: {text}' for text in found]
                count(seen, generation, real)
                for used in pathlib.Path(folder).glob(f'{seed}.*'):
                    used.unlink()
            self.assertEqual(held['hold'], 'at-exit', held)
        self.assertFalse(problems, f'{len(problems)} differences:\n' + '\n'.join(problems[:20]))
        print(f'# {python}: {seen}')
        if len(SEEDS) >= 500:
            self.assert_covered(seen, version, real.facts['has_tp_del'])

    def check_live(self, python):
        """What `collect --live` says of the same heaps, finalizers and all."""
        n_brought_back = 0
        for seed in LIVE_SEEDS:
            generation = seed % 3
            with self.subTest(seed=seed), tempfile.TemporaryDirectory(prefix='refscope-truth-') as folder:
                result = subprocess.run([CLI, 'collect', '--live', '--fail-if-different', '--generation', str(generation), '--on-mark', 'built',
                                         '-o', f'{folder}/said.json', '--', python, '-S', PROGRAM, '--one', str(seed)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=300)
                said = json.loads(pathlib.Path(folder, 'said.json').read_text())
                unreachable, really, only_predicted, only_real = (
                    addresses(said[name]) for name in ('unreachable', 'really_unreachable', 'only_predicted', 'only_real'))
                program = json.loads(result.stdout)
                self.assertEqual(result.returncode, 1 if only_predicted or only_real else 0)
                self.assertEqual(only_predicted, unreachable - really)
                self.assertEqual(only_real, really - unreachable)
                # What is still there is what finalizers brought back, and what that refers to.
                self.assertLessEqual(only_predicted, set(program['reached']))
                self.assertLessEqual(unreachable & set(program['saved']), only_predicted)
                n_brought_back += len(only_predicted)
        self.assertGreater(n_brought_back, 0)

    def assert_covered(self, seen, version, has_tp_del):
        """The heaps had what they are to be checked with."""
        for generation in range(3):
            self.assertGreater(seen[f'heaps of generation {generation}'], 100)
            self.assertGreater(seen[f'unreachable in {generation}'], 1000)
            self.assertGreater(seen[f'survivors of {generation}'], 1000)
        for what in 'frozen heaps', 'finalizers', 'brought back', 'weakly referenced', 'weak references':
            self.assertGreater(seen[what], 50, what)
        if has_tp_del:
            self.assertGreater(seen['uncollectable'], 50)
        if version >= (3, 12):
            self.assertGreater(seen['immortal'], 50)


def count(seen, generation, real):
    for what, n in {
        f'heaps of generation {generation}': 1,
        f'unreachable in {generation}': len(real.collectable),
        f'survivors of {generation}': sum(map(len, real.before[:generation + 1])) - len(real.collectable),
        'uncollectable': len(real.uncollectable),
        'frozen heaps': real.facts['frozen'],
        'immortal': len(real.facts['immortal']),
        'finalizers': len(real.facts['finalized']),
        'brought back': len(set(real.facts['saved']) & real.collectable),
        'weakly referenced': len({referent for _, referent in real.facts['referents']} & real.collectable),
        'weak references': len({reference for reference, _ in real.facts['referents']} & real.collectable),
    }.items():
        seen[what] = seen.get(what, 0) + n


for path, version in interpreters.find():
    name = '{}_{}_{}'.format(*version)
    setattr(Truth, f'test_{name}', lambda self, path=path, version=version: self.check(path, version))
    setattr(Truth, f'test_live_{name}', lambda self, path=path: self.check_live(path))

if __name__ == '__main__':
    unittest.main()
