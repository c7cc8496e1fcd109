"""Attaching to CPython 3.14 and later by asking it to load the agent itself: what traces it does not matter, and nothing of that stays."""
import json
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

import interpreters
from running import IS_SANITISED, ROUNDS_PROGRAM, SYSTEM_PYTHON, Program, wait_until
from test_attach import TARGETS, WARNING
from tracing import may_trace

CLI = os.environ.get('RSC_CLI')
ROUNDS = int(os.environ.get('RSC_TEST_ATTACH_ROUNDS', 20))
PYTHONS = [(path, version) for path, version in interpreters.find() if version >= (3, 14)]
FOLDERS = '/dev/shm', '/tmp', '/var/tmp'
SECONDS = 60

COMPUTING = """
    ready()
    i = 0
    while not ended:
        i += 1
    """
# Answers each signal by what it has.
TELLING = """
    import builtins, gc, json, os
    def tell(*_):
        os.write(1, json.dumps({
            'modules': sorted(sys.modules), 'importers': sorted(sys.path_importer_cache), 'path': sys.path, 'hooks': len(sys.path_hooks),
            'finders': len(sys.meta_path), 'main': sorted(vars(sys.modules['__main__'])), 'builtins': sorted(vars(builtins)),
            'callbacks': len(gc.callbacks)}).encode() + b'\\n')
    signal.signal(signal.SIGUSR1, tell)
    """
# Answers each signal by a byte.
ANSWERING = """
    import os
    def answer(*_):
        os.write(1, b'.')
    signal.signal(signal.SIGUSR1, answer)
    """
# Each is raised where the program expects it, or printed by the interpreter.
RAISING = """
    import os
    class Tick(Exception):
        pass
    armed = owed = False
    def tick(*_):
        global armed, owed
        if not armed:
            owed = True
            return
        armed = False
        raise Tick
    def unraisable(arguments):
        if not isinstance(arguments.exc_value, Tick):
            sys.__unraisablehook__(arguments)
        os.write(1, b'x')
    sys.unraisablehook = unraisable
    signal.signal(signal.SIGUSR1, tick)
    def wait():
        # A function, for where a jump back of a loop in a try statement raises may be out of it for CPython 3.14.
        global armed, owed
        while not ended:
            if not armed:
                armed = True
                if owed:
                    owed = False
                    os.write(1, b'-')
    ready()
    while not ended:
        try:
            wait()
        except Tick as error:
            armed = False
            trace = error.__traceback__
            files = set()
            while trace is not None:
                files.add(trace.tb_frame.f_globals['__name__'])
                trace = trace.tb_next
            os.write(1, b'.' if files == {'__main__'} else b'?')
    armed = False
    import gc
    gc.collect()
    # Of the dictionaries one is the interpreter's own, of names that it knows.
    print(end='left\\n' * sum(type(names) is dict and callable(names.get('pass_on')) for names in gc.get_objects()))
    """
ACCEPTING = """
    import socket
    listener = socket.create_server(('127.0.0.1', 0))
    ready()
    print(listener.getsockname()[1], flush=True)
    while not ended:
        listener.accept()[0].close()
    """


