"""Recording collections, and waiting for one: compared with what the program itself sees by callbacks of its own."""
import contextlib
import csv
import functools
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import textwrap
import time
import unittest

import interpreters

CLI = os.environ['RSC_CLI']
TIME_LIMIT = 120

# Notes its collections itself, and says at its end what it saw.
NOTING = '''
    import gc, json, sys

    class Node:
        pass

    def make(n):
        for _ in range(n):
            a, b = Node(), Node()
            a.other, b.other = b, a

    seen = []
    def note(phase, info):
        if phase == 'start':
            seen.append([info['generation'], list(gc.get_count())])
        else:
            seen[-1] += [info['collected'], info['uncollectable'], list(gc.get_count()), list(gc.get_threshold())]

    gc.collect()
    gc.set_threshold(500, 4, 3)
    gc.callbacks.append(note)
    make(8000)
    gc.set_threshold(900, 2, 2)
    make(8000)
    gc.collect(1)
    gc.callbacks.remove(note)
    print(json.dumps(seen))
'''

# Goes on collecting until it is told to end; says what is in gc.callbacks whenever a line comes.
COLLECTING = '''
    import gc, sys, threading

    class Node:
        pass

    def make():
        kept = []
        while not ended:
            for _ in range(400):
                a, b = Node(), Node()
                a.other, b.other = b, a
            kept.append({'number': len(kept)})
            if len(kept) > 500:
                del kept[:250]

    calls = {'start': 0, 'stop': 0}
    def note(phase, info):
        calls[phase] += 1

    ended = False
    gc.set_threshold(5000, 3, 2)
    gc.callbacks.append(note)
    thread = threading.Thread(target=make)
    thread.start()
    print('ready', flush=True)
    for line in sys.stdin:
        print(len(gc.callbacks), gc.callbacks[-1].__name__ if gc.callbacks else '', flush=True)
    ended = True
    thread.join()
    gc.callbacks.remove(note)
    assert calls['start'] == calls['stop'] == sum(row['collections'] for row in gc.get_stats()) - BEFORE, calls
    print('well', gc.callbacks, flush=True)
'''.replace('ended = False\n', 'ended = False\n    BEFORE = sum(row["collections"] for row in gc.get_stats())\n', 1)


def with_each_python(test):
    @functools.wraps(test)
    def run(self):
        for path, version in interpreters.find():
            with self.subTest('.'.join(map(str, version))):
                test(self, path)
    return run


