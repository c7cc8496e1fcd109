"""The program goes on as it would have, whatever becomes of Refscope, of the capture, and of its own limits."""
import contextlib
import errno
import os
import pathlib
import platform
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import chinese
from target import (EXITED, FAILED, LIMIT, UNSUPPORTED, Case, Error, Target, cpu_seconds, descendants, descriptors,
                    each_python, status)
from test_rules import BIG, READY, stopped_child
from test_walk_trouble import BROKEN

ROUNDS = int(os.environ.get('RSC_TEST_ROUNDS', 50))

# Root is above hard limits, if it has the right to be.
UNPRIVILEGED = ['setpriv', '--inh-caps=-sys_resource', '--bounding-set=-sys_resource']


def without_privilege():
    return UNPRIVILEGED if os.geteuid() == 0 and shutil.which('setpriv') else []


def until(condition, what):
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(what)
        time.sleep(0.002)


def ours(pid):
    return [link for link in descriptors(pid).values() if 'socket' in link or 'eventfd' in link or 'memfd' in link]


def system_filter(number, errno):
    """Python source: from here on that system call gives errno."""
    return f'''
import ctypes, struct
def refuse():
    code = b''.join(struct.pack('HBBI', *i) for i in [
        (0x20, 0, 0, 0), (0x15, 0, 1, {number}), (0x06, 0, 0, 0x00050000 | {errno}), (0x06, 0, 0, 0x7fff0000)])
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack('HxxxxxxQ', len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.syscall(317, 1, 1, ctypes.create_string_buffer(program)) == 0
refuse()
'''


