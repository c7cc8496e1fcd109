"""Processes that cannot be attached to, or only by some: each is told of by its sentence, in ps as well, and goes on."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from running import SYSTEM_PYTHON, Program, attach
from tracing import is_supported

CLI = os.environ['RSC_CLI']
NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
SLEEPING = """
    ready()
    while not ended:
        time.sleep(.05)
    """
NOT_DUMPABLE = """
    import ctypes
    assert ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) == 0
""" + SLEEPING
# Programs without a C library say so and wait for a signal.
BARE_64 = """
int Py_IsInitialized (void) { return 1; }
static long call (long n, long a, const void *b, long c)
{
  long result;
  __asm__ volatile ("syscall" : "=a" (result) : "a" (n), "D" (a), "S" (b), "d" (c) : "rcx", "r11", "memory");
  return result;
}
void _start (void)
{
  call (1, 1, "ready\\n", 6);
  for (;;)
    call (34, 0, 0, 0);
}
"""
BARE_32 = """
static int call (int n, int a, const void *b, int c)
{
  int result;
  __asm__ volatile ("int $0x80" : "=a" (result) : "0" (n), "b" (a), "c" (b), "d" (c) : "memory");
  return result;
}
void _start (void)
{
  call (4, 1, "ready\\n", 6);
  for (;;)
    call (29, 0, 0, 0);
}
"""
STATIC = """
#include <unistd.h>
int main (void)
{
  write (1, "ready\\n", 6);
  for (;;)
    pause ();
}
"""


def info(pid, before=()):
    return subprocess.run([*before, CLI, 'info', f'pid:{pid}'], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Refused(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def start(self, source, *options):
        """A program that is called as Python is, and is none."""
        program = pathlib.Path(self.folder.name, 'python3')
        compiled = subprocess.run(['cc', '-O1', '-w', *options, '-x', 'c', '-', '-o', program], input=source, capture_output=True, text=True)
        self.assertEqual(compiled.returncode, 0, compiled.stderr)
        try:
            process = subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        except OSError as error:
            self.skipTest(f'this kernel does not run such programs: {error}')
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), 'ready\n')
        return process

    def refused(self, process, text):
        result = info(process.pid)
        self.assertEqual(result.returncode, 4, result.stdout)
        self.assertIn(text, result.stderr)
        self.assertIsNone(process.poll())

    def test_static(self):
        self.refused(self.start(STATIC, '-static'), 'runs no CPython')

    def test_without_glibc(self):
        """As with musl: what is called as CPython's functions are is there, and libc.so.6 is not."""
        self.refused(self.start(BARE_64, '-nostdlib', '-pie', '-fPIE', '-Wl,--export-dynamic,--hash-style=gnu'), 'does not use glibc')

    def test_of_32_bits(self):
        self.refused(self.start(BARE_32, '-m32', '-nostdlib', '-static', '-fno-pic', '-no-pie'), 'one of 32 bits')

    def test_stripped(self):
        """What the loader needs stays, and is enough."""
        python = pathlib.Path(self.folder.name, 'python3')
        shutil.copy(os.path.realpath(SYSTEM_PYTHON), python)
        subprocess.run(['strip', '--strip-all', python], check=True)
        with Program(SLEEPING, python) as program:
            result = attach(program.pid, 3, 1)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(program.end(), (0, 'well\n', ''))


@unittest.skipUnless(is_supported() and os.geteuid() == 0 and shutil.which('setpriv') and shutil.which('unshare'),
                     'only root can be another user')
class Privileges(unittest.TestCase):
    """A program that has given up what it could do, and who is its user."""

    def setUp(self):
        if (subprocess.run([*NOBODY, CLI, '--version'], capture_output=True).returncode != 0
                or subprocess.run([*NOBODY, 'test', '-r', os.environ['RSC_AGENT']]).returncode != 0):
            self.skipTest('another user cannot run what was built here')

    def listed(self, pid, before):
        result = subprocess.run([*before, CLI, 'ps', '--json'], capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        return {row['pid']: row for row in json.loads(result.stdout)}[pid]['why_not']

    def check(self, text, before):
        with Program(NOT_DUMPABLE, before=NOBODY) as program:
            result = info(program.pid, before)
            self.assertEqual(result.returncode, 4, result.stdout)
            self.assertIn(text, result.stderr)
            self.assertIn(text, self.listed(program.pid, before))
            # Root may.
            self.assertEqual(attach(program.pid).returncode, 0)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_not_dumpable(self):
        self.check('does not allow looking into process', NOBODY)

    def test_restricted_by_yama(self):
        """What the setting says is shown to Refscope alone."""
        for scope, says in (1, 'kernel.yama.ptrace_scope is 1'), (3, 'cannot be lowered'):
            with self.subTest(scope):
                self.check(says, ['unshare', '--mount', 'sh', '-c',
                                  'mount -t tmpfs none /proc/sys/kernel && mkdir -p /proc/sys/kernel/yama'
                                  f' && echo {scope} > /proc/sys/kernel/yama/ptrace_scope && exec "$0" "$@"', *NOBODY])


if __name__ == '__main__':
    unittest.main()