class Record(unittest.TestCase):
    def setUp(self):
        # In the background of a shell script it is ignored, also by what is started here.
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, text):
        path = self.folder / 'program.py'
        path.write_text(textwrap.dedent(text))
        return path

    def watch(self, *command, status=0):
        answer = subprocess.run([CLI, 'watch', '--record', '--interval', '60', *command], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, timeout=TIME_LIMIT)
        self.assertEqual(answer.returncode, status, answer.stderr)
        rows = [row for row in csv.DictReader(io.StringIO(answer.stdout)) if row['event'] == 'collection']
        return rows, answer.stderr

    def start(self, python, text=COLLECTING):
        process = subprocess.Popen([python, self.write(text)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdin.close)
        self.assertEqual(process.stdout.readline(), 'ready\n')
        return process

    def ask(self, process, line=''):
        process.stdin.write(f'{line}\n')
        process.stdin.flush()
        return process.stdout.readline().strip()

    def wait_until_gone(self, process):
        """The callback is taken away, at the latest by the next collection."""
        end = time.monotonic() + TIME_LIMIT
        while (answer := self.ask(process)) != '1 note':
            self.assertLess(time.monotonic(), end, answer)

    def end_well(self, process):
        process.stdin.close()
        self.assertEqual(process.stdout.read(), 'well []\n')
        self.assertEqual(process.wait(TIME_LIMIT), 0)

    def run_cli(self, *command, status=0):
        answer = subprocess.run([CLI, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIME_LIMIT)
        self.assertEqual(answer.returncode, status, answer.stderr)
        return answer

    @with_each_python
    def test_every_collection_as_the_program_sees_it(self, python):
        output = self.folder / 'seen'
        with output.open('w') as file:
            answer = subprocess.run([CLI, 'watch', '--record', '--interval', '60', '--force', '-o',
                                     self.folder / 'rows.csv', '--',
                                     python, self.write(NOTING)], stdout=file, stderr=subprocess.PIPE, text=True,
                                    timeout=TIME_LIMIT)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(answer.stderr, '')
        with (self.folder / 'rows.csv').open() as file:
            rows = [row for row in csv.DictReader(file) if row['event'] == 'collection']
        numbers = [[int(row['generation']), *(list(map(int, row[name].split(','))) for name in
                                              ('counts_before', 'counts_after', 'thresholds')),
                    int(row['freed']), int(row['uncollectable'])] for row in rows]
        seen = json.loads(output.read_text())
        self.assertGreater(len(seen), 30)
        # What it noted, in the same order, among those before and after.  Its callback runs behind Refscope's and
        # makes objects itself: the first count is as it is or a little more.
        for at in range(len(numbers) - len(seen) + 1):
            if all(a[0] == b[0] and a[4:] == b[2:4] and a[3] == b[5] and a[2][1:] == b[4][1:] and a[1][1:] == b[1][1:]
                   and abs(a[1][0] - b[1][0]) < 20 and abs(a[2][0] - b[4][0]) < 20
                   for a, b in zip(numbers[at:], seen)):
                break
        else:
            self.fail(f'{seen[:5]} is not in {numbers[:9]}')
        self.assertLessEqual(len(numbers) - len(seen), 20)
        for row in rows:
            self.assertEqual(row['collections'], '1')
            self.assertTrue(0 < float(row['duration_ms']) < 60000, row)

    @with_each_python
    def test_leaves_the_list_as_it_was(self, python):
        process = self.start(python)
        for _ in range(3):
            watch = subprocess.Popen([CLI, 'watch', '--record', f'pid:{process.pid}'], stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL, text=True)
            self.addCleanup(watch.stdout.close)
            for line in watch.stdout:
                if ',collection,' in line and line.count('"') == 6:
                    break
            self.assertIn(self.ask(process), ('2 refscope_on_collection', '1 note'))
            watch.send_signal(signal.SIGINT)
            watch.wait(TIME_LIMIT)
            self.wait_until_gone(process)
        self.end_well(process)

    @with_each_python
    def test_killed(self, python):
        process = self.start(python)
        watch = subprocess.Popen([CLI, 'watch', '--record', f'pid:{process.pid}'], stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(watch.stdout.close)
        for line in watch.stdout:
            if ',collection,' in line and line.count('"') == 6:
                break
        watch.kill()
        watch.wait(TIME_LIMIT)
        self.wait_until_gone(process)
        self.end_well(process)

    @with_each_python
    def test_what_is_missed_is_told(self, python):
        rows, errors = self.watch('--', python, self.write('''
            import gc
            gc.disable()
            gc.collect()
            gc.callbacks.clear()
            for _ in range(7):
                gc.collect()
        '''))
        self.assertEqual(sum(map(int, re.findall(r'(\d+) collections? could not be recorded', errors))), 7, errors)
        self.assertEqual([row['generation'] for row in rows if row['duration_ms']][-1:], ['2'])

    @with_each_python
    def test_in_a_child(self, python):
        rows, errors = self.watch('--', python, self.write('''
            import gc, os
            gc.collect()
            pid = os.fork()
            if pid == 0:
                gc.collect()
                os._exit(len(gc.callbacks))
            assert os.waitpid(pid, 0)[1] == 0
            assert len(gc.callbacks) == 1
            gc.collect()
        '''))
        self.assertEqual(errors, '')
        self.assertGreaterEqual(len([row for row in rows if row['generation'] == '2']), 2)

    @with_each_python
    def test_next(self, python):
        process = self.start(python)
        for generation in (0, 1, 2):
            answer = json.loads(self.run_cli('collect', '--next', '--fail-if-different', '--json', '-g', str(generation),
                                             f'pid:{process.pid}').stdout)
            self.assertGreaterEqual(answer['generation'], generation)
            self.assertEqual(set(answer['unreachable']), set(answer['really_unreachable']))
            self.assertEqual(answer['returned'], len(answer['unreachable']))
            self.assertEqual((answer['only_real'], answer['only_predicted']), ([], []))
            self.assertGreater(answer['returned'], 1000)
        self.wait_until_gone(process)
        self.end_well(process)

    @with_each_python
    def test_next_is_given_up(self, python):
        process = self.start(python, '''
            import gc, sys
            gc.disable()
            def note(phase, info):
                pass
            gc.callbacks.append(note)
            print('ready', flush=True)
            for line in sys.stdin:
                print(len(gc.callbacks), gc.callbacks[-1].__name__, flush=True)
            gc.callbacks.remove(note)
            gc.collect()
            print('well', gc.callbacks, flush=True)
        ''')
        for signum in (signal.SIGINT, signal.SIGKILL):
            waiting = subprocess.Popen([CLI, 'collect', '--next', f'pid:{process.pid}'], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            end = time.monotonic() + TIME_LIMIT
            while (answer := self.ask(process)) != '2 refscope_on_collection':
                self.assertLess(time.monotonic(), end, answer)
            waiting.send_signal(signum)
            self.assertEqual(waiting.wait(TIME_LIMIT), 5 if signum == signal.SIGINT else -signal.SIGKILL)
            self.wait_until_gone(process)
        self.end_well(process)

    @with_each_python
    def test_next_does_not_come(self, python):
        answer = self.run_cli('collect', '--next', '--', python, self.write('''
            import gc, time
            gc.disable()
            # Until it is waited for.
            while not gc.callbacks:
                time.sleep(.01)
        '''), status=4)
        self.assertIn('came to its end, and made no such collection', answer.stderr)

    @with_each_python
    def test_next_in_the_program(self, python):
        answer = json.loads(self.run_cli('collect', '--next', '--json', '--', python, self.write('''
            import gc, time
            gc.disable()
            while not gc.callbacks:
                time.sleep(.01)
            a = []
            a.append(a)
            del a
            gc.collect()
        ''')).stdout)
        self.assertEqual(answer['generation'], 2)

    @with_each_python
    def test_a_refscope_that_does_not_read(self, python):
        """The program forks and ends as if it were not there."""
        process = self.start(python, '''
            import gc, os, sys, time
            gc.set_threshold(5, 10 ** 6, 10 ** 6)
            print('ready', flush=True)
            for line in sys.stdin:
                began = time.monotonic()
                kept = [[] for _ in range(300000)]
                del kept
                pid = os.fork()
                if pid == 0:
                    os._exit(0)
                os.waitpid(pid, 0)
                print(time.monotonic() - began < 5, flush=True)
            print('well', gc.callbacks, flush=True)
        ''')
        watch = subprocess.Popen([CLI, 'watch', '--record', f'pid:{process.pid}'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        watch.stdout.readline()
        watch.send_signal(signal.SIGSTOP)
        self.assertEqual(self.ask(process), 'True')
        self.assertEqual(self.ask(process), 'True')
        process.stdin.close()
        self.assertRegex(process.stdout.read(), '^well ')
        self.assertEqual(process.wait(20), 0)

    # Its finalizer, in the middle of a collection, waits without the GIL.
    LONG = '''
        import gc, os, threading, time
        def wait():
            os.read(0, 100)
        class Slow:
            def __del__(self):
                print('finalizing', flush=True)
                block()
        gc.disable()
        def make():
            slow = Slow()
            slow.me = slow
            del slow
            gc.collect()
        print('ready', flush=True)
        wait()
    '''

    def open_files(self, process):
        return sorted(os.listdir(f'/proc/{process.pid}/fd'))

    def open_links(self, process):
        for fd in self.open_files(process):
            with contextlib.suppress(FileNotFoundError):  # they come and go
                yield os.readlink(f'/proc/{process.pid}/fd/{fd}')

    @with_each_python
    def test_refscope_goes_in_the_middle_of_it(self, python):
        """What comes next finds nothing of it."""
        process = self.start(python, self.LONG + '''
        block = wait
        make()
        print('done', flush=True)
        wait()
        ''')
        before = self.open_files(process)
        waiting = subprocess.Popen([CLI, 'collect', '--next', f'pid:{process.pid}'], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.wait_until_awaited(process)
        self.assertEqual(self.ask(process), 'finalizing')
        waiting.kill()
        waiting.wait(TIME_LIMIT)
        self.assertRegex(self.ask(process), '^done')
        rows = json.loads(self.run_cli('types', '--json', '--filter', "type = 'Slow'", f'pid:{process.pid}').stdout)
        self.assertEqual(rows, [])
        end = time.monotonic() + TIME_LIMIT
        while self.open_files(process) != before:
            self.assertLess(time.monotonic(), end, self.open_files(process))
            time.sleep(.02)
        self.assertEqual(subprocess.run(['ps', '-o', 'stat=', '--ppid', str(process.pid)], stdout=subprocess.PIPE).stdout, b'')

    def wait_until_awaited(self, process):
        """Until the agent waits: it has two files of Refscope's then."""
        end = time.monotonic() + TIME_LIMIT
        while not any('memfd:refscope-heap' in link for link in self.open_links(process)):
            self.assertLess(time.monotonic(), end)
            time.sleep(.02)
        time.sleep(.2)  # and takes the request

    @with_each_python
    def test_the_end_in_the_middle_of_it(self, python):
        process = self.start(python, self.LONG + '''
        block = threading.Event().wait
        threading.Thread(target=make, daemon=True).start()
        wait()
        ''')
        waiting = subprocess.Popen([CLI, 'collect', '--next', f'pid:{process.pid}'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(waiting.stderr.close)
        self.addCleanup(waiting.kill)
        self.wait_until_awaited(process)
        self.assertEqual(self.ask(process), 'finalizing')
        process.stdin.close()
        self.assertEqual(process.wait(20), 0)
        self.assertNotEqual(waiting.wait(20), 0)

    @with_each_python
    def test_a_callback_behind_it(self, python):
        """One that is Python code, in the middle of which Refscope goes."""
        process = self.start(python, '''
            import gc, sys, threading, time
            def slow(phase, info):
                time.sleep(.002)
            def work():
                while not ended:
                    gc.collect(0)
            ended = False
            threading.Thread(target=work).start()
            print('ready', flush=True)
            for line in sys.stdin:
                if line == 'append\\n':
                    gc.callbacks.append(slow)
                elif line == 'remove\\n':
                    gc.callbacks.remove(slow)
                print([callback.__name__ for callback in gc.callbacks], flush=True)
            ended = True
        ''')
        for command in ('watch', '--record'), ('collect', '--next', '-g', '2'):
            waiting = subprocess.Popen([CLI, *command, f'pid:{process.pid}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            end = time.monotonic() + TIME_LIMIT
            while self.ask(process) != "['refscope_on_collection']":
                self.assertLess(time.monotonic(), end)
            self.assertEqual(self.ask(process, 'append'), "['refscope_on_collection', 'slow']")
            waiting.send_signal(signal.SIGINT)
            waiting.wait(TIME_LIMIT)
            while (names := self.ask(process)) != "['slow']":
                self.assertLess(time.monotonic(), end, names)
            self.assertEqual(self.ask(process, 'remove'), '[]')
        process.stdin.close()
        self.assertEqual(process.wait(TIME_LIMIT), 0)

    @with_each_python
    def test_its_callback_is_taken_away(self, python):
        answer = self.run_cli('collect', '--next', '--', python, self.write('''
            import gc, time
            gc.disable()
            while not gc.callbacks:
                time.sleep(.01)
            gc.callbacks.clear()
            for _ in range(8):
                gc.collect()
            time.sleep(1)
        '''), status=4)
        self.assertIn("has taken Refscope's callback out of gc.callbacks", answer.stderr)

    def capture_pairs(self, *command):
        """The rows of the collections that were captured, of those that were not, and what was said."""
        answer = subprocess.run([CLI, 'watch', '--record', '--interval', '60', '--json', '--captures', 'pairs', *command],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIME_LIMIT, cwd=self.folder, umask=0)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        rows = [row for row in map(json.loads, answer.stdout.splitlines()) if row['event'] == 'collection']
        self.assert_pairs_are_whole()
        return [row for row in rows if row['before']], [row for row in rows if not row['before']], answer.stderr

    def names(self):
        return sorted(path.name for path in (self.folder / 'pairs').iterdir())

    def assert_pairs_are_whole(self):
        names = self.names()
        self.assertEqual([name.replace('-1-before', '-2-after') for name in names[::2]], names[1::2])
        for name in names:
            self.run_cli('verify', self.folder / 'pairs' / name)
            self.assertEqual((self.folder / 'pairs' / name).stat().st_mode & 0o777, 0o600)

    @with_each_python
    def test_captures(self, python):
        shutil.rmtree(self.folder / 'pairs', ignore_errors=True)
        process = self.start(python)
        captured, others, errors = self.capture_pairs('-g', '0', '--keep', '2', '--count', '3', f'pid:{process.pid}')
        self.assertEqual((self.folder / 'pairs').stat().st_mode & 0o777, 0o700)
        self.assertEqual(len(captured), 3)
        self.assertEqual(sum(([row['before'], row['after']] for row in captured[1:]), []), [f'pairs/{name}' for name in self.names()])
        self.assertRegex(errors, 'Keeps at most 4 files, about .*; until the oldest is removed, .* is free in “pairs”')
        self.assertEqual(errors.count('was removed'), 2)
        self.assertEqual('not captured: ' in errors, bool(others))
        self.assertNotIn('could not be recorded', errors)
        for number, row in enumerate(captured, 1):
            self.assertEqual(row['before'], f'pairs/{number:06}-gen{row["generation"]}-1-before.refscope')
            self.assertEqual(row['freed'], row['really_unreachable'])
            self.assertEqual((row['only_predicted'], row['only_real'], row['uncollectable']), (0, 0, 0))
            self.assertGreater(row['freed'], 1000)
            self.assertGreater(row['freed_bytes'], 1000 * 30)
            self.assertGreater(row['duration_ms'], 0)
            if number > 1:
                predicted = json.loads(self.run_cli('collect', '--json', '-g', str(row['generation']), self.folder / row['before']).stdout)
                self.assertEqual(len(predicted['unreachable']), row['freed'])
        # Full ones only; and the numbers go on.
        captured, others, _ = self.capture_pairs('--count', '1', f'pid:{process.pid}')
        self.assertEqual([row['before'] for row in captured], ['pairs/000004-gen2-1-before.refscope'])
        self.assertEqual(len(self.names()), 6)
        self.wait_until_gone(process)
        self.end_well(process)

    @with_each_python
    def test_captures_until_the_end(self, python):
        """The program ends after its first pair: waiting for another does not keep it, and the last one is whole."""
        shutil.rmtree(self.folder / 'pairs', ignore_errors=True)
        captured, others, errors = self.capture_pairs('--keep', '100', '--', python, self.write('''
            import gc, os
            gc.disable()
            while not any('after' in name for name in os.listdir('pairs')):
                a = []
                a.append(a)
                del a
                gc.collect()
        '''))
        self.assertGreaterEqual(len(captured), 1, errors)
        self.assertEqual(len(captured) * 2, len(self.names()))
        for row in captured:
            self.assertEqual(row['freed'], row['really_unreachable'])

    @with_each_python
    def test_captures_are_interrupted(self, python):
        shutil.rmtree(self.folder / 'pairs', ignore_errors=True)
        process = self.start(python)
        watching = subprocess.Popen([CLI, 'watch', '--record', '--json', '--captures', 'pairs', '-g', '0', f'pid:{process.pid}'],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder)
        self.addCleanup(watching.kill)
        while not json.loads(watching.stdout.readline())['before']:
            pass
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate(timeout=TIME_LIMIT)
        self.assertEqual(watching.returncode, 5, errors)
        self.assertIn('What was written before is there: pairs/000001-gen', errors)
        self.assert_pairs_are_whole()
        self.wait_until_gone(process)
        self.end_well(process)

    def test_captures_of_none(self):
        """A folder that was made for them does not stay, and one that was there does."""
        folder = self.folder / 'pairs'
        for was_there in False, True:
            shutil.rmtree(folder, ignore_errors=True)
            if was_there:
                folder.mkdir()
            for *options, status in (('--', '/no/such', 4), ('pid:1', '--', 'true', 2), ('--', 'true', 0)):
                self.run_cli('watch', '--record', '--captures', folder, *options, status=status)
                self.assertEqual(folder.exists(), was_there)

    def test_captures_usage(self):
        for options, said in ((['--captures', 'pairs'], 'give --record, too'), (['--record', '--keep', '2'], 'give --captures, too'),
                              (['--record', '--captures', 'pairs', '--keep', '0'], '--keep takes'),
                              (['--record', '--captures', 'pairs', '--count', '0'], '--count takes'),
                              (['--record', '--captures', 'pairs', '-g', '3'], '--generation takes'),
                              (['--record', '--captures', __file__], 'Not a directory'),
                              (['--record', '--captures', 'no/such'], 'cannot be made')):
            self.assertIn(said, self.run_cli('watch', *options, '--', 'true', status=2).stderr)

    def test_usage(self):
        for options in (['--next'], ['--next', '--live'], ['--next', '--on-mark', 'x'], ['--next', '--in-place']):
            source = ['heap.refscope'] if len(options) == 1 else ['--', 'python3']
            self.assertIn('--next', self.run_cli('collect', *options, *source, status=2).stderr)


if __name__ == '__main__':
    unittest.main()
