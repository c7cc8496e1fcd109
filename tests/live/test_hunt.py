"""The hunt for a leak on a server: heaps to standard output, captures when a condition holds, a series of captures, values left out."""
import json
import os
import pathlib
import pty
import resource
import select
import signal
import struct
import subprocess
import tempfile
import textwrap
import threading
import unittest

import interpreters
from test_attach import Program, is_supported, wait_until

CLI = os.environ.get('RSC_CLI')
TIME_LIMIT = 300
DONE, CONDITION, USAGE, MALFORMED, UNCAPTURED, CANCELLED = range(6)

WAITING = """
class Session:
    pass
cache = [Session() for _ in range(123)]
ready()
while not ended:
    time.sleep(.01)
"""

# Leaks when it is told to: 40 MB and 1,000 sessions each time.
LEAKING = """
class Session:
    pass
cache = []
def leak(*_):
    cache.append([Session() for _ in range(1000)])
    cache.append(bytearray(40_000_000))
    cache[-1][::4096] = bytes(len(range(0, 40_000_000, 4096))) # not more for a moment
    print('leaked', flush=True)
signal.signal(signal.SIGUSR1, leak)
ready()
while not ended:
    time.sleep(.01)
"""


class Hunt(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.heap = self.folder / 'heap.refscope'
        self.python = interpreters.find()[-1][0]

    def run_cli(self, *args, status=DONE, **options):
        options = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True, **options}
        result = subprocess.run([CLI, *map(str, args)], cwd=self.folder, timeout=TIME_LIMIT, **options)
        self.assertEqual(result.returncode, status, f'{args}\n{result.stderr}')
        return result

    def ask(self, command, *args):
        return json.loads(self.run_cli(command, '--json', *args).stdout)

    def assert_left_alone(self, program, threads):
        """What was attached to has nothing of ours any more, and goes on."""
        self.assertTrue(wait_until(lambda: len(program.folder('task')) == threads), program.folder('task'))
        self.assertEqual(program.end(), (0, 'well\n', ''))


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Stream(Hunt):
    def test_a_file_byte_for_byte(self):
        with Program(WAITING) as program:
            threads = len(program.folder('task'))
            result = self.run_cli('capture', f'pid:{program.pid}', '-o', '-', text=False)
            self.heap.write_bytes(result.stdout)
            self.run_cli('verify', self.heap)
            self.assertEqual(len(self.ask('find', self.heap, '--type', 'Session')), 123)
            self.assertRegex(result.stderr, b'standard output: [0-9]+ objects')
            self.run_cli('convert', self.heap, '-o', 'again.refscope')
            self.assertEqual((self.folder / 'again.refscope').read_bytes(), result.stdout)
            self.assertEqual(self.run_cli('capture', f'pid:{program.pid}', '-o', '-', '--quiet', text=False).stderr, b'')
            # Into a file, too, and a descriptor that never waits.
            with self.heap.open('wb') as file:
                self.run_cli('capture', f'pid:{program.pid}', '-o', '-', stdout=file)
            self.run_cli('verify', self.heap)
            reader, writer = os.pipe()
            os.set_blocking(writer, False)
            with subprocess.Popen([CLI, 'capture', f'pid:{program.pid}', '-o', '-'], stdout=writer, stderr=subprocess.PIPE) as capture:
                os.close(writer)
                with os.fdopen(reader, 'rb') as file:
                    self.heap.write_bytes(file.read())
                capture.communicate(timeout=TIME_LIMIT)
            self.assertEqual(capture.returncode, DONE)
            self.run_cli('verify', self.heap)
            self.assert_left_alone(program, threads)

    def test_a_reader_that_goes(self):
        with Program(WAITING) as program:
            threads = len(program.folder('task'))
            reader, writer = os.pipe()
            os.close(reader)
            result = self.run_cli('capture', f'pid:{program.pid}', '-o', '-', stdout=writer, status=USAGE)
            os.close(writer)
            self.assertIn('Cannot write “standard output”', result.stderr)
            self.assert_left_alone(program, threads)

    def test_a_reader_that_does_not_read(self):
        """It waits for it, and can be interrupted."""
        with Program(WAITING) as program:
            threads = len(program.folder('task'))
            reader, writer = os.pipe()
            with subprocess.Popen([CLI, 'capture', f'pid:{program.pid}', '-o', '-'], stdout=writer, stderr=subprocess.PIPE,
                                  text=True) as capture:
                self.assertTrue(wait_until(lambda: not select.select([], [writer], [], 0)[1], TIME_LIMIT))
                capture.send_signal(signal.SIGINT)
                _, errors = capture.communicate(timeout=TIME_LIMIT)
            os.close(reader)
            os.close(writer)
            self.assertEqual(capture.returncode, CANCELLED, errors)
            self.assertIn('Interrupted', errors)
            self.assert_left_alone(program, threads)

    def test_no_terminal(self):
        with Program(WAITING) as program:
            terminal, slave = pty.openpty()
            result = self.run_cli('capture', f'pid:{program.pid}', '-o', '-', stdout=slave, status=USAGE)
            os.close(slave)
            os.close(terminal)
            self.assertIn('no text, to this terminal', result.stderr)
            self.assertEqual(program.end(), (0, 'well\n', ''))


