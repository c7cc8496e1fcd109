"""What a collection is predicted to find is what CPython's collector then finds,
object by object, on every CPython that is there."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import interpreters

DRIVER = os.environ['RSC_LESSON_DRIVER']
PROGRAM = pathlib.Path(__file__).with_name('predict_target.py')
SEEDS = range(4)


def ask(driver, *words):
    driver.stdin.write('\t'.join(map(str, words)) + '\n')
    driver.stdin.flush()
    answer = json.loads(driver.stdout.readline())
    if 'error' in answer:
        raise AssertionError(f'{" ".join(map(str, words))}: {answer["error"]}')
    return answer


@unittest.skipUnless('RSC_AGENT' in os.environ, 'built without the agent')
class Prediction(unittest.TestCase):
    def check(self, python, seed):
        with tempfile.TemporaryDirectory(prefix='refscope-predict-') as folder:
            driver = subprocess.Popen([DRIVER, python, str(PROGRAM), str(seed), folder], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
            try:
                self.assertEqual(ask(driver, 'wait')['hint'], 'built')
                ask(driver, 'capture', f'{folder}/heap.refscope')
                predicted = [{int(o['address'], 16) for o in ask(driver, 'predict', g)['unreachable']} for g in range(3)]
                ask(driver, 'continue')
                self.assertEqual(ask(driver, 'wait')['hint'], 'collected')
                real = [{int(address, 16) for address in
                         re.findall(r'^gc: collectable <.* (0x[0-9a-f]+)>$', pathlib.Path(folder, str(g)).read_text(), re.M)}
                        for g in range(3)]
                ask(driver, 'continue')
            finally:
                driver.stdin.close()
                driver.stdout.close()
                driver.wait(timeout=60)
        for generation in range(3):
            self.assertEqual(predicted[generation], real[generation], f'generation {generation}')
        self.assertGreater(len(real[0]), 20)
        self.assertGreater(len(real[2]), len(real[0]))


for path, version in interpreters.find():
    for number in SEEDS:
        name = 'test_{}_{}_{}_seed_{}'.format(*version, number)
        setattr(Prediction, name, lambda self, path=path, number=number: self.check(path, number))

if __name__ == '__main__':
    unittest.main()
