"""refscope-cli on programs that it launches itself."""
import csv
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

import interpreters

CLI = os.environ['RSC_CLI']
TIME_LIMIT = 120
DONE, CONDITION, USAGE, MALFORMED, UNCAPTURED, CANCELLED = range(6)


def setUpModule():
    if not interpreters.find():
        raise unittest.SkipTest('no CPython of version 3.10 or later was found')


class Live(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.heap = self.folder / 'heap.refscope'
        self.python = interpreters.find()[-1][0]

    def script(self, text, name='script.py'):
        path = self.folder / name
        path.write_text(textwrap.dedent(text), encoding='utf-8')
        return str(path)

    def run_cli(self, *args, status=DONE, **kwargs):
        kwargs.setdefault('stdin', subprocess.DEVNULL)
        kwargs.setdefault('stdout', subprocess.PIPE)
        kwargs.setdefault('stderr', subprocess.PIPE)
        kwargs.setdefault('timeout', TIME_LIMIT)
        result = subprocess.run([CLI, *map(str, args)], text=True, cwd=self.folder, **kwargs)
        self.assertEqual(result.returncode, status, f'{args}\n{result.stdout}\n{result.stderr}')
        return result

    def ask(self, command, *args, **kwargs):
        return json.loads(self.run_cli(command, '--json', *args, **kwargs).stdout)


class Capture(Live):
    def test_every_interpreter(self):
        script = self.script('class Thing: pass\nthings = [Thing() for _ in range(7)]\n')
        for python, version in interpreters.find():
            with self.subTest(python):
                heap = self.folder / f'{"".join(map(str, version))}.refscope'
                said = json.loads(self.run_cli('capture', '-o', heap, '--json', '--', python, script).stdout)
                self.assertEqual(set(said), {'objects', 'edges', 'bytes', 'paused_ms', 'total_ms', 'file', 'exit_status'})
                self.assertEqual((said['file'], said['exit_status']), (str(heap), 0))
                self.assertGreater(said['objects'], 1000)
                self.assertGreater(said['total_ms'], said['paused_ms'])
                info = self.ask('info', heap)
                self.assertEqual(info['runtime'], 'CPython')
                self.assertTrue(info['version'].startswith('.'.join(map(str, version))), info['version'])
                self.assertEqual((info['objects'], info['edges'], info['bytes']), (said['objects'], said['edges'], said['bytes']))
                self.assertEqual(info['argv'][-1], script)
                self.assertTrue(info['at_exit'])
                self.assertTrue(info['enabled'])
                self.assertEqual(len(info['thresholds']), 3)
                names = [generation['name'] for generation in info['generations']]
                self.assertIn('2', names)
                self.assertEqual(len(self.ask('find', heap, '--type', '__main__.Thing')), 7)
                self.run_cli('verify', heap)
                self.assertEqual(self.run_cli('verify', heap).stderr, '')

    def test_a_folder_is_no_program(self):
        (self.folder / 'folder').mkdir()
        result = self.run_cli('info', '--', './folder', status=UNCAPTURED)
        self.assertIn('./folder is a folder', result.stderr)

    def test_a_heap_is_its_owners_own(self):
        self.run_cli('capture', '-o', 'own.refscope', '--', self.python, '-c', 'pass', umask=0o022)
        self.assertEqual((self.folder / 'own.refscope').stat().st_mode & 0o777, 0o600)
        # Also where others could read what was there, and with any umask.
        for umask in 0, 0o777:
            (self.folder / 'own.refscope').chmod(0o644)
            self.run_cli('capture', '-o', 'own.refscope', '--force', '--', self.python, '-c', 'pass', umask=umask)
            self.assertEqual((self.folder / 'own.refscope').stat().st_mode & 0o777, 0o600)
        self.run_cli('capture', '-o', 'new.refscope', '--', self.python, '-c', 'pass', umask=0o777)
        self.assertEqual((self.folder / 'new.refscope').stat().st_mode & 0o777, 0o600)

    def test_the_program_runs_unchanged(self):
        script = self.script('''
            import os, sys
            os.write(1, b"bytes \\xff\\x00 on 1\\n")
            os.write(2, b"and on 2\\n")
            print(sys.argv[1:], len(sys.stdin.read()), os.getcwd(), sorted(k for k in os.environ if 'RSC' in k or 'LD_' in k))
            sys.exit(7)
        ''')
        command = [self.python, script, 'a b', '--', '-o', '']
        plain = subprocess.run(command, input=b'12345', stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder, timeout=TIME_LIMIT)
        result = subprocess.run([CLI, 'capture', '--quiet', '-o', self.heap, '--', *command], input=b'12345',
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder, timeout=TIME_LIMIT)
        self.assertEqual((result.stdout, result.stderr), (plain.stdout, plain.stderr))
        self.assertEqual(result.returncode, DONE)
        self.run_cli('verify', self.heap)

    def test_its_exit_status_is_in_the_json(self):
        for text, status in (('', 0), ('import sys; sys.exit(42)', 42), ('import sys; sys.exit("no")', 1), ('1/0', 1)):
            with self.subTest(text):
                said = self.ask('info', '--', self.python, '-c', text)
                self.assertEqual(said['exit_status'], status)

    def test_an_exit_status_by_a_signal_is_negative(self):
        script = self.script('''
            import os, refscope, signal
            refscope.mark("here")
            os.kill(os.getpid(), signal.SIGKILL)
        ''')
        said = self.ask('info', '--on-mark', 'here', '--', self.python, script)
        self.assertEqual(said['exit_status'], -signal.SIGKILL)

    def test_lists_stay_lists(self):
        rows = self.ask('types', '--', self.python, '-c', 'pass')
        self.assertIsInstance(rows, list)
        said = self.ask('types', '--wrap', '--', self.python, '-c', 'raise SystemExit(3)')
        self.assertEqual(said['exit_status'], 3)
        self.assertEqual(said['total'], len(said['rows']))

    def test_a_capture_is_not_written_over_another_unasked(self):
        self.heap.write_text('precious')
        result = self.run_cli('capture', '-o', self.heap, '--', self.python, '-c', 'print("ran")', status=USAGE)
        self.assertIn('--force', result.stderr)
        self.assertEqual(result.stdout, '', 'the program was launched in vain')
        self.assertEqual(self.heap.read_text(), 'precious')
        self.run_cli('capture', '-o', self.heap, '--force', '--', self.python, '-c', 'pass')
        self.run_cli('verify', self.heap)

    def test_in_place(self):
        self.run_cli('capture', '--in-place', '-o', self.heap, '--', self.python, '-c', 'pass')
        self.assertTrue(self.ask('info', self.heap)['in_place'])

    def test_collect_before(self):
        text = 'import gc; gc.disable()\nclass Ring: pass\nr = Ring(); r.r = r; del r'
        self.assertEqual(len(self.ask('find', '--type', '__main__.Ring', '--', self.python, '-c', text)), 1)
        self.assertEqual(self.ask('find', '--type', '__main__.Ring', '--collect-before', '--', self.python, '-c', text), [])

    BLOCKED = '''
        import gc, os, refscope, threading
        class Ring:
            def __del__(self):
                os.write(1, b'%d' % (threading.current_thread() is threading.main_thread()))
        gc.disable()
        r = Ring(); r.r = r; del r
        refscope.mark('ready')
        os.read(0, 1)
    '''

    def test_a_blocked_main_thread(self):
        """By default nothing is collected on a thread that finalizers do not expect; it may be asked for."""
        script = self.script(self.BLOCKED)
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        for args in (['backrefs', 'type:Ring', '--objgraph'], ['collect', '--live']):
            # Until it is blocked it may collect, or be too busy with its start.
            for after in 0.5, 2, 8, 32:
                result = subprocess.run([CLI, *args, '--timeout', '0.5', '--after', str(after), '--stop', '--', self.python, script],
                                        stdin=reader, capture_output=True, text=True, timeout=TIME_LIMIT)
                if 'main thread' in result.stderr:
                    break
            with self.subTest(args):
                self.assertEqual(result.returncode, UNCAPTURED, result.stderr)
                self.assertIn('main thread', result.stderr)
                self.assertIn('--agent-thread allows that', result.stderr)

        collecting = ['--collect-before', '--agent-thread', '--on-mark', 'ready', '--', self.python, script]
        self.assertEqual(self.run_cli('types', '-o', 't.json', *collecting).stdout, '0')
        self.run_cli('types', *collecting[1:], status=USAGE)


class Moments(Live):
    def test_on_mark(self):
        script = self.script('''
            import refscope
            refscope.mark("one")
            a = [1, 2, 3]
            refscope.mark("two")
            del a
            refscope.mark("three")
        ''')
        self.assertEqual(self.ask('find', 'name:__main__.a', '--on-mark', 'two', '--', self.python, script)[0]['type'], 'list')
        self.run_cli('find', 'name:__main__.a', '--on-mark', 'three', '--', self.python, script, status=USAGE)
        self.run_cli('find', 'name:__main__.a', '--on-mark', 't?o', '--', self.python, script)
        info = self.ask('info', '--on-mark', 'two', '--', self.python, script)
        self.assertEqual(info['hint'], 'two')
        self.assertEqual([mark['hint'] for mark in info['marks']], ['one', 'two'])
        self.assertEqual([mark['line'] for mark in info['marks']], [3, 5])
        self.assertFalse(info['at_exit'])

    def test_a_mark_that_is_not_passed(self):
        script = self.script('import refscope\nrefscope.mark("one")\nprint("done")')
        result = self.run_cli('capture', '-o', self.heap, '--on-mark', 'tow', '--', self.python, script, status=UNCAPTURED)
        self.assertIn('tow', result.stderr)
        self.assertIn('“one”', result.stderr)
        self.assertEqual(result.stdout, 'done\n')
        self.assertFalse(self.heap.exists())
        result = self.run_cli('info', '--on-mark', 'x', '--', self.python, '-c', 'pass', status=UNCAPTURED)
        self.assertIn('refscope.mark', result.stderr)

    def test_after(self):
        """A program that would never end by itself."""
        script = self.script('''
            import signal, threading
            signal.signal(signal.SIGTERM, lambda *_: done.set())
            done = threading.Event()
            while not done.wait(0.05):
                pass
            print("stopped")
        ''')
        started = time.monotonic()
        result = self.run_cli('capture', '-o', self.heap, '--after', '1', '--stop', '--', self.python, script)
        self.assertGreaterEqual(time.monotonic() - started, 1)
        self.assertEqual(result.stdout, 'stopped\n')
        info = self.ask('info', self.heap)
        self.assertFalse(info['at_exit'])

    def test_after_comes_before_python_begins(self):
        """Then that is the moment."""
        fifo = self.folder / 'fifo'
        os.mkfifo(fifo)
        with subprocess.Popen([CLI, 'info', '--json', '--after', '0', '--', 'sh', '-c', 'read line <"$1"; exec "$2" -c pass', 'sh', fifo,
                               self.python], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asking:
            with open(fifo, 'w') as line:
                line.write('go\n')
            output, errors = asking.communicate(timeout=TIME_LIMIT)
        self.assertEqual(asking.returncode, DONE, errors)
        self.assertGreater(json.loads(output)['objects'], 1000)

    def test_after_the_end(self):
        result = self.run_cli('capture', '-o', self.heap, '--after', '60', '--', self.python, '-c', 'x = 1')
        self.assertIn('at its end', result.stderr)
        self.assertTrue(self.ask('info', self.heap)['at_exit'])

    def test_no_wait(self):
        """The program outlives the command line, unharmed."""
        script = self.script('''
            import pathlib, sys, time
            here = pathlib.Path(sys.argv[1])
            while not (here / "go").exists():
                time.sleep(0.02)
            (here / "done").write_text("done")
        ''')
        with open(self.folder / 'out', 'w') as out:
            result = subprocess.run([CLI, 'info', '--json', '--after', '0.5', '--no-wait', '-o', self.folder / 'info.json', '--',
                                     self.python, script, str(self.folder)], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                    timeout=TIME_LIMIT)
        self.assertEqual(result.returncode, DONE, (self.folder / 'out').read_text())
        self.assertIsNone(json.loads((self.folder / 'info.json').read_text())['exit_status'])
        (self.folder / 'go').touch()
        deadline = time.monotonic() + TIME_LIMIT
        while not (self.folder / 'done').exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_uncaught_exception(self):
        script = self.script('''
            def fail():
                evidence = [1, 2, 3]
                raise KeyError("gone")
            fail()
        ''')
        result = self.run_cli('chain', '--json', 'type:traceback', "sql:SELECT id FROM objects WHERE type = 'list' AND value = '3 items'",
                              '--', self.python, script)
        self.assertEqual(json.loads(result.stdout)[-2]['label'], 'local evidence')
        self.assertIn('KeyError', result.stderr)
        self.assertIn('Traceback', result.stderr)


class Streams(Live):
    def test_a_pipe_gets_the_result_alone(self):
        script = self.script('print("noise")')
        result = self.run_cli('types', '--json', '--', self.python, script)
        json.loads(result.stdout)
        self.assertIn('noise', result.stderr)
        result = self.run_cli('capture', '--json', '-o', self.heap, '--', self.python, script)
        json.loads(result.stdout)
        self.assertIn('noise', result.stderr)

    def test_with_a_file_the_program_keeps_its_output(self):
        for args in (['types', '-o', 'types.json'], ['refs', 'name:__main__', '-o', 'refs.svg'], ['info', '-o', 'info.txt']):
            with self.subTest(args):
                result = self.run_cli(*args, '--', self.python, '-c', 'print("mine")')
                self.assertEqual(result.stdout, 'mine\n')

    def test_program_output(self):
        args = ['types', '--json', '--quiet', '--program-output']
        program = ['--', self.python, '-c', 'print("noise")']
        self.assertIn('noise', self.run_cli(*args, 'inherit', *program).stdout)
        result = self.run_cli(*args, 'null', *program)
        self.assertNotIn('noise', result.stdout + result.stderr)
        json.loads(result.stdout)
        result = self.run_cli(*args, 'out.txt', *program)
        json.loads(result.stdout)
        self.assertEqual((self.folder / 'out.txt').read_text(), 'noise\n')
        result = self.run_cli(*args, 'out.txt', *program, status=USAGE)
        self.assertIn('out.txt', result.stderr)

    def test_the_signals_of_the_program_are_as_they_were(self):
        text = ('import signal, json; print(json.dumps([str(signal.getsignal(s)) for s in range(1, 32)]'
                ' + sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, [])))))')
        plain = subprocess.run([self.python, '-c', text], stdout=subprocess.PIPE, timeout=TIME_LIMIT).stdout.decode()
        self.assertEqual(self.run_cli('info', '-o', 'i.json', '--', self.python, '-c', text).stdout, plain)


class Failures(Live):
    def refused(self, says, *program, args=('capture', '-o', 'heap.refscope'), **kwargs):
        result = self.run_cli(*args, '--', *program, status=UNCAPTURED, **kwargs)
        self.assertIn(says, result.stderr)
        self.assertFalse(self.heap.exists())
        return result

    def test_no_such_program(self):
        self.refused('no-such-program', 'no-such-program')
        self.refused('no-such-program', './no-such-program')

    def test_a_program_that_may_not_be_run(self):
        (self.folder / 'plain').write_text('print(1)')
        self.refused('plain', './plain')

    def test_a_folder(self):
        self.refused('', str(self.folder))

    def test_no_python(self):
        result = self.refused('', 'sh', '-c', 'echo ran; exit 3')
        self.assertEqual(result.stdout, 'ran\n')

    def test_a_cleared_environment(self):
        result = self.refused('', 'env', '-i', sys.executable, '-c', 'print(1)')
        self.assertEqual(result.stdout, '1\n')
        self.assertIn('env -i', result.stderr)

    def test_no_python_starts(self):
        """Nobody sits there: it is said, and comes to an end."""
        result = self.refused('No Python has started in this program: there is nothing to capture', 'sleep', '15',
                              args=('capture', '--quiet', '--timeout', '0.5', '-o', 'heap.refscope'))
        self.assertIn('waits until a CPython', result.stderr)
        self.assertIn('It waits for 0.5 s more', result.stderr)

    def test_watch_says_that_no_python_starts(self):
        result = self.run_cli('watch', '--quiet', '--interval', '5', '--', 'sleep', '11')
        self.assertIn('Meanwhile its memory is watched', result.stderr)

    def test_exits_at_once(self):
        self.refused('', 'true')
        self.refused('', 'false')

    def test_a_python_that_does_not_start(self):
        self.refused('', self.python, '--no-such-option')

    def test_a_program_that_leaves_by_the_back_door(self):
        # That one is seen in time; what C code does is not, and neither is a program that takes its place.
        result = self.run_cli('capture', '-o', self.heap, '--', self.python, '-c', 'import os; os._exit(9)')
        self.assertIn('status 9', result.stderr)
        self.heap.unlink()
        self.refused('status 9 at once', self.python, '-c', 'import ctypes; ctypes.CDLL(None).exit(9)')
        self.refused('executed another one in its place', self.python, '-c', 'import os; os.execvp("true", ["true"])')
        self.refused('launch it itself', self.python, '-c', 'import os; os.execvp("sh", ["sh", "-c", "exit 0"])')

    def test_a_program_that_crashes(self):
        self.refused('signal', self.python, '-c', 'import os, signal; os.kill(os.getpid(), signal.SIGSEGV)')

    def test_a_script_that_does_not_parse(self):
        """It never runs, but its interpreter does: the capture shows that."""
        result = self.run_cli('info', '--json', '--', self.python, '-c', 'def')
        self.assertEqual(json.loads(result.stdout)['exit_status'], 1)
        self.assertIn('SyntaxError', result.stderr)

    def test_a_missing_script(self):
        result = subprocess.run([CLI, 'info', '--json', '--', self.python, 'no-such-script.py'], cwd=self.folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIME_LIMIT)
        self.assertIn(result.returncode, (DONE, UNCAPTURED))
        self.assertIn('no-such-script.py', result.stderr)

    def test_held_gil(self):
        text = 'print("start", flush=True); sum(range(3 * 10**8)); print("end")'
        result = self.refused('', self.python, '-c', text,
                              args=('capture', '-o', 'heap.refscope', '--after', '0.7', '--timeout', '0.2', '--program-output', 'out'))
        self.assertIn('GIL', result.stderr)
        deadline = time.monotonic() + TIME_LIMIT
        while 'end' not in (self.folder / 'out').read_text():
            self.assertLess(time.monotonic(), deadline, 'the program did not survive')
            time.sleep(0.05)

    def test_full_disk(self):
        result = self.run_cli('types', '-o', '/dev/full', '--', self.python, '-c', 'pass', status=USAGE)
        self.assertIn('/dev/full', result.stderr)

    def test_interrupted(self):
        """Ctrl+C is for the capture; a program in another process group runs on."""
        script = self.script('''
            import os, sys, time
            os.setpgid(0, 0)
            print("ready", flush=True)
            while not os.path.exists(sys.argv[1]):
                time.sleep(0.02)
            print("end", flush=True)
        ''')
        process = subprocess.Popen([CLI, 'capture', '-o', str(self.heap), '--', self.python, script, str(self.folder / 'go')],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), 'ready\n')
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(TIME_LIMIT), CANCELLED)
        (self.folder / 'go').touch()
        self.assertEqual(process.stdout.read(), 'end\n')
        process.stderr.close()
        process.stdout.close()
        self.assertFalse(self.heap.exists())
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ['go', 'script.py'])

    def test_interrupted_while_it_waits_for_the_end(self):
        """The result is there already, and is not lost."""
        output = self.interrupt_while_it_waits('info', '--json')
        info = json.loads(output)
        self.assertEqual(info['runtime'], 'CPython')
        self.assertIn('exit_status', info)
        for name in 'graph.png', 'graph.svg', 'graph.dot':
            path = self.folder / name
            self.interrupt_while_it_waits('refs', 'name:__main__.kept', '-o', str(path))
            self.assertGreater(path.stat().st_size, 0, name)

    def interrupt_while_it_waits(self, *command):
        """What was written to standard output by then, and after."""
        script = self.script('import sys, time\nkept = [[]]\nprint("ready", flush=True)\nwhile True: time.sleep(0.02)')
        process = subprocess.Popen([CLI, *command, '--after', '0.3', '--', self.python, script], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        said = ''
        while 'Waiting for the program' not in said:
            line = process.stderr.readline()
            self.assertNotEqual(line, '', said)
            said += line
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        output, said = process.communicate(timeout=TIME_LIMIT)
        self.assertEqual(process.returncode, CANCELLED, said)
        self.assertIn('Interrupted while it waited for the program\'s end: the result is whole', said)
        return output

    def test_the_command_line_is_killed_while_the_program_is_held(self):
        script = self.script('''
            import refscope, sys
            print("before", flush=True)
            refscope.mark("here")
            print("after", flush=True)
        ''')
        for _ in range(5):
            process = subprocess.Popen([CLI, 'capture', '--force', '-o', str(self.heap), '--', self.python, script], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            self.assertEqual(process.stdout.readline(), 'before\n')
            process.kill()
            self.assertEqual(process.stdout.read(), 'after\n')
            process.stdout.close()
            process.wait(TIME_LIMIT)

    def test_a_live_object_that_is_not_there(self):
        result = self.run_cli('refs', 'name:__main__.nothing', '--', self.python, '-c', 'print("ran")', status=USAGE)
        self.assertIn('nothing', result.stderr)
        self.assertIn('ran', result.stderr)

    def test_a_mistake_is_told_before_the_program_is_launched(self):
        for args in (['find', '--filter', 'size >'], ['types', '--fail-if', 'nosuch'], ['refs', '-o', 'x.gif', 'name:a']):
            result = self.run_cli(*args, '--', self.python, '-c', 'print("ran")', status=USAGE)
            self.assertNotIn('ran', result.stdout + result.stderr)


class Collect(Live):
    GARBAGE = '''
        import gc, refscope
        gc.disable()
        class Node: pass
        for _ in range(5):
            a, b = Node(), Node()
            a.b, b.a = b, a
        del a, b
        refscope.mark("garbage")
    '''

    def test_prediction_and_reality(self):
        script = self.script(self.GARBAGE)
        for python, version in interpreters.find():
            with self.subTest(python):
                said = self.ask('collect', '--live', '--on-mark', 'garbage', '--', python, script)
                self.assertEqual(said['only_predicted'], [], python)
                self.assertEqual(said['only_real'], [], python)
                self.assertEqual(sorted(said['really_unreachable']), sorted(said['unreachable']))
                self.assertGreaterEqual(len(said['unreachable']), 10)
                self.assertEqual(said['returned'], len(said['unreachable']))
                self.assertEqual(said['rule'], 'refcounts')
                self.assertEqual(said['exit_status'], 0)

    def test_a_class_goes_with_what_the_collector_does_not_see_of_it(self):
        """The tuple of __slots__ is tracked, and held by the class only, which does not show it to the collector."""
        script = self.script(self.GARBAGE.replace('class Node: pass', """class Node: pass
        class Slotted:
            __slots__ = ('first', 'second')
        del Slotted
        """))
        for python, version in interpreters.find():
            with self.subTest(python):
                said = self.ask('collect', '--live', '--on-mark', 'garbage', '--', python, script)
                self.assertEqual((said['only_predicted'], said['only_real']), ([], []))
                self.assertEqual(said['returned'], len(said['unreachable']))

    def test_younger_generations(self):
        script = self.script(self.GARBAGE)
        for generation in 0, 1, 2:
            said = self.ask('collect', '--live', '--generation', generation, '--on-mark', 'garbage', '--', self.python, script)
            self.assertEqual((said['generation'], said['only_predicted'], said['only_real']), (generation, [], []))

    def test_a_finalizer_that_resurrects(self):
        script = self.script('''
            import gc, refscope
            gc.disable()
            saved = []
            class Phoenix:
                def __del__(self):
                    saved.append(self)
            p = Phoenix(); p.p = p; del p
            refscope.mark("garbage")
        ''')
        said = self.ask('collect', '--live', '--on-mark', 'garbage', '--', self.python, script)
        self.assertGreaterEqual(len(said['only_predicted']), 1)
        self.assertGreaterEqual(said['finalizers'], 1)

        # The difference in words, object by object, and as a status.
        live = ('collect', '--live', '--on-mark', 'garbage')
        text = self.run_cli(*live, '--fail-if-different', '--', self.python, script, status=CONDITION).stdout
        predicted, difference = text.split('Predicted, but still there (a finalizer may have brought them back):')
        self.assertIn('Predicted unreachable, before finalizers run:', predicted)
        self.assertRegex(difference, r'(?m)^0x[0-9a-f]+ +Phoenix ')
        self.assertNotIn('Freed, but not predicted (', text)
        self.run_cli(*live, '--', self.python, script)

    def test_what_was_not_predicted_is_listed(self):
        script = self.script('''
            import gc, refscope
            gc.disable()
            class Closing:
                def __del__(self):
                    kept.clear()
            class Kept: pass
            k = Kept()
            kept = [k]; del k
            c = Closing(); c.c = c; del c
            refscope.mark("garbage")
        ''')
        text = self.run_cli('collect', '--live', '--on-mark', 'garbage', '--fail-if-different', '--', self.python, script, status=CONDITION).stdout
        self.assertRegex(text.partition('Freed, but not predicted (')[2], r'(?m)^0x[0-9a-f]+ +Kept ')
        self.assertNotIn('Predicted, but still there (', text)

    def test_uncollectable(self):
        """tp_del, which only C types have: the collector keeps what has it, and what that refers to."""
        script = self.script('''
            import gc, refscope
            from _testcapi import with_tp_del
            gc.disable()
            @with_tp_del
            class Legacy:
                def __tp_del__(self): pass
            class Node: pass
            legacy, node, other = Legacy(), Node(), Node()
            legacy.node, node.legacy, other.legacy, other.other = node, legacy, legacy, other
            print(hex(id(legacy)), hex(id(node)), hex(id(other)))
            del legacy, node, other
            refscope.mark("garbage")
        ''')
        for python, version in interpreters.find():
            with self.subTest(python):
                if subprocess.run([python, '-c', 'import _testcapi'], stderr=subprocess.DEVNULL).returncode != 0:
                    self.skipTest(f'{python} has no _testcapi, which has the only way to a tp_del')
                result = self.run_cli('collect', '-o', 'c.json', '--force', '--live', '--generation', '0', '--on-mark', 'garbage', '--', python, script)
                legacy, node, other = result.stdout.split()
                said = json.loads((self.folder / 'c.json').read_text())
                self.assertLessEqual({legacy, node}, set(said['uncollectable']))
                self.assertIn(other, said['unreachable'])
                self.assertFalse(set(said['uncollectable']) & set(said['unreachable']))
                self.assertEqual((said['only_predicted'], said['only_real']), ([], []))

    def test_prediction_alone_collects_nothing(self):
        script = self.script(self.GARBAGE + '''
        print(len([o for o in gc.get_objects() if type(o) is Node]))
        ''')
        result = self.run_cli('collect', '-o', 'c.json', '--on-mark', 'garbage', '--', self.python, script)
        self.assertEqual(result.stdout, '10\n')
        said = json.loads((self.folder / 'c.json').read_text())
        self.assertNotIn('really_unreachable', said)
        self.assertGreaterEqual(len(said['unreachable']), 10)

    def test_condition(self):
        script = self.script(self.GARBAGE)
        self.run_cli('collect', '--fail-if', 'unreachable >= 10', '--on-mark', 'garbage', '--', self.python, script, status=CONDITION)
        self.run_cli('collect', '--live', '--fail-if', 'only_real > 0', '--on-mark', 'garbage', '--', self.python, script)
        result = self.run_cli('collect', '--live', '--fail-if-different', '--on-mark', 'garbage', '--', self.python, script)
        self.assertIn('What was predicted was freed, and nothing else that the collector looked at.', result.stdout)


class Watch(Live):
    SCRIPT = '''
        import gc, refscope, time
        refscope.mark("before")
        a = [i for i in range(1000000)]
        refscope.mark("after")
        gc.collect()
        time.sleep(0.5)
        raise SystemExit(5)
    '''

    def test_json_lines(self):
        result = self.run_cli('watch', '--json', '--interval', '0.05', '--', self.python, self.script(self.SCRIPT))
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        events = [row['event'] for row in rows]
        self.assertEqual((events.count('end'), events.count('exit'), events[-1]), (1, 1, 'exit'))
        self.assertGreaterEqual(events.count('sample'), 2)
        before, after = [row for row in rows if row['event'] == 'mark']
        self.assertEqual((before['hint'], after['hint']), ('before', 'after'))
        self.assertGreater(after['uss'] - before['uss'], 1000000 * 30)
        self.assertGreaterEqual(after['rss'], after['uss'])
        self.assertGreater(rows[-1]['collections_2'], 0)
        self.assertEqual(rows[-1]['exit_status'], 5)
        times = [row['seconds'] for row in rows]
        self.assertEqual(times, sorted(times))

    def test_csv(self):
        result = self.run_cli('watch', '--interval', '0.05', '--', self.python, self.script(self.SCRIPT))
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual(rows[-1]['event'], 'exit')
        self.assertEqual(rows[-1]['exit_status'], '5')
        self.assertIn('after', [row['hint'] for row in rows])
        self.assertTrue(all(set(row) == set(rows[0]) for row in rows))

    COLLECTIONS = '''
        import gc, time, refscope
        gc.disable()
        gc.collect()
        refscope.mark('ready')
        for generation in range(3):
            for _ in range(10):
                ring = []
                ring.append(ring)
            gc.collect(generation)
            time.sleep(0.2)
        refscope.mark('done')
    '''

    def test_collections_are_lines(self):
        result = self.run_cli('watch', '--json', '--interval', '0.05', '--', self.python, self.script(self.COLLECTIONS))
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        ready, done = [at for at, row in enumerate(rows) if row['event'] == 'mark']
        lines = [row for row in rows[ready:done + 1] if row['event'] == 'collection']
        # The last ring of each round is still held.
        self.assertEqual([(row['generation'], row['collections'], row['freed'], row['uncollectable']) for row in lines],
                         [(0, 1, 9, 0), (1, 1, 10, 0), (2, 1, 10, 0)])
        self.assertTrue(all(row['freed'] is None for row in rows if row['event'] != 'collection'))
        self.assertTrue(all(row['uss'] is None for row in lines))

    def test_after(self):
        script = self.script('import time\ntime.sleep(1)')
        result = self.run_cli('watch', '--json', '--interval', '0.1', '--after', '0.5', '--duration', '0.2', '--stop', '--',
                              self.python, script)
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertGreaterEqual(min(row['seconds'] for row in rows), 0.5)
        self.assertEqual((rows[0]['event'], rows[-1]['event']), ('sample', 'exit'))
        result = self.run_cli('watch', '--json', '--interval', '0.1', '--after', '50', '--', self.python, '-c', 'pass')
        self.assertEqual([json.loads(line)['event'] for line in result.stdout.splitlines()], ['end', 'exit'])
        self.assertIn('before the 50 s of --after were over', result.stderr)
        for seconds in '-1', 'nan', '1e300':
            self.run_cli('watch', '--after', seconds, '--', self.python, '-c', 'pass', status=USAGE)
            self.run_cli('capture', '-o', 'x.refscope', '--after', seconds, '--', self.python, '-c', 'pass', status=USAGE)

    def test_to_a_file(self):
        result = self.run_cli('watch', '-o', 'w.csv', '--', self.python, '-c', 'print("mine")')
        self.assertEqual(result.stdout, 'mine\n')
        self.assertTrue((self.folder / 'w.csv').read_text().startswith('seconds,event,'))
        for name in 'w.json', 'w.jsonl':
            self.run_cli('watch', '-o', name, '--', self.python, '-c', '')
            lines = (self.folder / name).read_text().splitlines()
            self.assertEqual(json.loads(lines[-1])['event'], 'exit')

    def test_duration_and_stop(self):
        result = self.run_cli('watch', '--json', '--duration', '0.5', '--interval', '0.1', '--stop', '--',
                              self.python, '-c', 'import time; time.sleep(1000)')
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertGreaterEqual(len(rows), 3)
        self.assertEqual((rows[-1]['event'], rows[-1]['exit_status']), ('exit', -signal.SIGTERM))

    def test_condition(self):
        script = self.script(self.SCRIPT)
        self.run_cli('watch', '--fail-if', 'max(uss) > 30e6', '--', self.python, script, status=CONDITION)
        self.run_cli('watch', '--fail-if', "event = 'exit' and exit_status = 0", '--', self.python, script)

    def test_no_python(self):
        result = self.run_cli('watch', '--json', '--interval', '0.05', '--', 'sh', '-c', 'sleep 0.3; exit 4')
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual((rows[-1]['event'], rows[-1]['exit_status']), ('exit', 4))


class Objgraph(Live):
    def test_a_program_is_collected_first_and_a_file_says_whether_it_was(self):
        text = 'import gc; gc.disable()\nclass Ring: pass\nr = Ring(); r.r = r; del r\na = []'
        self.run_cli('capture', '-o', self.heap, '--', self.python, '-c', text)
        self.assertIn('No collection ran', self.run_cli('backrefs', self.heap, 'name:__main__.a', '--objgraph').stderr)
        self.run_cli('capture', '--force', '--collect-before', '-o', self.heap, '--', self.python, '-c', text)
        self.assertIn('A collection ran', self.run_cli('backrefs', self.heap, 'name:__main__.a', '--objgraph').stderr)
        self.run_cli('find', 'type:__main__.Ring', '--', self.python, '-c', text)
        self.run_cli('refs', 'type:__main__.Ring', '--objgraph', '--', self.python, '-c', text, status=USAGE)


if __name__ == '__main__':
    unittest.main()
