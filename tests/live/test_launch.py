"""A launched program runs unchanged, however it is launched."""
import os
import re
import signal
import subprocess

from target import Case, Error, Target, each_python

# What a program can see of itself; two runs are to print the same.
REPORT = '''
import sys, os, signal, threading, subprocess
def report():
    main = sys.modules['__main__']
    yield 'argv', sys.argv
    yield 'orig_argv', sys.orig_argv
    yield 'main', sorted(k for k in vars(main))
    yield 'main file', getattr(main, '__file__', None), main.__name__, repr(main.__spec__), main.__package__
    yield 'environment', sorted(os.environ.items())
    yield 'path', sys.path, sys.path_hooks and len(sys.path_hooks), [getattr(f, '__name__', type(f).__name__) for f in sys.meta_path]
    yield 'modules', sorted(sys.modules)
    yield 'builtin', sys.builtin_module_names
    yield 'flags', sys.flags
    yield 'executable', sys.executable, sys.prefix, sys.exec_prefix
    yield 'directory', os.getcwd(), os.umask(0o22)
    yield 'signals', [(s.name, str(signal.getsignal(s))) for s in signal.valid_signals() if isinstance(s, signal.Signals)]
    yield 'mask', sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, [])))
    yield 'threads', threading.enumerate()[0].name, threading.active_count(), len(sys._current_frames())
    yield 'hooks', sys.excepthook is sys.__excepthook__, sys.getprofile(), sys.gettrace(), sys.getswitchinterval()
    yield 'descriptor', os.open(os.devnull, os.O_RDONLY)
    yield 'child', subprocess.run([sys.executable, '-c', 'import os, sys; print(sorted(os.environ.items()), sys.path)'],
                                  capture_output=True, text=True)
    import gc
    yield 'collector', gc.isenabled(), gc.get_threshold(), gc.callbacks, gc.garbage, gc.get_debug()
for line in report():
    print(*line)
sys.stdout.flush()
print('to standard error', file=sys.stderr)
'''


def without_addresses(output):
    return re.sub(' at 0x[0-9a-f]+', ' at 0x', output.decode())


