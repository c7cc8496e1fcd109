"""What the program's own threads do at the same time as the agent: with its descriptors, its collector, its pending calls."""
import contextlib
import os
import subprocess
import tempfile
import textwrap
import time
import unittest

import interpreters
from running import BEGIN, END, SYSTEM_PYTHON, Program, attach, build_library, wait_until
from test_attach import CLI, cli
from tracing import is_supported

PYTHONS = [SYSTEM_PYTHON, *(path for path, version in interpreters.find() if path != SYSTEM_PYTHON and version >= (3, 12))][:2]


@unittest.skipUnless(is_supported() and CLI, 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Descriptors(unittest.TestCase):
    # It has many descriptors, which take some time to close.
    COPIES = """
        import errno, fcntl, os, resource, socket, subprocess, tempfile
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        many = [os.dup(1) for _ in range(min(most - 200, 20000))]
        folder = tempfile.TemporaryDirectory()
        path = folder.name + '/file'
        code = open('/bin/true', 'rb').read()
        def lock():
            file = os.open(path, os.O_RDWR | os.O_CREAT)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(file)
        def listen():
            global port
            s = socket.socket()
            s.bind(('127.0.0.1', port))
            s.listen()
            port = s.getsockname()[1]
            s.close()
        def end_of_file():
            ours, theirs = os.pipe()
            os.set_blocking(ours, False)
            os.close(theirs)
            assert os.read(ours, 1) == b''
            os.close(ours)
        def execute():
            with open(path + '.exe', 'wb') as file:
                file.write(code)
            os.chmod(path + '.exe', 0o755)
            subprocess.run([path + '.exe'], check=True)
        port, what, failed = 0, {}, []
        what[''] = lock, listen, end_of_file, execute
        ready()
        while not ended:
            for function in what['']:
                for _ in range(100 if function is not execute else 1):
                    try:
                        function()
                    except OSError as error:
                        failed.append(function.__name__ + ': ' + errno.errorcode[error.errno])
        folder.cleanup()
        assert failed == [], failed
        """

    def test_what_cannot_be_executed(self):
        """The agent looks at what is executed, as it may be another Python: also if that is no file."""
        program = """
import os, tempfile
with tempfile.TemporaryDirectory() as folder:
    os.mkfifo(folder + '/fifo')
    before = os.listdir('/proc/self/fd')
    for path in folder, folder + '/fifo':
        for execute in os.execv, lambda path, words: os.posix_spawn(path, words, {}):
            try:
                execute(path, ['nothing'])
            except PermissionError:
                pass
    print(len(os.listdir('/proc/self/fd')) - len(before), 'more')
"""
        with tempfile.TemporaryDirectory() as folder:
            result = cli('capture', '-q', '-o', os.path.join(folder, 'heap'), '--', SYSTEM_PYTHON, '-c', program)
            self.assertEqual(result.stdout, '0 more\n')

    def test_copies(self):
        """A capture's child has closed its copies of them before the program goes on."""
        for python in PYTHONS:
            with self.subTest(python=python), Program(self.COPIES, python) as program:
                # Where it makes a process, it may be found at a point where nothing is to be done.
                self.assertGreater(sum(attach(program.pid).returncode == 0 for _ in range(30)), 20)
                self.assertEqual(program.end(), (0, 'well\n', ''))

    # As another thread of the program's does it that has the worst of moments: close() and dup2() of the same number.
    TAKES = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdarg.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        int own = -1, kind, taken = -1;
        int fcntl64 (int fd, int command, ...)
        {
          struct stat status;
          va_list arguments;
          long argument;
          va_start (arguments, command);
          argument = va_arg (arguments, long);
          va_end (arguments);
          if (own >= 0 && taken < 0 && command == F_DUPFD_CLOEXEC && fd < 100 && fstat (fd, &status) == 0
              && (status.st_mode & S_IFMT) == kind)
            taken = dup2 (own, fd);
          return syscall (SYS_fcntl, fd, command, argument);
        }
        int fcntl (int fd, int command, ...) __attribute__ ((alias ("fcntl64")));
        """
    TAKEN = """
        import ctypes, os, stat, tempfile
        library = ctypes.CDLL(os.environ['LD_PRELOAD'])
        file = tempfile.TemporaryFile()
        ctypes.c_int.in_dll(library, 'kind').value = stat.{}
        ctypes.c_int.in_dll(library, 'own').value = file.fileno()
        ready()
        while not ended:
            time.sleep(.02)
        taken = ctypes.c_int.in_dll(library, 'taken').value
        assert taken >= 0 and os.path.sameopenfile(taken, file.fileno())
        assert os.fstat(taken).st_size == 0, os.fstat(taken)
        """

    def test_taken_numbers(self):
        """What the agent is sent or makes has a number that a thread of the program puts a file at: that is not written to."""
        with tempfile.TemporaryDirectory() as folder:
            path = build_library(folder, 'takes', self.TAKES)
            with Program(self.TAKEN.format('S_IFREG'), environment={'LD_PRELOAD': path}) as program:
                said = cli('capture', f'pid:{program.pid}', '-o', folder + '/heap.refscope', status=4).stderr
                self.assertIn('opened another of that number', said)
                cli('capture', f'pid:{program.pid}', '-o', folder + '/heap.refscope')
                self.assertEqual(program.end(), (0, 'well\n', ''))
            with Program(self.TAKEN.format('S_IFSOCK'), environment={'LD_PRELOAD': path}) as program:
                self.assertEqual(attach(program.pid).stderr, '')
                self.assertEqual(program.end(), (0, 'well\n', ''))


@unittest.skipUnless(is_supported() and CLI, 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Interpreter(unittest.TestCase):
    def test_pending_calls(self):
        """However often Refscope comes while the main thread waits: the program's own calls have room in the queue."""
        text = """
            import ctypes
            function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(lambda _: 0)
            results = []
            def ask():
                for _ in sys.stdin:
                    results.append(ctypes.pythonapi.Py_AddPendingCall(function, None))
            threading.Thread(target=ask).start()
            ready()
            while not ended:
                signal.pause()
            assert results == [0], results
            """
        for python in PYTHONS:
            with self.subTest(python=python), Program(text, python, stdin=subprocess.PIPE) as program:
                self.assertEqual(attach(program.pid, 40, 0).stderr, '')
                print(file=program.process.stdin)
                program.process.stdin.close()
                program.process.stdin = None
                self.assertTrue(wait_until(lambda: len(program.folder('task')) == 1))
                self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_stopped_collector(self):
        """A thread that stops the collector while finalizers of a collection of ours run has it stopped for good."""
        text = """
            import gc
            class Slow:
                def __init__(self):
                    self.me = self
                def __del__(self):
                    running.set()
                    went_on.wait()
            def stop():
                running.wait()
                seen.append(gc.isenabled())
                gc.disable()
                went_on.set()
            seen, running, went_on = [], threading.Event(), threading.Event()
            threading.Thread(target=stop).start()
            gc.collect()
            gc.set_threshold(100000)
            Slow()
            ready()
            while not ended:
                time.sleep(.02)
            assert seen == [True] and not gc.isenabled(), (seen, gc.isenabled())
            """
        for python in PYTHONS:
            for words in ['collect', '--live'], ['collect', '--live', '--agent-thread'], ['capture', '--collect-before', '-o', 'heap.refscope']:
                with (self.subTest(python=python, words=words), Program(text, python) as program,
                      tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder)):
                    cli(*words, f'pid:{program.pid}')
                    self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_another_interpreter(self):
        """A program that ends its interpreter and begins another one is attached to as before, and has nothing of the first."""
        embedding = os.environ.get('RSC_EMBEDDING_PROGRAM')
        if not embedding or subprocess.run([embedding], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest('built without python3-embed, or its libpython is not here')
        code = """if True:
            import gc, os, threading, time
            print('ready', len(gc.callbacks), flush=True)
            waiting = threading.Thread(target=os.read, args=(0, 1))
            waiting.start()
            while waiting.is_alive():
                cycle = [[i] for i in range(1000)]
                cycle.append(cycle)
                time.sleep(.001)
            """
        with subprocess.Popen([embedding, code, '--again', code, '--again', code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              bufsize=0) as program:
            self.addCleanup(program.kill)
            self.assertEqual(program.stdout.readline(), b'ready 0\n')
            for line in b'ready 0\n', b'ready 0\n', b'':
                self.assertEqual(attach(program.pid, 3, 1).stderr, '')
                cli('collect', '--live', f'pid:{program.pid}')
                self.assertRegex(cli('watch', '--record', '-d', '.3', f'pid:{program.pid}').stdout, ',collection,')
                # One is there when the interpreter ends.
                with subprocess.Popen([CLI, 'watch', '--record', f'pid:{program.pid}'], stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL) as watch:
                    self.assertTrue(watch.stdout.readline())
                    program.stdin.write(b'x')
                    self.assertEqual(program.stdout.readline(), line)
                    watch.kill()
            self.assertEqual(program.wait(60), 0)

    def test_nobody_came(self):
        """Refscope is killed before it has the connection: the next one need not wait long."""
        text = """
            import ctypes, os
            agent = ctypes.CDLL(os.environ['RSC_AGENT'])
            ends, room = (ctypes.c_int32 * 2)(), (ctypes.c_uint64 * 5)()
            result = agent.rsc_agent_attach_2(ends, room)
            ready()
            while not ended:
                time.sleep(.02)
            assert result == 0
            """
        with Program(text) as program:
            began = time.monotonic()
            self.assertTrue(wait_until(lambda: attach(program.pid, 1, 0).returncode == 0))
            self.assertLess(time.monotonic() - began, 4)
            self.assertEqual(program.end(), (0, 'well\n', ''))


@contextlib.contextmanager
def watched(pid):
    """Refscope is connected, and records; yields what it says, which is whole behind it."""
    rows = []
    with subprocess.Popen([CLI, 'watch', '--record', f'pid:{pid}'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as watch:
        try:
            rows.append(watch.stdout.readline())
            yield rows
            rows += watch.communicate(timeout=60)[0].splitlines()
        finally:
            watch.kill()


@unittest.skipUnless(is_supported() and CLI, 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Connected(unittest.TestCase):
    """What the program does to itself while Refscope is connected."""

    # With the GIL: whoever else has it is not in the child.
    CHILDREN = """
        import ctypes, gc, os
        libc = ctypes.PyDLL(None)
        def wait(pid):
            until = time.monotonic() + 30
            while time.monotonic() < until:
                found, status = os.waitpid(pid, os.WNOHANG)
                if found:
                    return os.waitstatus_to_exitcode(status)
                time.sleep(.01)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return 'hangs'
        def fork():
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            assert wait(pid) == 0
        ready()
        while not ended:
            time.sleep(.02)
        for make in ([libc._Fork] if hasattr(libc, '_Fork') else []) + [lambda: libc.syscall(57)]:
            for do in (lambda: None), gc.collect, fork:
                pid = make()
                if pid == 0:
                    do()
                    sys.exit(7)
                assert wait(pid) == 7
        for _ in range(30):
            gc.collect()
        """

    def test_children_of_system_calls(self):
        """A child that no handler of forks has seen comes to its end as any, and does not speak for its parent."""
        for python, _ in interpreters.find():
            with self.subTest(python=python), Program(self.CHILDREN, python) as program:
                with watched(program.pid) as rows:
                    self.assertEqual(program.end(), (0, 'well\n', ''))
                self.assertGreaterEqual(sum(',collection,' in row for row in rows), 30)

    def test_children_of_system_calls_of_a_launched_program(self):
        for python, _ in interpreters.find():
            with self.subTest(python=python), tempfile.TemporaryDirectory() as folder:
                text = BEGIN + textwrap.dedent(self.CHILDREN).replace('while not ended', 'while False') + END
                result = cli('capture', '-q', '-o', os.path.join(folder, 'heap'), '--', python, '-W', 'ignore', '-c', text)
                self.assertEqual(result.stdout, 'ready \nwell\n')

    def test_children_of_another_namespace(self):
        """What captures would be its first process, with which it ends: the program could make no children any more."""
        text = """
            import ctypes, os
            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
            print('ready' if ctypes.CDLL(None).unshare(0x20000000) == 0 else 'refused', flush=True)
            while not ended:
                time.sleep(.02)
            pid = os.fork()
            if pid == 0:
                os._exit(7)
            assert os.waitpid(pid, 0)[1] == 7 << 8
            """
        try:
            program = Program(text, environment={'PYTHONWARNINGS': 'ignore'})  # of threads and forks, from 3.12 on
        except AssertionError as error:
            self.skipTest(f'no PID namespace to be had: {error}')
        with program:
            self.assertIn('another PID namespace', cli('collect', '--live', f'pid:{program.pid}', status=4).stderr)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_filter_of_system_calls(self):
        """The program's thread may not do any more what the agent's needs: it is not made to."""
        text = """
            import ctypes, struct
            def allow_all_but(*numbers):
                code = b''.join(struct.pack('HBBI', *i) for i in [
                    (0x20, 0, 0, 0), *((0x15, len(numbers) - i, 0, number) for i, number in enumerate(numbers)),
                    (0x06, 0, 0, 0x7fff0000), (0x06, 0, 0, 0x80000000)])
                buffer = ctypes.create_string_buffer(code)
                program = struct.pack('HxxxxxxQ', len(code) // 8, ctypes.addressof(buffer))
                libc = ctypes.CDLL(None, use_errno=True)
                assert libc.prctl(38, 1, 0, 0, 0) == 0
                assert libc.syscall(317, 1, 0, ctypes.create_string_buffer(program)) == 0
            ready()
            while not ended:
                time.sleep(.02)
            # poll, clone, wait4, socket, sendto, recvfrom, sendmsg, recvmsg, prctl, tgkill, ppoll, eventfd2, memfd_create, clone3
            allow_all_but(7, 56, 61, 41, 44, 45, 46, 47, 157, 234, 271, 290, 319, 435)
            """
        for python, _ in interpreters.find():
            with self.subTest(python=python), Program(text, python) as program, watched(program.pid) as rows:
                self.assertEqual(program.end(), (0, 'well\n', ''))
            self.assertIn(',exit,', rows[-1])

    def test_limit_of_memory(self):
        """Where it cannot be lifted, the program has as much after a look at it as it had before."""
        text = """
            import resource
            resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))
            ready()
            while not ended:
                time.sleep(.02)
            """
        nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] if os.geteuid() == 0 else []
        for python in [python for python, _ in interpreters.find() if subprocess.run(
                [*nobody, python, '-c', ''], stderr=subprocess.DEVNULL).returncode == 0]:
            with self.subTest(python=python), Program(text, python, before=nobody) as program:
                before = program.measure()[1]
                self.assertEqual(attach(program.pid, 3, 1).stderr, '')
                # The agent itself, and the stack of its thread, which the C library keeps.
                self.assertTrue(wait_until(lambda: program.measure()[1] - before < 8 << 20), program.measure()[1] - before)
                self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_real_time(self):
        """What captures has no claim to the processor of a real-time program; the program keeps its own."""
        text = """
            import os
            held = [[i] for i in range(300000)]
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            ready()
            while not ended:
                time.sleep(.02)
            assert os.sched_getscheduler(0) == os.SCHED_FIFO
            """
        if subprocess.run(['chrt', '--fifo', '1', 'true'], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest('no real-time program can be made here')
        with Program(text) as program:
            # For a moment it is as the program.
            self.assertTrue(any(os.SCHED_OTHER in self.see_policies(program) for _ in range(10)))
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def see_policies(self, program):
        """Of what captures it once."""
        seen = set()
        with subprocess.Popen([CLI, 'types', f'pid:{program.pid}'], stdout=subprocess.DEVNULL) as types:
            while types.poll() is None:
                for child in program.children():
                    with contextlib.suppress(ProcessLookupError):
                        seen.add(os.sched_getscheduler(int(child)))
        self.assertEqual(types.returncode, 0)
        return seen


if __name__ == '__main__':
    unittest.main()