class LaunchedStream(Hunt):
    def test_the_heap_and_nothing_else(self):
        """What the program prints goes elsewhere."""
        result = self.run_cli('capture', '-o', '-', '--', self.python, '-c', 'print("from the program")', text=False)
        self.heap.write_bytes(result.stdout)
        self.run_cli('verify', self.heap)
        self.assertIn(b'from the program', result.stderr)

    def test_refused(self):
        for args, said in ((['--json'], '--json and -o -'), (['--program-output', 'inherit'], 'cannot be the program')):
            result = self.run_cli('capture', '-o', '-', *args, '--', self.python, '-c', 'print("ran")', status=USAGE)
            self.assertIn(said, result.stderr)
            self.assertEqual(result.stdout, '')
        result = self.run_cli('capture', '-o', '-', '--', self.python, '-c', 'print("ran")', status=USAGE,
                              stdout=None, preexec_fn=lambda: os.close(1))
        self.assertIn('which is closed', result.stderr)
        self.assertIn('is no file', self.run_cli('types', '-o', '-', '--', self.python, '-c', 'pass', status=USAGE).stderr)


class Waiting:
    """A refscope-cli that waits for a condition; it has said so."""

    def __init__(self, hunt, *args):
        self.process = subprocess.Popen([CLI, 'capture', '-o', hunt.heap, *map(str, args)], cwd=hunt.folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.first = self.process.stderr.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def end(self):
        output, errors = self.process.communicate(timeout=TIME_LIMIT)
        return self.process.returncode, output, errors


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class When(Hunt):
    def leak(self, program):
        program.process.send_signal(signal.SIGUSR1)
        self.assertEqual(program.process.stdout.readline(), 'leaked\n')

    def test_memory(self):
        with Program(LEAKING) as program:
            threads = len(program.folder('task'))
            with Waiting(self, '--when', 'uss > 100M', '--interval', '20ms', f'pid:{program.pid}') as waiting:
                self.assertIn('Waiting until uss > 100M', waiting.first)
                self.leak(program)
                self.leak(program)
                self.assertIsNone(waiting.process.poll())
                self.assertFalse(self.heap.exists())
                self.leak(program)
                status, output, errors = waiting.end()
                self.assertEqual((status, output), (DONE, ''), errors)
                self.assertRegex(errors, r'After .*: uss: 1[0-9]{2}\.[0-9]')
            info = self.ask('info', self.heap)
            self.assertGreater(info['uss'], 100 << 20)
            self.assertEqual(len(self.ask('find', self.heap, '--type', 'Session')), 3000)
            self.assert_left_alone(program, threads)

    def test_heap(self):
        """The capture for which it holds is the one that is written."""
        with Program(LEAKING) as program:
            threads = len(program.folder('task'))
            with Waiting(self, '--when', 'count(type="Session") > 1999 and uss > 1M', '--interval', '20ms', f'pid:{program.pid}') as waiting:
                self.assertIn('by captures', waiting.first)
                self.leak(program)
                self.assertIsNone(waiting.process.poll())
                self.leak(program)
                status, _, errors = waiting.end()
                self.assertEqual(status, DONE, errors)
                self.assertIn('count(type="Session"): 2000', errors)
            self.assertEqual(len(self.ask('find', self.heap, '--type', 'Session')), 2000)
            self.assert_left_alone(program, threads)

    def test_it_holds_already(self):
        with Program(LEAKING) as program:
            for condition in 'rss > 1M', 'count() > 100', 'bytes(type = \'str\') > 10K or uss > 100T':
                self.run_cli('capture', '-o', self.heap, '--force', '--when', condition, f'pid:{program.pid}')
                self.run_cli('verify', self.heap)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_the_program_ends_before(self):
        for condition in 'uss > 1T', 'count(type = \'Session\') > 1000000':
            with Program(LEAKING) as program, Waiting(self, '--when', condition, '--interval', '20ms', f'pid:{program.pid}') as waiting:
                self.assertEqual(program.end(), (0, 'well\n', ''))
                status, output, errors = waiting.end()
                self.assertEqual((status, output), (UNCAPTURED, ''), errors)
                self.assertIn(f'The program ended before “{condition}” held', errors)
                self.assertFalse(self.heap.exists())

    def test_interrupted(self):
        with Program(LEAKING) as program:
            threads = len(program.folder('task'))
            with Waiting(self, '--when', 'uss > 1T', f'pid:{program.pid}') as waiting:
                waiting.process.send_signal(signal.SIGINT)
                status, _, errors = waiting.end()
                self.assertEqual(status, CANCELLED)
                self.assertIn('nothing was written', errors)
            self.assertFalse(self.heap.exists())
            self.assert_left_alone(program, threads)


class LaunchedWhen(Hunt):
    def test_holds(self):
        """While it runs: at its end it would not."""
        text = """
            import sys
            class Session: pass
            cache = [Session() for _ in range(1000)]
            hoard = bytearray(b'x' * 80_000_000)
            print('full', flush=True)
            sys.stdin.read()
            del cache, hoard
            """
        script = self.folder / 'script.py'
        script.write_text(textwrap.dedent(text))
        for condition in 'uss > 60M', 'count(type = "Session") >= 1000':
            with subprocess.Popen([CLI, 'capture', '-o', self.heap, '--when', condition, '--interval', '20ms', '--', self.python, script],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as capture:
                self.assertEqual(capture.stdout.readline(), 'full\n')
                # It is written before the program's end is waited for.
                self.assertTrue(wait_until(self.heap.exists, TIME_LIMIT))
                _, errors = capture.communicate(timeout=TIME_LIMIT)
                self.assertEqual(capture.returncode, DONE, errors)
                self.assertIn('After ', errors)
            self.assertEqual(len(self.ask('find', self.heap, '--type', 'Session')), 1000)
            self.heap.unlink()

    def test_a_blocked_main_thread(self):
        """It may collect later, and is waited for."""
        text = """
            import os, select
            class Session: pass
            os.read(0, 1)
            session = Session()
            while not select.select([0], [], [], .01)[0]:
                pass
            """
        script = self.folder / 'script.py'
        script.write_text(textwrap.dedent(text))
        with subprocess.Popen([CLI, 'capture', '-o', self.heap, '--collect-before', '--timeout', '0.2', '--interval', '20ms', '--when',
                               'count(type = "Session") > 0', '--', self.python, script],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as capture:
            watchdog = threading.Timer(TIME_LIMIT, capture.kill)
            watchdog.start()
            self.addCleanup(watchdog.cancel)
            for line in capture.stderr:
                if 'It is tried again' in line:
                    break
            else:
                self.fail('it did not wait for it')
            capture.stdin.write('x')
            capture.stdin.flush()
            self.assertTrue(wait_until(self.heap.exists, TIME_LIMIT))
            _, errors = capture.communicate(timeout=TIME_LIMIT)
            self.assertEqual(capture.returncode, DONE, errors)
        self.assertEqual(len(self.ask('find', self.heap, '--type', 'Session')), 1)

    def test_at_its_end(self):
        """The last look is at what there is before the modules are torn down."""
        text = 'class Session: pass\ncache = [Session() for _ in range(1000)]'
        for condition, status in (('count(type = "Session") = 1000', DONE), ('count(type = "Session") > 1000', UNCAPTURED), ('uss > 1T', UNCAPTURED)):
            result = self.run_cli('capture', '-o', self.heap, '--force', '--when', condition, '--interval', '1h', '--', self.python, '-c', text,
                                  status=status)
            if status == UNCAPTURED:
                self.assertIn('ended before “', result.stderr)
                self.assertIn('the last time it was', result.stderr)
        self.assertEqual(len(self.ask('find', self.heap, '--type', 'Session')), 1000)

    def test_refused(self):
        for args, said in ((['--when', 'uss >> 2G'], 'character 6: a number is expected'), (['--when', 'uss > 2G', '--after', '3'], 'exclude each other'),
                           (['--interval', '1s'], 'give both'), (['--when', 'uss > 2G', '--interval', 'often'], '--interval takes a time')):
            result = self.run_cli('capture', '-o', self.heap, *args, '--', self.python, '-c', 'print("ran")', status=USAGE)
            self.assertIn(said, result.stderr)
            self.assertEqual(result.stdout, '')
        self.assertIn('running program', self.run_cli('capture', '-o', self.heap, '--when', 'uss > 1', 'other.refscope', status=USAGE).stderr)


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Series(Hunt):
    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def start(self, program, *args, **options):
        process = subprocess.Popen([CLI, 'capture', '-o', self.heap, '--json', *map(str, args), f'pid:{program.pid}'], cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        return process

    def test_the_last_ones_are_kept(self):
        """And nothing is touched that was there."""
        old = self.folder / 'heap-0007.refscope'
        for name in 'heap-0007.refscope', 'heap.refscope', 'heap-x.refscope', 'heap-0099.dot':
            (self.folder / name).write_text('precious')
        with Program(WAITING) as program:
            threads = len(program.folder('task'))
            result = self.run_cli('capture', '-o', 'heap.refscope', '--every', '50ms', '--keep', 2, '--count', 5, f'pid:{program.pid}', umask=0)
            self.assertRegex(result.stderr, 'Keeps at most 2 files, about .*; until the oldest is removed, .* is free in “.”')
            self.assertEqual(result.stderr.count('was removed'), 3)
            self.assertLess(result.stderr.index('Keeps at most'), result.stderr.index('heap-0008.refscope: '))
            self.assertEqual(result.stdout, '')
            self.assertEqual(self.names(), ['heap-0007.refscope', 'heap-0011.refscope', 'heap-0012.refscope', 'heap-0099.dot',
                                            'heap-x.refscope', 'heap.refscope'])
            for name in 'heap-0011.refscope', 'heap-0012.refscope':
                self.run_cli('verify', name)
                self.assertEqual((self.folder / name).stat().st_mode & 0o777, 0o600)
                self.assertEqual(len(self.ask('find', name, '--type', 'Session')), 123)
            self.assertEqual(old.read_text(), 'precious')
            lines = self.run_cli('capture', '-o', 'night', '--every', '50ms', '--count', 2, '--json', f'pid:{program.pid}').stdout.splitlines()
            self.assertEqual([json.loads(line)['file'] for line in lines], ['night-0001.refscope', 'night-0002.refscope'])
            self.assert_left_alone(program, threads)

    def test_it_ends_with_the_program(self):
        with Program(WAITING) as program:
            process = self.start(program, '--every', '50ms', '--keep', 3)
            process.stdout.readline()
            self.assertEqual(program.end(), (0, 'well\n', ''))
            _, errors = process.communicate(timeout=TIME_LIMIT)
            self.assertEqual(process.returncode, DONE, errors)
            self.assertIn('The program has ended.', errors)
        self.assertTrue(1 <= len(self.names()) <= 3)
        for name in self.names():
            self.run_cli('verify', name)

    def test_interrupted(self):
        with Program(WAITING) as program:
            threads = len(program.folder('task'))
            process = self.start(program, '--every', '1h')
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=TIME_LIMIT)
            self.assertEqual(process.returncode, CANCELLED)
            self.assertIn('the series ends here', errors)
            self.assertIn('What was written before is there', errors)
            self.assertEqual(self.names(), ['heap-0001.refscope'])
            self.assert_left_alone(program, threads)

    def test_duration_and_condition(self):
        """The series begins when the condition holds."""
        with Program(LEAKING) as program:
            process = self.start(program, '--when', 'count(type = "Session") >= 1000', '--interval', '20ms', '--every', '50ms', '--duration', '1s',
                                 '--keep', 100)
            self.assertIn('Waiting until', process.stderr.readline())
            program.process.send_signal(signal.SIGUSR1)
            self.assertEqual(program.process.stdout.readline(), 'leaked\n')
            output, errors = process.communicate(timeout=TIME_LIMIT)
            self.assertEqual(process.returncode, DONE, errors)
            files = [json.loads(line)['file'] for line in output.splitlines()]
            self.assertGreaterEqual(len(files), 1)
            self.assertTrue(all(len(self.ask('find', name, '--type', 'Session')) == 1000 for name in files))
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_growth(self):
        """The hunt: a leak is what grew in each step."""
        with Program(LEAKING) as program:
            for number in range(4):
                self.run_cli('capture', '-o', f'{number}.refscope', f'pid:{program.pid}')
                program.process.send_signal(signal.SIGUSR1)
                self.assertEqual(program.process.stdout.readline(), 'leaked\n')
            rows = self.ask('growth', *[f'{number}.refscope' for number in range(4)])
            self.assertEqual((rows[0]['type'], rows[0]['counts'], rows[0]['per_step']), ('Session', [0, 1000, 2000, 3000], 1000))
            self.assertTrue(rows[0]['monotonic'])
            self.assertGreater(rows[0]['per_hour'], 1000)
            buffers = [row for row in rows if row['type'] == 'bytearray'][0]
            self.assertEqual(buffers['grew'], 3)
            self.assertGreater(buffers['bytes_growth'], 120_000_000)
            said = self.run_cli('growth', '1.refscope', '0.refscope', '--fail-if', "type = 'Session'").stderr
            self.assertIn('“0.refscope” was captured before “1.refscope”', said)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_one_that_cannot_be_written(self):
        """Those before stay."""
        with Program(LEAKING) as program:
            self.run_cli('capture', '-o', 'probe', f'pid:{program.pid}')
            limit = (self.folder / 'probe').stat().st_size + 50000
            process = self.start(program, '--every', '50ms', '--keep', 3,
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
            process.stdout.readline()
            program.process.send_signal(signal.SIGUSR1)
            _, errors = process.communicate(timeout=TIME_LIMIT)
            self.assertEqual(process.returncode, USAGE, errors)
            self.assertIn('Writing failed: File too large', errors)
            self.assertIn('What was written before is there', errors)
            self.assertEqual(program.process.stdout.readline(), 'leaked\n')
            (self.folder / 'probe').unlink()
            self.assertTrue(1 <= len(self.names()) <= 3, self.names())
            for name in self.names():
                self.assertRegex(name, r'^heap-[0-9]{4}\.refscope$')
                self.run_cli('verify', name)
            self.assertEqual(program.end(), (0, 'well\n', ''))


class LaunchedSeries(Hunt):
    def test_what_somebody_put_in_its_place_stays(self):
        """The first one at once, as the condition holds, and the next at the program's end."""
        with subprocess.Popen([CLI, 'capture', '-o', self.heap, '--json', '--when', 'count() > 1', '--every', '1h', '--keep', '1', '--',
                               self.python, '-c', 'import sys; sys.stdin.read()'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as capture:
            first = pathlib.Path(json.loads(capture.stdout.readline())['file'])
            (self.folder / 'other').write_text('precious')
            (self.folder / 'other').rename(first)
            output, errors = capture.communicate(timeout=TIME_LIMIT)
            self.assertEqual(capture.returncode, DONE, errors)
            self.assertEqual(json.loads(output)['file'], str(self.folder / 'heap-0002.refscope'))
            self.assertIn('is left alone', errors)
            self.assertIn('Keeps at most 1 file, about', errors)
            self.assertEqual(first.read_text(), 'precious')

    def test_the_last_one_is_at_its_end(self):
        result = self.run_cli('capture', '-o', self.heap, '--every', '1h', '--', self.python, '-c', 'a = [1, 2]\nraise SystemExit(3)')
        self.assertIn('ended with status 3', result.stderr)
        self.assertTrue(self.ask('info', 'heap-0001.refscope')['at_exit'])
        self.assertEqual(len(list(self.folder.iterdir())), 1)

    def in_little_room(self, size, *args):
        """The command in a file system of its own, which then lists what is there."""
        script = f'mount -t tmpfs -o size={size} none "$0" || exit 77; "$@"; status=$?; ls "$0"; exit $status'
        if subprocess.run(['unshare', '--mount', 'sh', '-c', script, self.folder, 'true'], capture_output=True).returncode != 0:
            self.skipTest('no file system can be mounted here')
        return subprocess.Popen(['unshare', '--mount', 'sh', '-c', script, self.folder, CLI, 'capture', '-o', self.heap, *args],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_no_room(self):
        with self.in_little_room('64k', '--every', '1h', '--', self.python, '-c', 'pass') as capture:
            output, errors = capture.communicate(timeout=TIME_LIMIT)
        self.assertEqual(capture.returncode, USAGE, errors)
        self.assertRegex(errors, 'no room in “.*” for such a series: up to 6 files.*Nothing was written')
        self.assertEqual(output, '')

    def test_no_room_any_more(self):
        """The program has grown by its end."""
        text = 'import sys; sys.stdin.read(); more = [[i] for i in range(200_000)]'
        with self.in_little_room('6m', '--json', '--when', 'count() > 1', '--every', '1h', '--keep', '1', '--', self.python, '-c', text) as capture:
            self.assertIn('heap-0001.refscope', capture.stdout.readline())
            output, errors = capture.communicate(timeout=TIME_LIMIT)
        self.assertEqual(capture.returncode, USAGE, errors)
        self.assertRegex(errors, 'no room in “.*” for the next heap')
        self.assertIn('What was written before is there', errors)
        self.assertEqual(output, 'heap-0001.refscope\n')

    def test_refused(self):
        for args, said in ((['--keep', '3'], 'give --every, too'), (['--every', '1s', '--at-exit'], 'exclude each other'),
                           (['--every', 'soon'], '--every takes a time'), (['--every', '1s', '--keep', '0'], '--keep takes'),
                           (['--every', '1s', '--force'], 'never overwrites'), (['--every', '1s', '--fail-if', 'objects > 1'], '--fail-if is of one'),
                           (['--every', '1s', '--count', '0'], '--count takes'), (['--every', '1s', '--duration', '-1'], '--duration takes')):
            result = self.run_cli('capture', '-o', self.heap, *args, '--', self.python, '-c', 'print("ran")', status=USAGE)
            self.assertIn(said, result.stderr)
            self.assertEqual(result.stdout, '')
        self.assertIn('one stream', self.run_cli('capture', '-o', '-', '--every', '1s', '--', 'true', status=USAGE).stderr)
        self.assertIn('running program', self.run_cli('capture', '-o', self.heap, '--every', '1s', 'other.refscope', status=USAGE).stderr)


# Secrets come from outside, but for those that are constants of the code.  Each kind of place where a heap may have them.
HOLDING = """
import _io, os, sys, threading, types
SECRET = sys.argv[1].partition('=')[2]
NUMBER = int(sys.argv[2], 16)
def documented():
    "constant-of-the-code hunter2"
    return 'constant-of-the-code hunter3', b'constant-of-the-code hunter4'
class Session:
    in_the_class = 1
    def a_method(self):
        pass
def a_generator():
    yield
class Slotted:
    __slots__ = 'in_a_slot',
def use(session, a_local=None):
    another_local = [session.in_the_code, SECRET.upper()]
    return lambda: another_local
def work(key, **rest):
    if isinstance(rest['later'], threading.Event):
        started.set()
        rest['later'].wait()
plain, full, slotted = Session(), Session(), Slotted()
plain.in_the_code = SECRET + ' as an attribute'
setattr(plain, SECRET, NUMBER)
vars(full)[SECRET + '_in_a_dict'] = -NUMBER
full.in_the_code = NUMBER * NUMBER * NUMBER
slotted.in_a_slot = bytearray((SECRET + ' as bytes').encode())
cache = {SECRET: 1, SECRET.encode(): 2, NUMBER: float(NUMBER), (SECRET * 2, NUMBER + 1): complex(NUMBER, -NUMBER)}
some = {SECRET + ' in a set'}, range(NUMBER, NUMBER + 5), f'{SECRET!r:>60}', (chr(0x2603) + SECRET) * 40
error = ValueError(SECRET, {'password': SECRET})
kept = use(plain)
bound, generator, module = plain.a_method, a_generator(), types.ModuleType(SECRET + ' as a module')
Session.a_method.__name__ = Session.a_method.__qualname__ = SECRET + ' as a method'
a_generator.__name__ = a_generator.__qualname__ = SECRET + ' as a function'
generator.__name__ = generator.__qualname__ = SECRET + ' as a generator'
started, later = threading.Event(), threading.Event()
thread = threading.Thread(target=work, name=SECRET + ' thread', args=(SECRET,), kwargs={SECRET: SECRET, 'later': later})
thread.start()
started.wait()
same = [''.join(['eq', 'ual', str(i % 2)]) for i in range(4)], [int(str(NUMBER + i % 2)) for i in range(4)]
"""


class Values(Hunt):
    SECRET, NUMBER = 'correcthorsebattery', 0x1234_5678_9abc_def1

    def setUp(self):
        super().setUp()
        self.script = self.folder / 'holding.py'
        self.script.write_text(HOLDING + 'import refscope\nrefscope.mark("held")\nlater.set()\n')

    def capture(self, *args, python=None):
        self.run_cli('capture', '--force', '-o', self.heap, '--on-mark', 'held', *args, '--', python or self.python, self.script,
                     f'--password={self.SECRET}', hex(self.NUMBER), env={**os.environ, 'PASSWORD': self.SECRET})
        return self.heap.read_bytes()

    def count_secrets(self, content):
        n = self.NUMBER
        secrets = [self.SECRET.encode(), self.SECRET.upper().encode(), self.SECRET.encode('utf-16-le'), self.SECRET.encode('utf-32-le'),
                   b'constant-of-the-code', str(n).encode(), hex(n)[2:].encode(), str(n ** 3)[:15].encode(), n.to_bytes(8, 'little'),
                   (-n).to_bytes(8, 'little', signed=True), struct.pack('<d', n), repr(float(n)).encode()]
        return [secret for secret in secrets if secret in content]

    def check_names(self, heap):
        """What the code says is there, as the way to what is left out."""
        names = [f'name:__main__.{name}' for name in ('plain', 'plain.in_the_code', 'full.in_the_code', 'slotted', 'slotted.in_a_slot', 'cache',
                                                      'kept', 'error', 'Session.in_the_class')] + ['name:work().rest']
        types = [row['type'] for row in self.ask('find', heap, *names)]
        self.assertEqual(len(types), len(names))
        self.assertIn('Slotted', types)
        # Names that came as data are not there, what the code says is.
        for name, value in (('a_generator', 'a_generator'), ('generator', 'a_generator'), ('bound', 'a_method'), ('module', ''),
                            ('use', 'use'), ('sys', 'sys'), ('os', 'os'), ('_io', '_io'), ('threading', 'threading')):
            self.assertEqual(self.ask('find', heap, f'name:__main__.{name}')[0]['value'], value)

    def test_left_out(self):
        for python, _ in interpreters.find():
            with self.subTest(python):
                # They are seen where they are.
                self.assertGreater(len(self.count_secrets(self.capture('--values', 'all', python=python))), 4)
                more = [['--values', 'lengths'], ['--no-values', '--in-place']] if python == self.python else []
                for args in (['--no-values'], ['--values', 'hashes'], *more):
                    content = self.capture(*args, python=python)
                    self.assertEqual(self.count_secrets(content), [], args)
                    self.run_cli('verify', self.heap)
                    self.check_names(self.heap)

    def test_what_is_said(self):
        self.capture('--no-values')
        info = self.ask('info', self.heap)
        self.assertEqual(info['values'], 'none')
        self.assertEqual(info['argv'], [str(self.python)])
        asked = ['find', self.heap, 'name:__main__.NUMBER', 'name:__main__.SECRET']
        self.assertEqual({thing['type']: thing['value'] for thing in self.ask(*asked)}, {'int': '', 'str': ''})
        self.assertEqual(self.ask('find', self.heap, 'name:__main__.cache')[0]['value'], '4 items')
        self.capture('--values', 'lengths')
        self.assertEqual(self.ask('info', self.heap)['values'], 'lengths')
        self.assertEqual({thing['type']: thing['value'] for thing in self.ask(*asked)}, {'int': '', 'str': f'{len(self.SECRET)} characters'})
        self.capture()
        self.assertIsNone(self.ask('info', self.heap)['values'])
        self.assertEqual(self.ask('info', self.heap)['argv'][-1], hex(self.NUMBER))

    def hashes(self):
        graph = self.ask('refs', self.heap, 'name:__main__.same', '--max-depth', '2')
        values = {node['address']: node['value'] for node in graph['nodes']}
        lists = [[values[edge['target']] for edge in graph['edges'] if edge['source'] == source] for source in
                 [edge['target'] for edge in graph['edges'] if edge['source'] == graph['nodes'][0]['address']]]
        words, numbers = [found for found in lists if len(found) == 4]
        for value in words:
            self.assertRegex(value, '^6 characters #[0-9a-f]{16}$')
        for value in numbers:
            self.assertRegex(value, '^#[0-9a-f]{16}$')
        for values in words, numbers:
            self.assertEqual(values[0], values[2])
            self.assertEqual(values[1], values[3])
            self.assertNotEqual(values[0], values[1])
        return words + numbers

    def test_hashes(self):
        """Equal values have equal ones, and in another capture others."""
        self.capture('--values', 'hashes')
        first = self.hashes()
        self.capture('--values', 'hashes')
        self.assertFalse(set(first) & set(self.hashes()))

    def test_refused(self):
        for args, said in ((['--values', 'some'], '--values takes'), (['--no-values', '--values', 'all'], 'give one')):
            self.assertIn(said, self.run_cli('capture', '-o', self.heap, *args, '--', 'true', status=USAGE).stderr)
        for args in ['--no-values'], ['--values', 'lengths'], ['--values', 'hashes']:
            for condition in "count(value = 'foo3') > 0", "uss > 1T or bytes(type = 'str' and value LIKE '%x') > 1":
                result = self.run_cli('capture', '-o', self.heap, *args, '--when', condition, '--', self.python, '-c', 'print("ran")', status=USAGE)
                self.assertIn('--when asks for value', result.stderr)
                self.assertEqual(result.stdout, '')
        self.run_cli('capture', '-o', self.heap, '--no-values', '--when', "count(type = 'value') >= 0", '--', self.python, '-c', 'pass')
        self.assertIn('running program', self.run_cli('capture', '-o', self.heap, '--no-values', 'other.refscope', status=USAGE).stderr)

    @unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
    def test_attached(self):
        text = f"import sys\nsys.argv = ['x', '--password={self.SECRET}', '{self.NUMBER:x}']\n" + HOLDING + """
ready()
while not ended:
    time.sleep(.01)
later.set()
"""
        # The program's title is data, too.
        titled = [self.python, '-c', 'import os, sys; os.execv(sys.argv[2], [sys.argv[1], *sys.argv[3:]])',
                  f'[celeryd: worker] -active- (worker --broker=redis://:{self.SECRET}@host)']
        with Program(text, before=titled, environment={'PASSWORD': self.SECRET}) as program:
            executable = os.readlink(f'/proc/{program.pid}/exe')
            content = self.run_cli('capture', '-o', '-', '--no-values', f'pid:{program.pid}', text=False).stdout
            self.assertEqual(self.count_secrets(content), [])
            self.heap.write_bytes(content)
            self.assertEqual(self.ask('info', self.heap)['argv'], [executable])
            self.check_names(self.heap)
            self.assertIn(b'constant-of-the-code', self.run_cli('capture', '-o', '-', f'pid:{program.pid}', text=False).stdout)
            self.assertEqual(program.end(), (0, 'well\n', ''))


if __name__ == '__main__':
    unittest.main()