class Launch(Case):
    maxDiff = 4000

    def compare(self, *command, status=0, env=None, **options):
        """The same standard streams and exit status as without Refscope."""
        env = {**(os.environ if env is None else env), 'PYTHONHASHSEED': '0', 'PYTHONDONTWRITEBYTECODE': '1'}
        plain = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, env=env,
                               timeout=60, cwd=options.get('cwd'))
        with Target(*command, env=env, **options) as target:
            try:
                target.ask('input')  # there is nothing to read
            except Error as error:  # it has ended already
                self.assertRegex(str(error), 'closed|ended')
            code, out, err = target.finish()
            states = [event['state'] for event in target.seen if event['event'] == 'state']
        self.assertEqual(without_addresses(plain.stdout), without_addresses(out))
        self.assertEqual(without_addresses(plain.stderr), without_addresses(err))
        self.assertEqual(plain.returncode, code)
        self.assertEqual(status, code)
        return states

    @each_python
    def test_rule_01_a_script_runs_unchanged(self, python):
        script = self.script(REPORT)
        self.compare(python, script, 'one', '--two', '')

    @each_python
    def test_rule_01_a_held_script_runs_unchanged(self, python):
        script = self.script(REPORT)
        states = self.compare(python, script, hold=True)
        self.assertEqual(states, ['running', 'held', 'running', 'exited'])

    @each_python
    def test_rule_01_isolated_without_site_and_environment(self, python):
        script = self.script(REPORT)
        self.compare(python, '-I', '-S', '-E', script, 'x')

    @each_python
    def test_rule_01_a_module(self, python):
        (self.path / 'package').mkdir(exist_ok=True)
        self.script(REPORT, 'package/__main__.py')
        self.script('', 'package/__init__.py')
        self.compare(python, '-m', 'package', 'x', cwd=self.path)

    @each_python
    def test_rule_01_a_command_and_a_folder(self, python):
        self.script(REPORT, '__main__.py')
        self.compare(python, '-c', REPORT, 'x')
        self.compare(python, self.path, 'x')

    @each_python
    def test_rule_01_a_shebang_script(self, python):
        script = self.script(f'#!{python} -E\n' + REPORT, 'program', 0o755)
        self.compare(script, 'x', 'y')

    @each_python
    def test_rule_01_through_env(self, python):
        script = self.script('#!/usr/bin/env python3\n' + REPORT, 'program', 0o755)
        path = os.path.dirname(python) + ':' + os.environ['PATH']
        self.compare('/usr/bin/env', 'A=b', python, script, 'x')
        self.compare(script, 'x', env={**os.environ, 'PATH': path})

    @each_python
    def test_rule_01_through_shells(self, python):
        script = self.script(REPORT)
        shim = self.script(f'#!/bin/sh\ntrue | cat\nexport A=b\nexec {python} "$@"\n', 'shim', 0o755)
        self.compare(shim, script, 'x y')
        shim = self.script(f'#!/bin/sh\n{python} "$@"\nexit 3\n', 'shim', 0o755)
        self.compare(shim, script, 'x y', status=3)

    @each_python
    def test_rule_01_a_preload_of_its_own_stays(self, python):
        script = self.script('import os; print(os.environ["LD_PRELOAD"])')
        # A sanitised driver would refuse to come after these libraries.
        sanitiser = os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'
        for value in 'libm.so.6', '', 'libm.so.6:libdl.so.2':
            self.compare(python, script, env={**os.environ, 'LD_PRELOAD': value, 'ASAN_OPTIONS': sanitiser})

    @each_python
    def test_rule_01_only_the_program_is_captured(self, python):
        script = self.script('''
            import subprocess, sys
            subprocess.run([sys.executable, '-c', 'print(1)'], check=True)
            subprocess.run('sleep 0; ' + sys.executable + ' -c "print(2)"', shell=True, check=True)
            ''')
        with Target(python, script, hold=True) as target:
            target.finish()
            self.assertEqual([e['hold'] for e in target.seen if e['event'] == 'state' and e['state'] == 'held'],
                             ['at-exit'])

    @each_python
    def test_rule_01_one_after_the_other(self, python):
        with Target('/bin/sh', '-c', f'{python} -c "print(1)"; {python} -c "print(2)"', hold=True) as target:
            first = target.wait_held('at-exit')
            pid = target.pid()
            target.ask('capture')
            target.ask('continue')
            target.wait_held('at-exit')
            self.assertNotEqual(pid, target.pid())
            target.ask('capture')
            self.assertTrue(first)
            target.ask('continue')
            self.assertEqual(target.wait_exit(), 0)

    @each_python
    def test_exit_statuses(self, python):
        for code, status in (('raise SystemExit(7)', 7), ('import os; os._exit(9)', 9), ('1/0', 1),
                             ('import os; os.kill(os.getpid(), 15)', -15), ('raise SystemExit("text")', 1),
                             ('import os; os.abort()', -6)):
            self.compare(python, '-c', code, status=status)

    @each_python
    def test_exceptions_threads_and_atexit(self, python):
        script = self.script('''
            import atexit, sys, threading, time
            atexit.register(print, 'atexit 1', file=sys.stderr)
            atexit.register(lambda: 1/0)
            def work(n):
                time.sleep(0.05)
                print('thread', n, flush=True)
                raise ValueError(n)
            t = threading.Thread(target=work, args=(1,))
            t.start()
            t.join()
            class D:
                def __del__(self):
                    print('finalized', file=sys.stderr)
            d = D()
            raise KeyError('end')
            ''')
        self.compare(python, script, status=1)
        self.compare(python, script, status=1, hold=True)

    @each_python
    def test_rule_02_fork_warns_of_nothing(self, python):
        script = self.script('''
            import os, sys, subprocess, warnings, multiprocessing
            warnings.simplefilter('always')
            for i in range(5):
                pid = os.fork()
                if pid == 0:
                    print('child', i, flush=True)
                    os._exit(i)
                print(os.waitpid(pid, 0)[1], flush=True)
            try:
                pid, fd = os.forkpty()
            except OSError as error:  # a machine, or a root, without /dev/pts
                print('no terminal:', error, flush=True)
            else:
                if pid == 0:
                    os._exit(0)
                os.waitpid(pid, 0)
            subprocess.run(['true'], preexec_fn=lambda: None, check=True)
            if __name__ == '__main__':
                context = multiprocessing.get_context('fork')
                try:
                    context.Lock()
                except OSError as error:  # /dev/shm is not there, or is root's
                    print('no semaphores:', error, flush=True)
                else:
                    with context.Pool(2) as pool:
                        print(pool.map(abs, [-1, -2]), flush=True)
            print('end', flush=True)
            ''')
        # A pool has threads of its own, of which 3.12 warns by itself: in both runs alike.
        self.compare(python, script)
        self.compare(python, script, hold=True)

    @each_python
    def test_signals_reach_the_program(self, python):
        script = self.script('''
            import os, signal, sys, time
            got = []
            def handler(number, frame):
                got.append(number)
                os.write(1, b'got %d\\n' % number)  # a signal may come inside print()
            signal.signal(signal.SIGUSR1, handler)
            signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the test may ignore it
            print('ready', flush=True)
            while not got:
                time.sleep(0.01)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
            print('blocked', flush=True)
            try:
                while True:
                    time.sleep(10)
            except KeyboardInterrupt:
                print('interrupted', flush=True)
                sys.exit(5)
            ''')
        with Target(python, script) as target:
            target.wait_output(b'ready')
            target.ask('stop', int(signal.SIGUSR1))
            target.wait_output(b'got 10')
            target.wait_output(b'blocked')
            target.ask('capture')
            target.ask('stop', int(signal.SIGUSR2))
            target.ask('stop', int(signal.SIGINT))
            self.assertEqual(target.wait_exit(), 5)

    @each_python
    def test_standard_input(self, python):
        with Target(python, '-c', 'print(input()[::-1]); print(input())') as target:
            target.ask('input', 'abc')
            target.ask('input')
            status = target.wait_exit()
            self.assertEqual(status, 1)  # end of file
            self.assertEqual(target.output[1], b'cba\n')

    @each_python
    def test_standard_input_program(self, python):
        with Target(python, hold=True) as target:
            target.ask('input', 'import refscope; print(refscope.is_connected())')
            target.ask('input')
            target.wait_held('at-exit')
            target.ask('continue')
            self.assertEqual(target.wait_exit(), 0)
            self.assertEqual(target.output[1], b'True\n')

    @each_python
    def test_the_folder_is_private_and_goes(self, python):
        runtime = self.path / 'runtime'
        runtime.mkdir(exist_ok=True)
        with Target(python, '-c', '', hold=True, env={**os.environ, 'XDG_RUNTIME_DIR': str(runtime)}) as target:
            target.wait_held('at-exit')
            folder, = runtime.iterdir()
            self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
            self.assertEqual((folder / 'socket').stat().st_mode & 0o777, 0o600)
            target.ask('continue')
            target.wait_exit()
        self.assertEqual(list(runtime.iterdir()), [])


