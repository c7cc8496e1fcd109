"""The walk in every interpreter found: walk_check.py compares each object with what
the interpreter itself says of it."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import interpreters  # noqa: E402

PROBE = os.environ.get('RSC_WALK_PROBE')
CHECK = pathlib.Path(__file__).resolve().parent / 'walk_check.py'


def run(python, arguments, **environment):
    return subprocess.run([python, '-W', 'ignore', *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=240, env={**os.environ, **environment})


class Walk(unittest.TestCase):
    def setUp(self):
        if not PROBE:
            self.skipTest('RSC_WALK_PROBE is not set: run it by meson test')

    def compare(self, python, **environment):
        done = run(python, [CHECK, PROBE], **environment)
        print(done.stdout, file=sys.stderr)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn('\n# 0 problems', done.stdout)

    def test_every_object(self):
        """Order, edges and their multiplicity, labels, sizes, values, flags, roots, frames."""
        found = interpreters.find()
        if not found:
            self.skipTest('no CPython 3.10 or later was found')
        for python, version in found:
            with self.subTest(python=python):
                self.compare(python)

    def test_system_allocator(self):
        """Objects at malloc()'s addresses instead of pymalloc's."""
        found = interpreters.find()
        if not found:
            self.skipTest('no CPython 3.10 or later was found')
        self.compare(found[0][0], PYTHONMALLOC='malloc')

    def test_hash_seeds(self):
        """Sets and dicts in other orders."""
        found = interpreters.find()
        if not found:
            self.skipTest('no CPython 3.10 or later was found')
        for seed in '1', '2':
            with self.subTest(seed=seed):
                self.compare(found[-1][0], PYTHONHASHSEED=seed)


if __name__ == '__main__':
    unittest.main()