class Limits(Case):
    """The program's own limits."""

    @each_python
    def test_out_of_memory_under_a_hard_limit(self, python):
        command = [*without_privilege(), '/bin/sh', '-c', 'ulimit -v 300000; exec "$@"', 'sh', python]
        example = pathlib.Path(os.environ['RSC_EXAMPLES']) / 'memory_limit.py'
        small = self.script('''
            def fill():
                kept = []
                while True:
                    kept.append([None] * 1000)
            fill()
            ''')
        for script in example, small:
            with Target(*command, script, hold=True) as target:
                while target.wait('state', state='held')['hold'] == 'mark':
                    target.ask('continue')
                event = target.seen[-1]
                self.assertEqual((event['hold'], event['hint']), ('uncaught', 'MemoryError'))
                self.assertGreater(target.ask('capture')['snapshot']['objects'], 10_000)
                self.assertGreater(target.ask('capture', 'in-place')['snapshot']['objects'], 10_000)
                code, out, err = target.finish()
                self.assertEqual(code, 1)
                self.assertIn(b'MemoryError', err)

    @each_python
    def test_a_limit_that_is_set_later(self, python):
        script = self.script('''
            import resource
            used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + 60_000_000, used + 60_000_000))
            def fill():
                kept = []
                while True:
                    kept.append([None] * 10000)
            fill()
            ''')
        with Target(*without_privilege(), python, script, hold=True) as target:
            self.assertEqual(target.wait_held('uncaught')['hint'], 'MemoryError')
            self.assertGreater(target.ask('capture')['snapshot']['objects'], 10_000)
            self.assertEqual(target.finish()[0], 1)

    @each_python
    def test_a_limit_that_is_too_low_is_a_sentence(self, python):
        script = self.script('''
            import refscope
            heap = []
            def fill():
                while True:
                    heap.append([heap])
            try:
                fill()
            except MemoryError:
                for i in range(100000):
                    heap.pop()
            refscope.mark('full')
            del heap[:]
            print('unharmed')
            ''')
        with Target(*without_privilege(), '/bin/sh', '-c', 'ulimit -v 120000; exec "$@"', 'sh', python, script,
                    hold=True) as target:
            target.wait_held(hint='full')
            with self.assertRaisesRegex(Error, r'RLIMIT_AS, ulimit -v: 117 MiB.*Raise the hard limit') as raised:
                target.ask('capture')
            self.assertEqual(raised.exception.code, FAILED)
            self.assertEqual(target.finish(), (0, b'unharmed\n', b''))

    @each_python
    def test_a_limit_that_leaves_nothing_is_a_sentence(self, python):
        """Nothing at all: also what is needed before the walk is not to be had."""
        script = self.script('''
            import resource
            heap = [[] for _ in range(100000)]
            with open('/proc/self/statm') as file:
                size = int(file.read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
            # Of what it has it may need some to its end.
            del heap[:3000]
            ''')
        with Target(*without_privilege(), python, script, hold=True) as target:
            target.wait_held(hold='at-exit')
            with self.assertRaisesRegex(Error, r'RLIMIT_AS, ulimit -v: [0-9]+ MiB.*Raise the hard limit'):
                target.ask('capture')
            self.assertEqual(target.finish(), (0, b'', b''))

    @each_python
    def test_no_limit_takes_no_memory(self, python):
        script = self.script('''
            import resource, refscope
            limits = [resource.getrlimit(r) for r in (resource.RLIMIT_AS, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE)]
            size = open('/proc/self/statm').read().split()[0]
            refscope.mark('held')
            after = open('/proc/self/statm').read().split()[0]
            print(limits == [resource.getrlimit(r) for r in (resource.RLIMIT_AS, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE)])
            print(int(after) - int(size) < 256)
            ''')
        with Target('/bin/sh', '-c', 'ulimit -v 600000; exec "$@"', 'sh', python, script, hold=True) as target:
            target.wait_held()
            for words in ['capture'], ['capture', 'in-place'], ['capture']:
                target.ask(*words)
            self.assertEqual(target.finish(), (0, b'True\nTrue\n', b''))

    @each_python
    def test_a_capture_while_it_runs_takes_no_address_space(self, python):
        script = self.script('import os, refscope\nrefscope.mark("ready")\nos.read(0, 1)\n')
        with Target('/bin/sh', '-c', 'ulimit -v 600000; exec "$@"', 'sh', python, script) as target:
            target.wait('mark', hint='ready')
            pid = target.pid()
            before = int(status(pid, 'VmSize').split()[0])
            target.ask('capture')
            self.assertLess(int(status(pid, 'VmSize').split()[0]) - before, 4096)
            target.ask('input', 'x')
            self.assertEqual(target.wait_exit(), 0)

    @each_python
    def test_no_descriptor_left(self, python):
        script = self.script('''
            import os, resource, refscope
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            kept = []
            try:
                while True:
                    kept.append(os.open('/dev/null', os.O_RDONLY))
            except OSError:
                pass
            refscope.mark('full')
            for fd in kept:
                os.close(fd)
            refscope.mark('empty')
            print('unharmed')
            ''')
        with Target(python, script, hold=True) as target:
            target.wait_held(hint='full')
            with self.assertRaisesRegex(Error, 'descriptor'):
                target.ask('capture')
            target.ask('continue')
            target.wait_held(hint='empty')
            target.ask('capture')
            self.assertEqual(target.finish(), (0, b'unharmed\n', b''))

    @unittest.skipUnless(platform.machine() == 'x86_64', 'the filter is for x86-64')
    @each_python
    def test_system_calls_that_are_refused(self, python):
        # memfd_create, which is Refscope's own to call; close_range, which old kernels and filters do not know.
        for number, errno in (319, 1), (436, 38), (436, 1):
            script = self.script(BIG + 'import os\nf = open(os.devnull)\n' + system_filter(number, errno) + READY + 'print("unharmed")\n')
            with Target(python, script, hold=True) as target:
                target.wait_held()
                with stopped_child(target, target.pid()) as (child, pending):
                    deadline = time.monotonic() + LIMIT
                    while len(descriptors(child)) > 2:
                        self.assertLess(time.monotonic(), deadline, descriptors(child))
                        os.kill(child, signal.SIGCONT)
                        time.sleep(0.001)
                        os.kill(child, signal.SIGSTOP)
                    self.assertEqual(sorted('memfd' in l or 'eventfd' in l for l in descriptors(child).values()), [True, True])
                self.assertGreater(pending.get()['snapshot']['objects'], 600_000)
                self.assertEqual(target.finish(), (0, b'unharmed\n', b''))

    @unittest.skipUnless(platform.machine() == 'x86_64', 'the filter is for x86-64')
    def test_refscope_gets_no_memory_file(self):
        """A driver that may not make one, and cannot get rid of that."""
        launcher = self.script(system_filter(319, 1) + 'import os, sys\nos.execv(sys.argv[1], sys.argv[1:])\n', 'launcher.py')
        script = self.script(READY + 'print("unharmed")\n')
        with Target('/usr/bin/env', 'python3', script, hold=True, prefix=['/usr/bin/env', 'python3', launcher]) as target:
            target.wait_held()
            with self.assertRaisesRegex(Error, 'memory file.*Operation not permitted'):
                target.ask('capture')
            self.assertEqual(target.finish(), (0, b'unharmed\n', b''))