class Package(Case):
    """`import refscope` in a launched program, and anywhere."""

    @each_python
    def test_the_package_is_found(self, python):
        script = self.script('''
            import sys
            before = list(sys.path), list(sys.meta_path), list(sys.path_hooks), sys.builtin_module_names
            import refscope
            from refscope import mark
            assert before == (sys.path, sys.meta_path, sys.path_hooks, sys.builtin_module_names)
            assert refscope.__spec__.origin == refscope.__file__ and refscope.__path__
            assert refscope.is_connected()
            assert mark('a') is None and mark(hint='b') is None and mark() is None
            try:
                mark(3)
            except TypeError:
                print('done')
            ''')
        for flags in [], ['-I', '-S', '-E']:
            with Target(python, *flags, script) as target:
                code, out, err = target.finish()
                self.assertEqual((code, out, err), (0, b'done\n', b''))
                self.assertEqual([e['hint'] for e in target.seen if e['event'] == 'mark'], ['a', 'b', ''])

    @each_python
    def test_the_programs_own_package_comes_first(self, python):
        folder = self.path / 'own'
        folder.mkdir(exist_ok=True)
        self.script('ours = 1', 'own/refscope.py')
        script = self.script('import refscope; print(refscope.ours)', 'own/program.py')
        with Target(python, script) as target:
            self.assertEqual(target.finish(), (0, b'1\n', b''))

    @each_python
    def test_without_refscope_it_does_nothing(self, python):
        env = {**os.environ, 'PYTHONPATH': os.environ['RSC_PYTHON_PACKAGE']}
        run = subprocess.run([python, '-c', 'import refscope; print(refscope.mark("a"), refscope.is_connected())'],
                             env=env, capture_output=True, timeout=60)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, b'None False\n', b''))

    @each_python
    def test_a_mark_tells_where_and_how_much(self, python):
        script = self.script('''
            import refscope
            refscope.mark("one")
            a = bytearray(100_000_000)
            def f():
                refscope.mark("two")
            f()
            ''')
        with Target(python, script) as target:
            target.finish()
            marks = [e for e in target.seen if e['event'] == 'mark']
            self.assertEqual([(e['hint'], e['line'], e['file']) for e in marks],
                             [('one', 3, str(script)), ('two', 6, str(script))])
            self.assertGreater(marks[0]['uss'], 1_000_000)
            # Pages of libpython count while no other process has them: some megabytes.
            self.assertAlmostEqual(marks[1]['uss'] - marks[0]['uss'], 100_000_000, delta=10_000_000)
            self.assertLessEqual(marks[0]['seconds'], marks[1]['seconds'])
