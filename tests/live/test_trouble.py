"""What goes wrong gets a clear error; the program is unharmed, nothing hangs."""
import os
import pathlib
import resource
import shlex
import shutil
import signal
import subprocess
import time
import unittest

import interpreters
from target import (BUSY, EXITED, LIMIT, NOT_FOUND, PERMISSION, TIMEOUT, UNSUPPORTED, Case, Error, Target, descendants,
                    descriptors, each_python, status)

BUSY_PROGRAM = '''
import itertools, threading, time
import refscope
def work(n):
    kept = []
    for i in itertools.count():
        kept.append({i: [str(i)] * (i % 7)})
        if len(kept) > 500:
            del kept[:]
for n in range(3):
    threading.Thread(target=work, args=(n,), daemon=True).start()
refscope.mark('ready')
input()
print('done', flush=True)
'''
# Says how it goes without Refscope: to a file, one line a tick.
TICKS = '''
import os, sys, time
import refscope
out = open(sys.argv[1], 'a', buffering=1)
heap = [[i] for i in range(200_000)]
out.write('begun\\n')
refscope.mark('mark')
for i in range(3):
    out.write('tick\\n')
    time.sleep(0.02)
out.write('end\\n')
'''


def until(condition, what):
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(what)
        time.sleep(0.005)