def attach(pid, rounds=1, every=1, way='remote'):
    environment = dict(os.environ)
    environment.pop('RSC_ATTACH_WAY', None)
    if way:
        environment['RSC_ATTACH_WAY'] = way
    return subprocess.run([ROUNDS_PROGRAM, str(pid), str(rounds), str(every)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=600, env=environment)


def left_files(root=''):
    return [path for folder in FOLDERS for path in pathlib.Path(root + folder).glob('refscope-agent*')]


def begin_tracing(pid, and_stop=False):
    """By PTRACE_SEIZE, or PTRACE_ATTACH, after which it is stopped."""
    tracer = subprocess.Popen([SYSTEM_PYTHON, '-c', 'import ctypes, os, sys\n'
                               f'assert ctypes.CDLL(None).ptrace({16 if and_stop else 0x4206}, {pid}, None, None) == 0\n'
                               + (f'os.waitpid({pid}, 0x40000000)\n' if and_stop else '')
                               + 'print("traces", flush=True)\nsys.stdin.read()'],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if tracer.stdout.readline() != 'traces\n':
        raise AssertionError('it cannot be traced')
    return tracer


class Asked:
    python = None

    def program(self, *texts, **options):
        return Program('\n'.join(map(textwrap.dedent, texts)), self.python, **options)

    def end(self, program):
        self.assertEqual(program.end(), (0, 'well\n', ''))
        # Other tests, which run meanwhile, have theirs.
        self.assertTrue(wait_until(lambda: left_files() == []), left_files())

    def attached(self, pid, rounds=1, every=1, way='remote'):
        result = attach(pid, rounds, every, way)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertGreater(json.loads(result.stdout)['objects'], 1000)

    def refused(self, pid, *texts, way='remote'):
        result = attach(pid, way=way)
        self.assertEqual(result.returncode, 1, result.stdout)
        for text in texts:
            self.assertIn(text, result.stderr)

    def test_nothing_stays(self):
        def ask():
            program.process.send_signal(signal.SIGUSR1)
            return json.loads(program.process.stdout.readline())

        seen = {}
        for way in 'injector', 'remote':
            with self.subTest(way), self.program(TELLING, COMPUTING) as program:
                threads, descriptors, before = len(program.folder('task')), program.descriptors(), ask()
                self.attached(program.pid, way=way)
                seen[way] = ask()
                # What an agent may have, however it came, is not what is looked for here.
                for name in before:
                    self.assertEqual(str(seen[way][name]).count('refscope'), str(before[name]).count('refscope'), seen[way][name])
                    if name != 'modules':
                        self.assertEqual(seen[way][name], before[name])
                self.assertTrue(wait_until(lambda: len(program.folder('task')) == threads), program.folder('task'))
                mapped = program.mappings()
                self.attached(program.pid, 10 * ROUNDS, 5, way)
                self.assertEqual(ask(), seen[way])
                self.assertTrue(wait_until(lambda: len(program.folder('task')) == threads), program.folder('task'))
                self.assertTrue(wait_until(lambda: program.descriptors() == descriptors), (descriptors, program.descriptors()))
                grown = {name: (n, mapped.get(name, 0)) for name, n in program.mappings().items()
                         if name != '' and n > mapped.get(name, 0)}
                self.assertEqual(grown, {})
                self.end(program)
        self.assertEqual(seen['remote'], seen['injector'])

    def test_one_way_after_the_other(self):
        with self.program(COMPUTING) as program:
            for way in 'remote', 'injector', 'remote', 'injector':
                self.attached(program.pid, 2, 1, way)
            agents = {line.split()[4] for line in pathlib.Path(f'/proc/{program.pid}/maps').read_text().splitlines() if 'refscope-agent' in line}
            self.assertEqual(len(agents), 1)
            self.end(program)

    def under_signals(self, program, rounds):
        """Attaches again and again, while each answer to a signal is followed by the next signal.  The answers, and what was said."""
        output = program.process.stdout.fileno()
        answers, said = {}, []
        for _ in range(rounds):
            refscope = subprocess.Popen([ROUNDS_PROGRAM, str(program.pid), '1', '0'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, env={**os.environ, 'RSC_ATTACH_WAY': 'remote'})
            while refscope.poll() is None:
                program.process.send_signal(signal.SIGUSR1)
                self.assertTrue(select.select([output], [], [], SECONDS)[0], f'a signal got lost after {answers}')
                answer = os.read(output, 1)
                if not answer:
                    self.fail(f'it ended after {answers}: {program.process.communicate()}')
                answers[answer] = answers.get(answer, 0) + 1
            with refscope.stderr:
                said.append(refscope.stderr.read())
        return answers, list(filter(None, said))

    def test_no_signal_is_lost(self):
        with self.program(ANSWERING, COMPUTING) as program:
            answers, said = self.under_signals(program, 5 * ROUNDS)
            self.assertEqual((set(answers), said), ({b'.'}, []))
            self.assertGreater(answers[b'.'], 5 * ROUNDS)
            self.end(program)

    def test_what_handlers_raise_arrives(self):
        """But for what comes before the script has begun: CPython prints that, and Refscope says so."""
        with self.program(RAISING) as program:
            answers, said = self.under_signals(program, 5 * ROUNDS)
            print(f'{self.id()}: {answers}', file=sys.stderr)
            self.assertLessEqual(set(answers), {b'.', b'-', b'x'})
            self.assertGreater(answers[b'.'], 5 * ROUNDS)
            self.assertEqual(len(said), answers.get(b'x', 0), said)
            self.assertTrue(all('did not load' in one for one in said), said)
            self.end(program)

    @unittest.skipUnless(shutil.which('gdb'), 'there is no gdb')
    def test_killed_before_the_thread_was_made_to_look(self):
        """The request stands there, and this program has no reason to look for one."""
        with self.program(COMPUTING) as program:
            # Behind the second of what it writes, each of which is seen twice.
            commands = ['catch syscall pwrite64', 'run', 'continue', 'continue', 'continue', 'kill']
            gdb = subprocess.run(['gdb', '-q', '-nx', '-batch', *(word for command in commands for word in ('-ex', command)),
                                  '--args', ROUNDS_PROGRAM, str(program.pid), '1', '1'], stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, env={**os.environ, 'RSC_ATTACH_WAY': 'remote', 'DEBUGINFOD_URLS': ''})
            if gdb.stdout.count('returned from syscall pwrite64') != 2:
                self.skipTest(f'gdb does not catch system calls here: {gdb.stdout}{gdb.stderr}')
            self.assertEqual(len(left_files()), 1)
            self.assertTrue(wait_until(lambda: attach(program.pid).returncode == 0), attach(program.pid).stderr)
            self.end(program)

    def test_what_may_still_be_run_stays(self):
        """The next Refscope takes nothing away that a program was asked to run and has not come to."""
        with self.program(ACCEPTING) as program, self.program(COMPUTING) as other:
            port = int(program.process.stdout.readline())
            refscope = subprocess.Popen([ROUNDS_PROGRAM, str(program.pid), '1', '1'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={**os.environ, 'RSC_ATTACH_WAY': 'remote'})
            self.assertTrue(wait_until(left_files))
            time.sleep(.5)
            refscope.kill()
            refscope.wait()
            for path in left_files():
                os.utime(path, (time.time() - 1000,) * 2)
            self.attached(other.pid)
            program.process.send_signal(signal.SIGTERM)
            socket.create_connection(('127.0.0.1', port)).close()
            self.end(program)
            self.end(other)

    def test_waiting(self):
        """What does not come to it in time finds nothing later."""
        with self.program(ACCEPTING) as program:
            port = int(program.process.stdout.readline())
            self.assertTrue(wait_until(lambda: pathlib.Path(f'/proc/{program.pid}/stat').read_text().rsplit(') ', 1)[1][0] == 'S'))
            self.refused(program.pid, 'did not come to where its Python can be asked')
            self.assertEqual(left_files(), [])
            socket.create_connection(('127.0.0.1', port)).close()
            # It has been through Python code when it accepts again.
            socket.create_connection(('127.0.0.1', port)).close()
            self.assertNotIn('refscope', pathlib.Path(f'/proc/{program.pid}/maps').read_text())
            # The other way does not wait for it.
            self.attached(program.pid, 2, 1, None)
            program.process.send_signal(signal.SIGTERM)
            socket.create_connection(('127.0.0.1', port)).close()
            # Not by another signal, which may come when the interpreter has put its handler away.
            self.assertEqual((*program.process.communicate(timeout=120), program.process.returncode), ('well\n', '', 0))

    def test_not_allowed(self):
        with self.program(COMPUTING, environment={'PYTHON_DISABLE_REMOTE_DEBUG': '1'}) as program:
            self.refused(program.pid, '-X disable-remote-debug')
            self.attached(program.pid, 2, 1, None)
            tracer = begin_tracing(program.pid)
            self.refused(program.pid, f'traced by process {tracer.pid}', '-X disable-remote-debug', way=None)
            rows = {row['pid']: row for row in json.loads(subprocess.run([CLI, 'ps', '--json'], capture_output=True, check=True).stdout)}
            self.assertIn(f'traced by process {tracer.pid}', rows[program.pid]['why_not'])
            tracer.communicate()
            self.end(program)

    def test_sub_interpreters(self):
        """The newest is the first that is found; it is the main one that is asked, for it has the main thread."""
        text = """
            import _interpreters
            several = [_interpreters.create() for _ in range(3)]
            """
        ending = 'for one in several: _interpreters.destroy(one)\n'
        with self.program(text, COMPUTING, ending) as program:
            self.attached(program.pid, 3)
            self.end(program)
        with self.program(text, COMPUTING, ending, environment={'PYTHON_DISABLE_REMOTE_DEBUG': '1'}) as program:
            self.refused(program.pid, '-X disable-remote-debug')
            self.end(program)

    def test_raised_before_the_agent_is_there(self):
        """Nobody can pass it on: the interpreter prints it."""
        text = """
            def interrupt(event, arguments):
                if event == 'import' and 'refscope' in arguments[0]:
                    signal.raise_signal(signal.SIGINT)
            sys.addaudithook(interrupt)
            """
        with self.program(text, COMPUTING) as program:
            self.refused(program.pid, 'a signal came first')
            status, output, errors = program.end()
            self.assertEqual((status, output, left_files()), (0, 'well\n', []))
            self.assertEqual(errors.count('KeyboardInterrupt'), 1, errors)

    def test_traced(self):
        with self.program(COMPUTING) as program:
            tracer = begin_tracing(program.pid)
            rows = {row['pid']: row for row in json.loads(subprocess.run([CLI, 'ps', '--json'], capture_output=True, check=True).stdout)}
            self.assertIsNone(rows[program.pid]['why_not'])
            self.refused(program.pid, f'traced by process {tracer.pid}', way='injector')
            self.attached(program.pid, 3, 1, None)
            tracer.communicate()
            self.attached(program.pid, 3, 1, None)
            self.end(program)

    def test_held_by_a_debugger(self):
        with self.program(COMPUTING) as program:
            tracer = begin_tracing(program.pid, True)
            self.refused(program.pid, f'traced by process {tracer.pid}', 'held by a debugger', way=None)
            self.assertEqual(left_files(), [])
            tracer.communicate()
            self.assertTrue(wait_until(lambda: 'State:\tR' in pathlib.Path(f'/proc/{program.pid}/status').read_text()))
            self.assertNotIn('refscope', pathlib.Path(f'/proc/{program.pid}/maps').read_text())
            self.end(program)

    @unittest.skipUnless(shutil.which('strace'), 'there is no strace')
    def test_under_strace(self):
        with self.program(COMPUTING) as program:
            with tempfile.NamedTemporaryFile() as log:
                strace = subprocess.Popen(['strace', '-f', '-o', log.name, '-p', str(program.pid)], stderr=subprocess.PIPE, text=True)
                self.assertIn('attached', strace.stderr.readline())
                self.attached(program.pid, 3, 1, None)
                strace.send_signal(signal.SIGINT)
                strace.communicate()
                self.assertIn('refscope-agent', log.read().decode(errors='replace'))
            self.end(program)

    def test_filter_of_system_calls(self):
        """It may not be asked what it forbids."""
        text = """
            import ctypes
            assert ctypes.CDLL(None).prctl(38, 1, 0, 0, 0) == 0
            import struct
            buffer = ctypes.create_string_buffer(struct.pack('HBBI', 0x06, 0, 0, 0x7fff0000))
            filter = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', 1, ctypes.addressof(buffer)))
            assert ctypes.CDLL(None).prctl(22, 2, filter, 0, 0) == 0
            """
        with self.program(text, COMPUTING) as program:
            self.refused(program.pid, 'seccomp')
            self.attached(program.pid, 2, 1, None)
            self.end(program)

    def test_forbidden_by_a_hook(self):
        text = """
            def refuse(event, arguments):
                if event == 'import' and 'refscope' in arguments[0]:
                    raise ImportError('not here')
            sys.addaudithook(refuse)
            """
        with self.program(text, COMPUTING) as program:
            self.refused(program.pid, 'sys.addaudithook')
            self.end(program)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which('setpriv'), 'only root can be another user')
    def test_other_user(self):
        with self.program(COMPUTING, before=['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']) as program:
            self.attached(program.pid, 3)
            self.end(program)

    def test_namespaces(self):
        """Another file system where the agent is, other numbers of processes."""
        if subprocess.run(['unshare', '--mount', '--pid', '--fork', 'true'], capture_output=True).returncode != 0:
            self.skipTest('no namespaces can be made here')
        folder = pathlib.Path(os.environ['RSC_AGENT']).parent
        hidden = ['sh', '-c', f'mount -t tmpfs none {folder} && mount -t tmpfs none /tmp && exec "$0" "$@"']
        for before in ['unshare', '--mount', *hidden], ['unshare', '--pid', '--fork', '--mount-proc', *hidden]:
            with self.program(COMPUTING, before=before) as outer:
                pid = outer.pid
                while children := pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split():
                    pid = int(children[0])
                for way in 'remote', 'remote', 'injector', 'remote':
                    self.attached(pid, 2, 1, way)
                self.assertEqual(left_files(f'/proc/{pid}/root'), [])
                agents = {line.split()[4] for line in pathlib.Path(f'/proc/{pid}/maps').read_text().splitlines() if 'refscope-agent' in line}
                self.assertEqual(len(agents), 1)
                os.kill(pid, signal.SIGTERM)
                output, errors = outer.process.communicate(timeout=60)
                self.assertEqual((outer.process.returncode, output, errors), (0, 'well\n', ''))

    def test_kinds_of_programs(self):
        """Those that come to Python code often.  A child does not get what was asked of its parent."""
        for name in 'sleeping', 'computing', 'allocating', 'in long C code', 'forking', 'with a timer', 'of tasks', 'that serves':
            with self.subTest(name), self.program(TARGETS[name]) as program:
                self.attached(program.pid, ROUNDS, 5)
                status, output, errors = program.end()
                self.assertEqual((status, output, WARNING.sub('', errors)), (0, 'well\n', ''))
                self.assertEqual(left_files(), [])

    def test_two_at_once(self):
        with self.program(COMPUTING) as program:
            several = [subprocess.Popen([ROUNDS_PROGRAM, str(program.pid), str(ROUNDS), '0'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        text=True, env={**os.environ, 'RSC_ATTACH_WAY': 'remote'}) for _ in range(3)]
            for one in several:
                self.assertRegex(one.communicate(timeout=300)[1], '^$|Another Refscope|another debugger|did not load')
            # The agent may be waiting still for one that gave up.
            wait_until(lambda: attach(program.pid).returncode == 0, 20)
            self.attached(program.pid)
            self.end(program)

    def test_refscope_is_killed(self):
        chance = random.Random(1)
        with self.program(COMPUTING) as program:
            threads, descriptors = len(program.folder('task')), program.descriptors()
            for _ in range(2 * ROUNDS):
                refscope = subprocess.Popen([ROUNDS_PROGRAM, str(program.pid), '100000', '0'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.PIPE, text=True, env={**os.environ, 'RSC_ATTACH_WAY': 'remote'})
                time.sleep(chance.uniform(.003, .06))
                refscope.kill()
                self.assertEqual(refscope.communicate()[1], '')
                self.assertIsNone(program.process.poll())
            self.assertTrue(wait_until(lambda: len(program.folder('task')) == threads and program.descriptors() == descriptors),
                            (program.folder('task'), program.descriptors()))
            # A file that was made, and nobody was asked yet to run: the next Refscope takes it away, when it is old.
            for path in left_files():
                self.assertEqual(path.suffix, '.py')
                os.utime(path, (0, 0))
            self.attached(program.pid, 2)
            self.end(program)


for path, version in PYTHONS:
    name = 'Asked_{}_{}_{}'.format(*version)
    globals()[name] = unittest.skipUnless(may_trace() and not IS_SANITISED, 'this machine does not let processes be looked into')(
        type(name, (Asked, unittest.TestCase), {'python': path}))


@unittest.skipIf(PYTHONS, 'each has tests of its own')
class NoneToAsk(unittest.TestCase):
    def test_any(self):
        self.skipTest('no CPython 3.14 or later was found: scripts/test-pythons makes a root with one')


if __name__ == '__main__':
    unittest.main()