class Ends(Case):
    """Ways to end, and to become another program."""

    @each_python
    def test_it_execs_and_ends(self, python):
        for program, arguments, wanted, output in (
                ('true', ['true'], 0, b''), ('/bin/sh', ['sh', '-c', 'exit 3'], 3, b''), ('/bin/sh', ['sh', '-c', 'kill -9 $$'], -9, b''),
                ('/bin/sh', ['sh', '-c', f'{python} -c "print(5)"'], 0, b'5\n')):
            script = self.script(f'import os\nos.execvp({program!r}, {arguments!r})\n')
            with Target(python, script, hold=True) as target:
                self.assertEqual(target.wait_exit(), wanted)
                message = target.seen[-1]['message']
                self.assertRegex(message, f'executed another one in its place .*{os.path.basename(program)}.*launch it itself')
                self.assertRegex(message, f'status {wanted}' if wanted >= 0 else 'signal 9')
                with self.assertRaisesRegex(Error, 'executed another one') as raised:
                    target.ask('capture')
                self.assertEqual(raised.exception.code, EXITED)
                self.assertEqual(target.output, {1: output, 2: b''})

    @each_python
    def test_an_exec_that_fails_is_none(self, python):
        script = self.script('''
            import os, refscope
            try:
                os.execvp('no-such-program-anywhere', ['x'])
            except OSError:
                refscope.mark('went on')
            ''')
        with Target(python, script, hold=True) as target:
            target.wait_held(hint='went on')
            target.ask('capture')
            self.assertEqual(target.finish(), (0, b'', b''))
            self.assertIsNone(target.seen[-1]['message'])

    @each_python
    def test_an_exec_of_a_descriptor_that_fails_is_none(self, python):
        script = self.script('''
            import os
            for fd in os.open('/etc/passwd', os.O_RDONLY), 9999:
                try:
                    os.execve(fd, ['x'], {'A': 'b'})
                except OSError as error:
                    print(error.errno, flush=True)
            os._exit(3)
            ''')
        with Target(python, script) as target:
            status, output, errors = target.finish()
            self.assertEqual((status, output, errors), (3, f'{errno.EACCES}\n{errno.EBADF}\n'.encode(), b''))
            self.assertNotIn('in its place', target.seen[-1]['message'])

    @each_python
    def test_os_exit_is_held(self, python):
        script = self.script('''
            import os, sys, threading
            sys.stdout = sys.__stdout__ = open(1, 'w', buffering=1000)
            print('in the buffer')
            kept = [object() for i in range(5)]
            def leave():
                os._exit(7)
            if len(sys.argv) > 1:
                threading.Thread(target=leave).start()
                threading.Event().wait()
            leave()
            ''')
        for arguments in [], ['thread']:
            with Target(python, script, *arguments, hold=True) as target:
                event = target.wait_held('at-exit')
                self.assertEqual((event['hint'], event['file'], event['line']), ('os._exit', str(script), 7))
                self.assertGreater(target.ask('capture')['snapshot']['objects'], 1000)
                target.ask('continue')
                self.assertEqual(target.wait_exit(), 7)
                # What it did not flush is lost, as it would be without Refscope.
                self.assertEqual(target.output, {1: b'', 2: b''})

    @each_python
    def test_os_exit_of_others_is_not_held(self, python):
        script = self.script('''
            import os, subprocess, sys
            pid = os.fork()
            if pid == 0:
                os._exit(3)
            print(os.waitpid(pid, 0)[1] >> 8)
            try:
                subprocess.run(['/no/such/program'])  # its child leaves by _exit()
            except FileNotFoundError:
                print('none')
            print(subprocess.run([sys.executable, '-c', 'import os; os._exit(4)']).returncode)
            ''')
        with Target(python, script, hold=True) as target:
            self.assertEqual(target.finish(), (0, b'3\nnone\n4\n', b''))
            held = [e['hint'] for e in target.seen if e['event'] == 'state' and e['state'] == 'held']
            self.assertEqual(held, [''])

    @each_python
    def test_os_exit_that_is_not_held_is_told(self, python):
        with Target(python, '-c', 'import os; os._exit(5)') as target:
            self.assertEqual(target.wait_exit(), 5)
            self.assertRegex(target.seen[-1]['message'], r'status 5 at once.*os\._exit\(\).*at a mark before')
        # No way to hold that.
        with Target(python, '-c', 'import ctypes; ctypes.CDLL(None).exit(6)', hold=True) as target:
            self.assertEqual(target.wait_exit(), 6)
            self.assertRegex(target.seen[-1]['message'], r'status 6 at once')

    @each_python
    def test_it_forks_at_its_end_while_it_is_captured(self, python):
        # No code of Python runs between that fork and the interpreter's end.
        script = self.script(BIG + 'import atexit, os\natexit.register(os.fork)\n' + READY)
        with Target(python, script, marks=['ready']) as target:
            target.wait_held()
            pending = target.begin('capture', 'release')
            self.assertGreater(pending.get()['snapshot']['objects'], 600_000)
            self.assertEqual(target.wait_exit(), 0)

    @each_python
    def test_a_finalizer_forks_on_the_agents_thread(self, python):
        """While another thread forks, too, and waits for the agent's: 3.10 and 3.11 collect where something is allocated."""
        script = self.script("""
            import gc, os, threading, time
            ours = {threading.get_ident()}
            def fork():
                pid = os.fork()
                if pid == 0:
                    os._exit(0)
                os.waitpid(pid, 0)
            class Cycle:
                def __init__(self):
                    self.itself = self
                def __del__(self):
                    if threading.get_ident() not in ours:
                        time.sleep(.01)  # the other comes to its fork
                        fork()
            def work():
                ours.add(threading.get_ident())
                while not os.path.exists(__file__ + '.end'):
                    fork()
                    for _ in range(20):
                        Cycle()
                done.release()
            gc.set_threshold(1, 10 ** 6, 10 ** 6)
            done = threading.Lock()
            done.acquire()
            threading.Thread(target=work).start()
            import refscope
            refscope.mark('ready')
            while not done.acquire(timeout=.001):
                pass
        """)
        end = pathlib.Path(f'{script}.end')
        end.unlink(missing_ok=True)
        with Target(python, script, marks=['ready']) as target:
            target.wait_held()
            target.ask('continue')
            for _ in range(150):
                target.ask('thresholds', 1, 10 ** 6, 10 ** 6)
            end.touch()
            self.assertEqual(target.wait_exit(), 0)

    def test_a_program_that_embeds_python(self):
        program = os.environ.get('RSC_EMBEDDING_PROGRAM')
        if not program:
            self.skipTest('built without python3-embed')
        if subprocess.run([program], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest('its libpython is not here')
        code = 'import os, refscope\nx = [1, 2]\nrefscope.mark("one")\n', 'print(x, "LD_PRELOAD" in os.environ, flush=True)', '1/0', 'print("end")'
        plain = subprocess.run([program, *(c.replace('refscope.mark', 'len').replace(', refscope', '') for c in code)], capture_output=True)
        with Target(program, *code, hold=True) as target:
            target.wait_held(hint='one')
            self.assertGreater(target.ask('capture')['snapshot']['objects'], 1000)
            target.ask('continue')
            target.wait_held('at-exit')
            target.ask('capture')
            self.assertEqual(target.finish(), (plain.returncode, plain.stdout, plain.stderr))

    @each_python
    def test_the_block_of_the_environment(self, python):
        code = 'import sys; sys.stdout.buffer.write(open("/proc/self/environ", "rb").read())'
        for env in {'A': '1', 'B': 'two'}, {'LD_PRELOAD': 'libm.so.6', 'B': 'x'}:
            for command in [python, '-c', code], ['/bin/sh', '-c', 'C=3 exec "$@"', 'sh', python, '-c', code]:
                plain = subprocess.run(command, env=env, capture_output=True).stdout
                variables = {**env, **{k: v for k, v in os.environ.items() if k.startswith('RSC_')},
                             'ASAN_OPTIONS': 'verify_asan_link_order=0'}
                plain = subprocess.run(command, env=variables, capture_output=True).stdout
                with Target(*command, env=variables) as target:
                    code_, out, err = target.finish()
                    self.assertEqual((code_, err), (0, b''))
                    self.assertEqual(sorted(out.split(b'\0')), sorted(plain.split(b'\0')))
                    self.assertEqual(len(out), len(plain))

    @each_python
    def test_the_package_without_an_import_statement(self, python):
        script = self.script('''
            import sys
            def look():
                return list(sys.path), list(sys.meta_path), list(sys.path_hooks), sys.builtin_module_names
            import importlib, importlib.util, pkgutil
            before = look()
            assert importlib.util.find_spec('refscope').submodule_search_locations
            assert importlib.util.find_spec('refscope_absent') is None
            assert 'refscope' not in [m.name for m in pkgutil.iter_modules()]
            importlib.invalidate_caches()
            assert before == look()
            package = importlib.import_module('refscope')
            assert package.__spec__.origin == package.__file__
            package.mark('found')
            ''')
        for flags in [], ['-I', '-S', '-E']:
            with Target(python, *flags, script, hold=True) as target:
                target.wait_held(hint='found')
                self.assertEqual(target.finish(), (0, b'', b''))

    @each_python
    def test_the_programs_own_package_by_any_way(self, python):
        (self.path / 'own').mkdir(exist_ok=True)
        self.script('ours = 1', 'own/refscope.py')
        early = self.script('import importlib; print(importlib.import_module("refscope").ours)', 'own/early.py')
        late = self.script('import sys, importlib; sys.path.append(sys.argv[1])\nprint(importlib.import_module("refscope").ours)')
        for command in [early], [late, self.path / 'own']:
            with Target(python, *command) as target:
                self.assertEqual(target.finish(), (0, b'1\n', b''))


class Killed(Case):
    """Refscope, its child, or the program killed, at any moment."""

    @each_python
    def test_nothing_of_a_killed_refscope_stays(self, python):
        script = self.script(BIG + '''
import os, sys, refscope
open(sys.argv[1], 'w').write(str(os.getpid()))
refscope.mark('ready')
while not os.path.exists(sys.argv[2]):
    pass
open(sys.argv[1], 'w').write('end')
''')
        for moment in 'running', 'held', 'capture', 'in place', 'capture while it runs':
            note, go = self.path / f'note {moment}', self.path / f'go {moment}'
            with contextlib.suppress(FileNotFoundError):
                go.unlink()
            with Target(python, script, note, go, marks=['ready'] if moment not in ('running', 'capture while it runs') else []) as target:
                if moment in ('running', 'capture while it runs'):
                    target.wait('mark', hint='ready')
                else:
                    target.wait_held()
                pid = int(note.read_text())
                child = None
                if moment.startswith('capture'):
                    with stopped_child(target, pid) as (child, pending):
                        target.process.kill()
                        target.process.wait()
                else:
                    if moment == 'in place':
                        target.begin('capture', 'in-place')
                    target.process.kill()
                    target.process.wait()
                target.process.stdin.close()
                until(lambda: not ours(pid), f'{moment}: {descriptors(pid)}')
                until(lambda: not descendants(pid), f'{moment}: the child stayed')
                until(lambda: status(pid, 'Threads') == '1', f'{moment}: a thread stayed')
                go.write_text('')
                until(lambda: note.read_text() == 'end', moment)
                until(lambda: not os.path.exists(f'/proc/{pid}') or status(pid, 'State')[0] == 'Z', 'it did not end')

    def rounds(self, test):
        """So many in all, each with one of the interpreters by turns."""
        import interpreters
        found = interpreters.find()
        generator = random.Random(20)
        for i in range(ROUNDS):
            path, version = found[i % len(found)]
            with self.subTest(round=i, python='.'.join(map(str, version))):
                test(path, generator, i)

    SUMS = '''
import os, sys, threading, refscope
out = open(sys.argv[1], 'w')
heap = [[i] for i in range(60_000)]
def work():
    total = 0
    for i in range(100):
        total += sum(len(x) + x[0] for x in heap[i::100])
    return total
results = []
threads = [threading.Thread(target=lambda: results.append(work())) for i in range(2)]
for t in threads: t.start()
refscope.mark('ready')
results.append(work())
for t in threads: t.join()
out.write(f'{results} {sum(x[0] for x in heap)}\\n')
out.close()
os.rename(sys.argv[1], sys.argv[1] + '.done')
refscope.mark('end')
'''

    def test_refscope_is_killed_at_random_moments_of_a_capture(self):
        script = self.script(self.SUMS)
        total = 60_000 + sum(range(60_000))
        right = f'{[total] * 3} {sum(range(60_000))}\n'

        def once(python, generator, i):
            out = self.path / f'sums {i}'
            with Target(python, script, out, marks=['ready']) as target:
                target.wait_held()
                pid = target.pid()
                words = generator.choice([['capture'], ['capture', 'release'], ['capture', 'in-place'], ['collect', 2, 'capture'],
                                          ['capture', 'collect-before']])
                target.begin(*words)
                time.sleep(generator.random() * 0.15)  # the moment that is tried, not a wait for something
                target.process.kill()
                target.process.wait()
                target.process.stdin.close()
                done = pathlib.Path(f'{out}.done')
                until(done.exists, f'{words}: it did not finish')
                self.assertEqual(done.read_text(), right)
                until(lambda: not os.path.exists(f'/proc/{pid}') or status(pid, 'State')[0] == 'Z', 'it did not end')
        self.rounds(once)

    def test_the_program_is_killed_at_random_moments_of_a_capture(self):
        script = self.script(self.SUMS)
        runtime = self.path / 'runtime'
        runtime.mkdir()
        env = {**os.environ, 'XDG_RUNTIME_DIR': str(runtime), 'TMPDIR': str(runtime)}

        def once(python, generator, i):
            with Target(python, script, self.path / f'killed {i}', marks=['ready', 'end'], env=env) as target:
                target.wait_held()
                pid = target.pid()
                words = generator.choice([['capture'], ['capture', 'release'], ['capture', 'in-place'], ['collect', 2, 'capture']])
                pending = target.begin(*words)
                time.sleep(generator.random() * 0.15)
                os.kill(pid, signal.SIGKILL)
                try:
                    pending.get()
                except Error as error:
                    self.assertRegex(str(error), r'ended, by signal 9|killed by signal|capture|connection')
                self.assertEqual(target.wait_exit(), -9)
                with self.assertRaisesRegex(Error, 'signal 9'):
                    target.ask('capture')
            self.assertEqual(list(runtime.iterdir()), [])
        self.rounds(once)

    @each_python
    def test_a_walk_in_place_is_cancelled(self, python):
        script = self.script('heap = [[i] for i in range(1_000_000)]\n' + READY + 'import os\nos.read(0, 1)\nprint("unharmed", flush=True)\nos.read(0, 1)\n')
        for held in True, False:
            with Target(python, script, hold=True) as target:
                target.wait_held_for_long()
                if not held:
                    target.ask('continue')
                pid = target.pid()
                began = cpu_seconds(pid)
                target.ask('capture', 'in-place')
                whole = cpu_seconds(pid) - began
                began = cpu_seconds(pid)
                pending = target.begin('capture', 'in-place')
                target.ask('cancel')
                with self.assertRaises(Error):
                    pending.get()
                # The driver's later requests are cancelled as well: what is seen is that the program is free.
                if held:
                    target.ask('continue')
                target.ask('input', 'x')
                target.wait_output(b'unharmed')
                self.assertLess(cpu_seconds(pid) - began, whole * 0.6)
                target.ask('input', 'x')
                self.assertEqual(target.wait_exit(), 0)

    @each_python
    def test_signals_while_it_is_held(self, python):
        script = self.script('''
            import os, signal, subprocess, refscope
            got = {'alarm': 0, 'child': 0}
            def on(name):
                def handler(number, frame):
                    got[name] += 1
                return handler
            signal.signal(signal.SIGALRM, on('alarm'))
            signal.signal(signal.SIGCHLD, on('child'))
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
            child = subprocess.Popen(['/bin/sh', '-c', 'exit 3'])
            class Seen:
                pass
            refscope.mark('held')
            signal.setitimer(signal.ITIMER_REAL, 0)
            print(got['alarm'] > 10, got['child'], child.wait())
            ''')
        with Target(python, script, hold=True) as target:
            target.wait_held()
            for i in range(20):
                target.ask('capture')
            target.ask('collect', 2, 'capture')
            self.assertEqual(target.finish(), (0, b'True 1 3\n', b''))

    @each_python
    def test_the_interrupt_of_a_terminal(self, python):
        script = self.script('''
            import os, signal, sys, time
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                # CPython itself may lose a signal to what open() ignores, or just before a long sleep.
                os.mkdir(sys.argv[1])
                while True:
                    time.sleep(0.01)
            except KeyboardInterrupt:
                open(sys.argv[2], 'w').close()
                sys.exit(5)
            ''')
        ready, interrupted = self.path / 'is ready', self.path / 'interrupted'
        with contextlib.suppress(FileNotFoundError):
            ready.rmdir()
        with contextlib.suppress(FileNotFoundError):
            interrupted.unlink()
        # The foreground group of a terminal: both get the signal.
        process = subprocess.Popen([os.environ['RSC_CLI'], 'capture', '-o', self.path / 'x.refscope', '--force', '--', python, script, ready, interrupted],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        until(ready.exists, 'it did not start')
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT)
        until(interrupted.exists, 'the program did not get it')
        # refscope-cli was cancelled, or came to the program's end just before.
        self.assertIn(process.returncode, (0, 5), err)


class Disks(Case):
    @each_python
    def test_a_full_disk_for_the_file(self, python):
        folder = self.path / 'small'
        folder.mkdir(exist_ok=True)
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], capture_output=True).returncode != 0:
            self.skipTest('a file system cannot be mounted here')
        try:
            run = subprocess.run([os.environ['RSC_CLI'], 'capture', '-o', folder / 'x.refscope', '--', python, '-c', 'print("unharmed")'],
                                 capture_output=True, text=True, timeout=LIMIT)
            self.assertEqual(list(folder.iterdir()), [])
        finally:
            subprocess.run(['umount', folder], check=True)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn('No space left', run.stderr)
        self.assertEqual(run.stdout, 'unharmed\n')

    @each_python
    def test_a_limit_on_refscopes_own_files(self, python):
        path = self.path / 'limited.refscope'
        run = subprocess.run(['/bin/sh', '-c', 'trap "" XFSZ; ulimit -f 10; exec "$@"', 'sh', os.environ['RSC_CLI'], 'capture', '-o', path, '--',
                              python, '-c', 'print("unharmed")'], capture_output=True, text=True, timeout=LIMIT)
        self.assertNotEqual(run.returncode, 0)
        self.assertFalse(path.exists())
        self.assertEqual([p.name for p in self.path.iterdir() if 'limited' in p.name], [])
        self.assertEqual(run.stdout, 'unharmed\n')


