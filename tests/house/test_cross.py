"""The injector for another processor compiles, and has all that the rest of it calls."""
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PREFIX = 'aarch64-linux-gnu-'
OTHERS = {'rsc-inject-none.c', 'rsc-inject-x86-64.c'}
# What it uses of the library that it needs.
BASE = {'rsc_capture_error_quark', 'rsc_file_write_all'}


@unittest.skipUnless(shutil.which(PREFIX + 'gcc'), f'there is no {PREFIX}gcc (Debian: gcc-aarch64-linux-gnu, libc6-dev-arm64-cross)')
class Cross(unittest.TestCase):
    def run_tool(self, *command):
        result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=250)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_injector(self):
        flags = shlex.split(self.run_tool('pkg-config', '--cflags', 'gio-2.0'))
        with tempfile.TemporaryDirectory() as folder:
            objects = []
            for source in sorted((ROOT / 'src' / 'inject').glob('*.c')):
                if source.name not in OTHERS:
                    objects.append(pathlib.Path(folder, source.stem + '.o'))
                    self.run_tool(PREFIX + 'gcc', '-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter',
                                  '-Wno-missing-field-initializers', '-Wmissing-prototypes', '-Wshadow', '-D_GNU_SOURCE',
                                  '-DGETTEXT_PACKAGE="refscope"', '-I', ROOT / 'src', '-I', os.environ['RSC_BUILD_ROOT'], *flags,
                                  '-c', source, '-o', objects[-1])
            whole = pathlib.Path(folder, 'whole.o')
            self.run_tool(PREFIX + 'ld', '-r', *objects, '-o', whole)
            missing = [line.split()[-1] for line in self.run_tool(PREFIX + 'nm', '--undefined-only', whole).splitlines()]
            self.assertEqual([name for name in missing if name.startswith('rsc_') and name not in BASE], [])


if __name__ == '__main__':
    unittest.main()
