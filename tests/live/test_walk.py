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

    def test_hashes_of_values(self):
        """Those of the paper that made SipHash-2-4: of no bytes, of 7, of 8 and of 15."""
        found = interpreters.find()
        if not found:
            self.skipTest('no CPython 3.10 or later was found')
        text = '''if True:
            import ctypes, sys
            hash = ctypes.PyDLL(sys.argv[1]).rsc_probe_sip_hash
            hash.restype = ctypes.c_uint64
            for n in 0, 7, 8, 15:
                print('%016x' % hash(bytes(range(16)), bytes(range(n)), ctypes.c_size_t(n)))
            '''
        self.assertEqual(run(found[0][0], ['-c', text, PROBE]).stdout.split(),
                         ['726fdb47dd0e0e31', 'ab0200f58b01d137', '93f5f5799a932462', 'a129ca6149be45e5'])

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