class Sentences(Case):
    @each_python
    def test_the_agent_speaks_the_users_language(self, python):
        script = self.script(BROKEN)

        def said(environment):
            run = subprocess.run([os.environ['RSC_CLI'], 'capture', '-o', self.path / 'x.refscope', '--force', '--on-mark', 'broken',
                                  '--', python, script],
                                 env={**os.environ, **environment}, capture_output=True, text=True, timeout=LIMIT)
            self.assertNotEqual(run.returncode, 0)
            return run.stderr

        self.assertIn("while it read an object of the type 'Broken'", said({'LC_ALL': 'C.UTF-8', 'LANGUAGE': 'C'}))
        answer = said(chinese.environment())
        self.assertNotIn('while it read', answer)
        self.assertRegex(answer, '[\u4e00-\u9fff]{6}')


class Builds(Case):
    """Other builds of CPython are refused by name, and run on."""

    def test_a_debug_build(self):
        found = [p for p in map(shutil.which, ('python3-dbg', 'python3.11-dbg', 'python3.13-dbg', 'python3.14-dbg')) if p]
        if not found:
            self.skipTest('python3-dbg is not installed')
        self.build(found[0])

    def test_a_free_threaded_build(self):
        found = [p for p in map(shutil.which, ('python3.13t', 'python3.14t', 'python3.13-nogil', 'python3.14-nogil')) if p]
        if not found:
            self.skipTest('no free-threaded CPython is installed')
        self.build(found[0])

    def build(self, python):
        script = self.script('''
            import gc
            try:
                from refscope import mark
            except ImportError:
                mark = print
            heap = [[i, {i: str(i)}] for i in range(1000)]
            mark('x')
            a = []; a.append(a); del a
            print(gc.collect() > 0, sum(x[0] for x in heap), flush=True)
            ''')
        with Target(python, script, hold=True) as target:
            while True:
                event = target.wait('state')
                if event['state'] == 'held':
                    for words in ['capture'], ['capture', 'in-place'], ['collect', 2, 'capture']:
                        with self.assertRaisesRegex(Error, 'debug|free-threaded') as raised:
                            target.ask(*words)
                        self.assertEqual(raised.exception.code, UNSUPPORTED)
                    target.ask('continue')
                elif event['state'] == 'exited':
                    break
            self.assertEqual((event['status'], target.output[2]), (0, b''))
            self.assertTrue(target.output[1].endswith(b'True 499500\n'), target.output[1])
            refusals = [e['message'] for e in target.seen if e['event'] == 'no-python']
            print(f'# {python}: {refusals or "refused when asked"}', flush=True)


if __name__ == '__main__':
    unittest.main()
