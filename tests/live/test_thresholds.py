"""When the collector runs by itself: what is simulated is compared with what each interpreter does."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import textwrap
import unittest

import interpreters

CLI = os.environ['RSC_CLI']
TIME_LIMIT = 120

# Says when a collection begins, by objects that are there already: a callback that made some would be counted.
PROGRAM = '''
    import gc, json, sys
    import refscope

    class Node:
        __slots__ = 'me',

    thresholds, n, survives, before = json.loads(sys.argv[1])
    kept = [None] * (n + 1)
    moments, generations = [0] * 100000, [None] * 100000
    made = found = 0
    balance = [tuple([i] * 30) for i in range(1000)]

    def note(phase, info):
        global found
        if phase == 'start':
            moments[found] = made
            generations[found] = info['generation']
            found += 1
        elif info['generation'] == 2:
            # The free lists are empty then: the dictionary for this call is counted, but not what goes back to its
            # list.  An object in its place, which is no tracked one, that goes for good.
            balance.pop()

    note('start', {'generation': 0})
    gc.callbacks.append(note)
    gc.set_threshold(*thresholds)
    gc.collect()  # it also finds that numbers in a tuple need not be tracked
    long_lived = [Node() for made in range(before)]
    # A capture makes a list, and gives it back: from a free list, and back to it, so that it counts for nothing.
    spare = []
    del spare
    found = 0
    refscope.mark('now')
    if survives:
        for made in range(1, n + 1):
            kept[made] = Node()
    else:
        for made in range(1, n + 1):
            node = Node()
            node.me = node
    gc.callbacks.clear()
    print(json.dumps(list(zip(moments, generations))[:found]))
'''

# Of ten objects four are garbage at once, three stay, three are given back.
RECORDED = '''
    import gc, json, sys

    class Node:
        __slots__ = 'me',

    n = 300000
    kept = [None] * n
    node = other = None
    gc.set_threshold(*json.loads(sys.argv[1]))
    gc.set_debug(gc.DEBUG_STATS)
    gc.collect()
    for made in range(n):
        kind = made % 10
        node = Node()
        if kind < 4:
            node.me = node
        elif kind < 7:
            kept[made] = node
        other = Node()
        other = None
    sys.stderr.write('the end')
'''


def setUpModule():
    if not any(interpreters.collects_in_generations(version) for python, version in interpreters.find()):
        raise unittest.SkipTest('no CPython that collects in generations was found')


class Thresholds(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def interpreters(self):
        for python, version in interpreters.find():
            if interpreters.collects_in_generations(version):
                with self.subTest(python):
                    yield python

    def script(self, text):
        path = self.folder / 'script.py'
        path.write_text(textwrap.dedent(text), encoding='utf-8')
        return str(path)

    def run_cli(self, *args):
        result = subprocess.run([CLI, *map(str, args)], text=True, cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIME_LIMIT)
        self.assertEqual(result.returncode, 0, f'{args}\n{result.stdout}\n{result.stderr}')
        return result.stdout

    @staticmethod
    def count_sure(outcome):
        """So many collections follow from the rule whatever has become of what was alive for the capture alone: a full one
        runs once there are enough survivors, and may hang by one or two of them."""
        counts, total, pending = outcome['counts'], outcome['long_lived_total'], outcome['long_lived_pending']
        for i, row in enumerate(outcome['collections']):
            generation = row['generation']
            if counts[2] > outcome['thresholds'][2] and abs(pending - total // 4) < 4:
                return i
            counts = [0] * (generation + 1) + [count + (g == generation + 1) for g, count in enumerate(counts) if g > generation]
            if generation == 1:
                pending += row['survivors']
            elif generation == 2:
                total, pending = row['survivors'], 0
        return len(outcome['collections'])

    @unittest.skipUnless('RSC_AGENT' in os.environ, 'built without the agent')
    def test_sequence(self):
        """From a capture on: the allocations and generations are the real ones, each of them."""
        script = self.script(PROGRAM)
        for python in self.interpreters():
            for thresholds, n, survives, before in (([700, 10, 10], 140000, True, 0), ([300, 4, 3], 60000, True, 0),
                                                    ([100, 4, 0], 5000, True, 700), ([700, 10, 10], 140000, False, 0),
                                                    ([50, 0, 0], 10000, False, 0)):
                with self.subTest(f'{thresholds}, {survives}'):
                    heap = self.folder / 'heap.refscope'
                    arguments = json.dumps([thresholds, n, survives, before])
                    said = self.run_cli('capture', '--force', '--on-mark', 'now', '-o', heap, '--', python, script, arguments)
                    real = json.loads(said.splitlines()[0])
                    outcome = json.loads(self.run_cli('thresholds', '--json', heap, '--allocations', n, '--survive', int(survives)))
                    simulated = [[row['allocations'], row['generation']] for row in outcome['collections']]
                    sure = self.count_sure(outcome)
                    self.assertEqual(simulated[:sure], real[:sure])
                    self.assertEqual(len(simulated), len(real))
                    self.assertGreater(len(real), 40)
                    self.assertEqual({generation for moment, generation in real}, {0, 1, 2} if survives else {0, 1})
                    # Some of them wait for their first full collection.
                    self.assertEqual(outcome['long_lived_pending'] > 0, before > 0)

    def record(self, python, thresholds):
        """What CPython writes of a run, and what is in there before its end: the collections of each generation, the
        objects that they freed, the most objects that there were when one began."""
        path = self.folder / 'collections.log'
        with path.open('w') as log:
            result = subprocess.run([python, self.script(RECORDED), json.dumps(thresholds)], stdin=subprocess.DEVNULL, stderr=log,
                                    timeout=TIME_LIMIT)
        self.assertEqual(result.returncode, 0)
        text = path.read_text().split('the end')[0]
        return (path, [text.count(f'gc: collecting generation {generation}...') for generation in range(3)],
                sum(map(int, re.findall('gc: done, ([0-9]+) unreachable', text))),
                max(sum(map(int, sizes.split())) for sizes in re.findall('objects in each generation: (.*)', text)))

    def test_what_if(self):
        """A run that was recorded, with other thresholds: as many collections as there really are then, and as much garbage."""
        others = [2000, 5, 5], [300, 20, 3], [5000, 10, 10]
        for python in self.interpreters():
            path, real, freed, peak = self.record(python, [700, 10, 10])
            arguments = [argument for other in others for argument in ('--set', ','.join(map(str, other)))]
            rows = json.loads(self.run_cli('thresholds', '--json', '--record', path, *arguments))
            self.assertEqual([row['run'] for row in rows], ['recorded', 'model'] + ['what-if'] * len(others))
            self.assertEqual([rows[0][f'collections_{generation}'] for generation in range(3)], real)
            for generation in range(3):
                self.assertAlmostEqual(rows[1][f'collections_{generation}'], real[generation], delta=1)
            for thresholds, row in zip(others, rows[2:]):
                with self.subTest(f'{thresholds}'):
                    path, real, freed, peak = self.record(python, thresholds)
                    for generation in range(3):
                        # Writing down a collection is an allocation or two; and a full one waits for a number of
                        # survivors that is not known to the object.
                        self.assertAlmostEqual(row[f'collections_{generation}'], real[generation], delta=1 + 0.002 * real[generation])
                    self.assertAlmostEqual(row['freed'], freed, delta=0.01 * freed)
                    self.assertAlmostEqual(row['peak_objects'], peak, delta=0.02 * peak)


if __name__ == '__main__':
    unittest.main()