class Trouble(Case):
    def fails(self, code, words, *command, **options):
        with Target(*command, **options) as target:
            with self.assertRaisesRegex(AssertionError, words) as raised:
                target.wait('state')
            self.assertIn(f"'code': {code}", str(raised.exception))

    def test_no_such_program(self):
        self.fails(NOT_FOUND, 'no program', 'no-such-program-anywhere')
        self.fails(NOT_FOUND, 'no program', self.path / 'absent')
        self.script('', 'alone.py', 0o644)
        self.fails(NOT_FOUND, 'python3 alone.py', 'alone.py', cwd=self.path)
        self.fails(NOT_FOUND, 'folder', '/bin/true', cwd=self.path / 'absent')
        self.fails(NOT_FOUND, 'interpreter', self.script('#!/no/such/interpreter\n', 'orphan', 0o755))

    def test_no_permission(self):
        self.fails(PERMISSION, 'permission', self.script('', 'plain.py', 0o644))
        self.fails(PERMISSION, 'is a folder', self.path)

    def test_no_python(self):
        with Target('/bin/echo', 'hello', hold=True) as target:
            target.wait('no-python')
            self.assertEqual(target.wait_exit(), 0)
            self.assertEqual(target.output[1], b'hello\n')
        with Target('/bin/cat', hold=True) as target:
            event = target.wait('waiting', state='starting')  # after some seconds of silence
            self.assertIn('No Python has started in this program yet', event['message'])
            with self.assertRaisesRegex(Error, 'not begun') as raised:
                target.ask('capture')
            self.assertEqual(raised.exception.code, BUSY)
            target.ask('input', 'abc')
            target.ask('input')
            self.assertEqual(target.wait_exit(), 0)
            self.assertEqual(target.output[1], b'abc')

    def late(self, name, python, text):
        """A program whose Python starts when somebody says so."""
        go = self.path / f'{name}-go'
        go.unlink(missing_ok=True)
        script = self.script(f'''\
            #!/bin/sh
            while [ ! -e {go} ]; do sleep 0.05; done
            exec {python} -c {shlex.quote(text)}
            ''', name, 0o755)
        return go, script

    @each_python
    def test_python_comes_late(self, python):
        go, script = self.late('late', python, 'import refscope; refscope.mark("here")')
        with Target(script, hold=True) as target:
            target.wait('waiting', state='starting')
            go.touch()
            target.wait_held(hint='here')
            target.ask('capture')
            self.assertEqual(target.finish(), (0, b'', b''))

    @each_python
    def test_nobody_waits_for_a_late_python(self, python):
        go, script = self.late('left', python, 'import os, sys; print([k for k in os.environ if "LD_PRE" in k], "refscope" in sys.modules)')
        process = subprocess.Popen([os.environ['RSC_CLI'], 'capture', '-o', self.path / 'never.refscope', '--', script],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(lambda: descendants(process.pid), 'it did not start')
        process.send_signal(signal.SIGINT)
        process.wait(LIMIT)
        go.touch()
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, out), (5, '[] False\n'))
        self.assertRegex(err, r'\Arefscope-cli: Interrupted before the heap was captured: nothing was written\.\n'
                              r'refscope-cli: The program runs on \(PID \d+\)\.\n\Z')

    def test_an_old_python(self):
        old = interpreters.pyenv('3.[6-9].*')
        if not old:
            self.skipTest('no CPython before 3.10 was found')
        for python in old:
            with Target(python, '-c', 'print(1)', hold=True) as target:
                self.assertRegex(target.wait('no-python')['message'], r'CPython 3\.\d')
                self.assertEqual(target.finish(), (0, b'1\n', b''))

    @each_python
    def test_it_exits_at_once(self, python):
        with Target(python, '-c', 'import os; os._exit(3)') as target:
            self.assertEqual(target.wait_exit(), 3)
            for command in ('capture',), ('collect', 2), ('gc-info',), ('thresholds', 1, 1, 1):
                with self.assertRaisesRegex(Error, 'ended') as raised:
                    target.ask(*command)
                self.assertEqual(raised.exception.code, EXITED)
            with self.assertRaises(Error) as raised:
                target.ask('continue')
            self.assertEqual(raised.exception.code, BUSY)
            self.assertFalse(target.ask('memory')['sampled'])
            with self.assertRaises(Error):
                target.ask('stop', 15)

    @each_python
    def test_it_crashes(self, python):
        script = self.script('''
            import ctypes, refscope
            refscope.mark('before')
            ctypes.string_at(8)
            ''')
        with Target(python, script, hold=True) as target:
            target.wait_held()
            target.ask('capture')
            target.ask('continue')
            self.assertEqual(target.wait_exit(), -signal.SIGSEGV)
            with self.assertRaisesRegex(Error, 'signal 11'):
                target.ask('capture')

    @each_python
    def test_what_it_says_last_is_heard(self, python):
        script = self.script('''
            import os, refscope
            for i in range(50):
                refscope.mark(str(i))
            os._exit(0)
            ''')
        with Target(python, script) as target:
            self.assertEqual(target.wait_exit(), 0)
            self.assertEqual([e['hint'] for e in target.seen if e['event'] == 'mark'], [str(i) for i in range(50)])

    @each_python
    def test_it_is_held_at_an_uncaught_exception(self, python):
        script = self.script('''
            import refscope
            def f(x):
                local = [x]
                raise KeyError(x)
            f(1)
            ''')
        with Target(python, script, hold=True) as target:
            event = target.wait_held('uncaught')
            self.assertEqual((event['hint'], event['line'], event['file']), ('KeyError', 5, str(script)))
            self.assertEqual(target.output[2], b'')
            target.ask('capture')
            target.ask('continue')
            target.wait_held('at-exit')
            self.assertIn(b'KeyError: 1', target.output[2])
            target.ask('continue')
            self.assertEqual(target.wait_exit(), 1)

    @each_python
    def test_it_is_held_out_of_memory(self, python):
        script = self.script('''
            import resource
            used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + 100_000_000, resource.RLIM_INFINITY))
            def fill():
                kept = []
                while True:
                    kept.append([None] * 1000)
            fill()
            ''')
        with Target(python, script, hold=True) as target:
            self.assertEqual(target.wait_held('uncaught')['hint'], 'MemoryError')
            snapshot = target.ask('capture')['snapshot']
            self.assertGreater(snapshot['objects'], 10_000)
            target.ask('continue')
            target.wait_held('at-exit')
            target.ask('continue')
            self.assertEqual(target.wait_exit(), 1)
            self.assertIn(b'MemoryError', target.output[2])

    @each_python
    def test_it_execs(self, python):
        script = self.script('import os; os.execv("/bin/cat", ["cat"])')
        with Target(python, script, hold=True) as target:
            self.assertRegex(target.wait('no-python')['message'], 'executed.*/bin/cat')
            target.ask('input', 'x')
            target.ask('input')
            self.assertEqual(target.wait_exit(), 0)
            self.assertEqual(target.output, {1: b'x', 2: b''})

    @each_python
    def test_it_execs_another_python(self, python):
        told = 'print({k: v for k, v in os.environ.items() if "LD_PRE" in k}, open("/proc/self/environ").read().count("LD_PRELOAD"))'
        second = self.script(f'''\
            #!{python}
            import os, refscope
            {told}
            kept = ['second']
            refscope.mark('second')
            ''', 'second.py', 0o755)
        plain = b'{} 0\n'
        for name, call, output in (
                ('its own', f'os.execv(sys.executable, [sys.executable, {str(second)!r}])', plain),
                ('a script', f'os.execl({str(second)!r}, "second")', plain),
                ('no environment', f'os.execve({python!r}, [{python!r}, {str(second)!r}], {{}})', plain),
                ('a preload', f'os.execve({python!r}, [{python!r}, {str(second)!r}], {{"LD_PRELOAD": "libm.so.6"}})',
                 b"{'LD_PRELOAD': 'libm.so.6'} 1\n")):
            first = self.script(f'''
                import os, refscope, sys
                refscope.mark('first')
                {call}
                ''', 'first.py')
            with self.subTest(name), Target(python, first, hold=True) as target:
                target.wait_held(hint='first')
                pid = target.pid()
                target.ask('continue')
                target.wait_held(hint='second')
                self.assertEqual(target.pid(), pid)
                self.assertGreater(target.ask('capture')['snapshot']['objects'], 1000)
                self.assertEqual(target.finish(), (0, output, b''))

    @each_python
    def test_all_of_an_exec_is_read_at_once(self, python):
        """Refscope comes to it only when the first is gone and the second has said hello."""
        go = self.path / 'go'
        go.unlink(missing_ok=True)
        second = self.script('import refscope; refscope.mark("second")', 'second.py')
        first = self.script(f'''
            import os, sys, time
            print('ready', flush=True)
            while not os.path.exists({str(go)!r}):
                time.sleep(0.01)
            os.execv(sys.executable, [sys.executable, {str(second)!r}])
            ''', 'first.py')
        with Target(python, first, hold=True) as target:
            target.wait_output(b'ready')
            pid = target.pid()
            target.process.send_signal(signal.SIGSTOP)
            try:
                go.touch()
                said = 0
                while said < 5:  # it has loaded the agent, and waits for the answer
                    command = pathlib.Path(f'/proc/{pid}/cmdline').read_text()
                    libraries = pathlib.Path(f'/proc/{pid}/maps').read_text()
                    waits = 'second.py' in command and 'refscope-agent' in libraries and status(pid, 'State')[0] == 'S'
                    said = said + 1 if waits else 0
                    time.sleep(0.02)
            finally:
                target.process.send_signal(signal.SIGCONT)
            target.wait_held(hint='second')
            self.assertEqual(target.pid(), pid)
            self.assertEqual(target.finish()[0], 0)

    @each_python
    def test_it_execs_behind_a_shell_that_did_not_wait(self, python):
        second = self.script('import refscope; refscope.mark("second")', 'second.py')
        go = self.path / 'go'
        shell = f'"$@" & while [ ! -e {go} ]; do sleep 0.05; done; exit 3'
        for arguments in [str(second)], ['--no-such-option']:
            go.unlink(missing_ok=True)
            first = self.script(f'''
                import os, refscope, sys
                refscope.mark('first')
                os.execv(sys.executable, [sys.executable, *{arguments}])
                ''', 'first.py')
            with self.subTest(arguments), Target('/bin/sh', '-c', shell, 'sh', python, first, hold=True) as target:
                target.wait_held(hint='first')
                launched = pathlib.Path(f'/proc/{status(target.pid(), "PPid")}')
                go.touch()
                while launched.exists():
                    time.sleep(0.02)
                target.ask('continue')
                if arguments == [str(second)]:
                    target.wait_held(hint='second')
                    target.ask('capture')
                    target.finish()
                else:
                    target.wait('state', state='exited')
                    self.assertIn('ended before Python code began to run in it', target.seen[-1]['message'])

    @each_python
    def test_what_it_execs_has_its_own_environment(self, python):
        script = self.script('import os; os.execv("/usr/bin/env", ["env"])')
        with Target(python, script, hold=True) as target:
            self.assertEqual(target.wait_exit(), 0)
            self.assertNotIn(b'LD_PRELOAD', target.output[1])

        shim = self.script('#!/bin/sh\nexec env\n', 'python-shim', 0o755)
        with Target(python, self.script(f'import os; os.execv({str(shim)!r}, ["x"])'), hold=True) as target:
            self.assertEqual(target.wait_exit(), 0)
            self.assertIn(b'PATH=', target.output[1])
            self.assertNotIn(b'LD_PRELOAD', target.output[1])

    @each_python
    def test_a_python_that_it_execs_may_not_load_the_stub(self, python):
        if os.getuid() != 0:
            self.skipTest('only root can become another user')
        self.path.chmod(0o755)
        second = self.path / 'python-echo'
        shutil.copy('/bin/echo', second)
        script = self.script(f'import os; os.setuid(65534); os.execv({str(second)!r}, ["echo", "ran"])')
        with Target(python, script, hold=True) as target:
            self.assertEqual(target.wait_exit(), 0)
            self.assertEqual(target.output, {1: b'ran\n', 2: b''})

    @each_python
    def test_a_python_that_it_wants_to_exec_is_none(self, python):
        second = self.path / 'python-broken'
        second.write_bytes(b'\x7fELF, or not')
        second.chmod(0o755)
        script = self.script(f'''
            import ctypes, os
            try:
                os.execv({str(second)!r}, ['x'])
            except OSError:
                ctypes.CDLL(None).exit(9)
            ''')
        with Target(python, script) as target:
            self.assertEqual(target.wait_exit(), 9)
            self.assertIn('status 9 at once', target.seen[-1]['message'])

    @each_python
    def test_it_execs_a_descriptor(self, python):
        script = self.script('import os; os.execve(os.open("/bin/true", os.O_RDONLY), ["x"], {})')
        with Target(python, script) as target:
            self.assertEqual(target.wait_exit(), 0)
            self.assertRegex(target.seen[-1]['message'], r'in its place \(/.*/true\), which is not watched')

    @each_python
    def test_a_python_that_it_execs_does_not_begin(self, python):
        script = self.script('import os, sys; os.execv(sys.executable, [sys.executable, "--no-such-option"])')
        with Target(python, script, hold=True) as target:
            self.assertEqual(target.wait_exit(), 2)
            self.assertRegex(target.seen[-1]['message'], 'executed another one in its place .*status 2 before Python code began')
            with self.assertRaisesRegex(Error, 'before Python code began') as raised:
                target.ask('capture')
            self.assertEqual(raised.exception.code, EXITED)

    @each_python
    def test_it_closes_all_its_descriptors(self, python):
        script = self.script('''
            import os, refscope, resource
            limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            os.closerange(3, 65536)
            fds = [os.open('/dev/null', os.O_RDWR) for i in range(20)]
            # The agent's numbers are from 4096 on, or the last 64 below the limit.
            pairs = [os.dup2(fds[0], n) for n in range(min(limit - 100, 4000), min(limit, 4200))]
            refscope.mark('closed')
            print(refscope.is_connected(), flush=True)
            for fd in fds + pairs:
                os.close(fd)
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
            print(input())
            ''')
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        for limit in 256, 1024, 8192:
            if hard != resource.RLIM_INFINITY and limit > hard:
                continue
            with self.subTest(limit), Target('/bin/sh', '-c', 'ulimit -Sn "$0" && exec "$@"', limit, python, script, hold=True) as target:
                self.assertRegex(target.wait('no-python')['message'], 'closed')
                with self.assertRaisesRegex(Error, 'closed'):
                    target.ask('capture')
                target.ask('input', 'text\n')
                target.ask('input')
                self.assertEqual(target.wait_exit(), 0)
                self.assertEqual(target.output, {1: b'False\ntext\n', 2: b''})

    @each_python
    def test_a_capture_is_cancelled(self, python):
        with Target(python, self.script(TICKS), self.path / 'cancelled', hold=True) as target:
            target.wait_held()
            pid = target.pid()
            pending = target.begin('capture')
            until(lambda: descendants(pid), 'no child')
            os.kill(descendants(pid)[0], signal.SIGSTOP)
            target.ask('cancel')
            with self.assertRaises(Error):
                pending.get()
            until(lambda: not descendants(pid), 'the child stayed')
            target.ask('continue')
            target.wait_held('at-exit')

    @each_python
    def test_the_command_line_is_interrupted_while_it_captures(self, python):
        heap, ticks = self.path / 'interrupted.refscope', self.path / 'interrupted'
        ticks.write_text('')
        # A machine at load may let this test look again when the program and its child have ended already.
        script = self.script(TICKS.replace('200_000', '1_000_000').replace('refscope.mark', 'sys.stdin.readline()\nrefscope.mark'))
        process = subprocess.Popen([os.environ['RSC_CLI'], 'capture', '--on-mark', 'mark', '-o', heap, '--', python, script, ticks],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(lambda: ticks.read_text() == 'begun\n', 'it did not start')
        program = descendants(process.pid)[0]
        process.stdin.write('\n')
        process.stdin.flush()
        until(lambda: descendants(program), 'no child')
        os.kill(descendants(program)[0], signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, out), (5, ''), err)
        self.assertIn('Interrupted before the heap was captured: nothing was written.', err)
        self.assertFalse(heap.exists())
        until(lambda: ticks.read_text() == 'begun\ntick\ntick\ntick\nend\n', 'the program was harmed')

    @each_python
    def test_a_mark_waits_for_its_capture_only(self, python):
        script = self.script('''
            import refscope
            heap = [[i] for i in range(300_000)]
            refscope.mark('other')
            refscope.mark('this')
            refscope.mark('later')
            ''')
        with Target(python, script, marks=['this']) as target:
            target.wait_held(hint='this')
            pending = target.begin('capture', 'release')
            # The program goes on before the child is done; its end waits for it.
            self.assertEqual(target.wait('mark', hint='later')['uss'], 0)
            self.assertGreater(pending.get()['snapshot']['objects'], 600_000)
            self.assertEqual(target.wait_exit(), 0)

    @each_python
    def test_refscope_is_killed(self, python):
        for moment in 'start', 'held', 'capture', 'in place', 'end':
            ticks = self.path / f'ticks-{moment}'
            ticks.write_text('')
            with Target(python, self.script(TICKS), ticks, hold=True) as target:
                if moment == 'start':
                    target.wait('state', state='running')
                else:
                    target.wait_held()
                    pid = target.pid()
                    if moment in ('capture', 'in place'):
                        target.begin('capture', *(['in-place'] if moment == 'in place' else []))
                        if moment == 'capture':
                            until(lambda: descendants(pid), 'no child')
                    elif moment == 'end':
                        target.ask('continue')
                        target.wait_held('at-exit')
                target.process.kill()
                target.process.wait()
                target.process.stdin.close()
                until(lambda: ticks.read_text() == 'begun\ntick\ntick\ntick\nend\n', f'{moment}: {ticks.read_text()!r}')
                if moment != 'start':
                    until(lambda: not os.path.exists(f'/proc/{pid}') or status(pid, 'State')[0] == 'Z', 'it did not end')

    @each_python
    def test_refscope_leaves(self, python):
        ticks = self.path / 'ticks'
        ticks.write_text('')
        with Target(python, self.script(TICKS), ticks, hold=True) as target:
            target.wait_held()
        until(lambda: ticks.read_text().endswith('end\n'), ticks.read_text())

    @each_python
    def test_the_end_of_a_held_program(self, python):
        for signum in signal.SIGTERM, signal.SIGINT, signal.SIGKILL:
            with Target(python, self.script(TICKS), self.path / 'stopped', hold=True) as target:
                target.wait_held()
                target.ask('stop', int(signum))
                self.assertEqual(target.wait_exit(), -int(signum))

    @each_python
    def test_many_captures_of_a_busy_program(self, python):
        n = int(os.environ.get('RSC_TEST_CAPTURES', 60))
        with Target(python, self.script(BUSY_PROGRAM), marks=['ready']) as target:
            target.wait_held()
            pid = target.pid()
            target.ask('continue')
            for i in range(10):
                target.ask('capture')
            before = sorted(descriptors(pid).items()), status(pid, 'Threads'), descendants(pid)
            resident = int(status(pid, 'VmRSS').split()[0])
            for i in range(n):
                target.ask('capture')
            after = sorted(descriptors(pid).items()), status(pid, 'Threads'), descendants(pid)
            self.assertEqual(before, after)
            self.assertLess(abs(int(status(pid, 'VmRSS').split()[0]) - resident), 8 * 1024)
            print(f'# {n} captures: resident {resident} -> {status(pid, "VmRSS")}', flush=True)
            target.ask('input', 'x')
            target.ask('input')
            self.assertEqual(target.wait_exit(), 0)
            self.assertEqual(target.output, {1: b'done\n', 2: b''})


if __name__ == '__main__':
    unittest.main()
