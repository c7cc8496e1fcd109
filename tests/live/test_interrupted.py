"""Which thread of a program is interrupted when Refscope attaches, and what would come back from that otherwise."""
import contextlib
import fcntl
import functools
import itertools
import json
import os
import pathlib
import random
import select
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import interpreters
from running import IS_SANITISED, ROUNDS_PROGRAM, Program, attach, build_library, wait_until
from tracing import is_supported

CLI = os.environ.get('RSC_CLI')
ROUNDS = 10


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Interrupted(unittest.TestCase):
    def test_calls_that_would_come_back_with_less(self):
        """A write() in the middle of its bytes would end there: another thread is taken, or none."""
        size = 1 << 22
        text = """
            import os, socket
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(path)
            def send():
                assert os.write(connection.fileno(), bytes(size)) == size
            def receive():
                assert len(connection.recv(2, socket.MSG_WAITALL)) == 2
            def read():
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 2)
                assert len(os.read(connection.fileno(), 2)) == 2
            thread = threading.Thread(target=locals()[call])
            ready()
            thread.start() if has_another else thread.run()
            while not ended:
                time.sleep(.01)
            """
        for call, has_another in itertools.product(['send', 'receive', 'read'], [True, False]):
            with self.subTest(call, has_another=has_another), tempfile.TemporaryDirectory() as folder, \
                    socket.socket(socket.AF_UNIX) as listener:
                path = os.path.join(folder, 'socket')
                listener.bind(path)
                listener.listen()
                with Program(f'            path, size, call, has_another = {path!r}, {size}, {call!r}, {has_another}\n' + text) as program:
                    connection = listener.accept()[0]
                    if call == 'send':
                        connection.recv(1, socket.MSG_PEEK)
                    else:
                        connection.sendall(b'1')
                        time.sleep(.1)
                    for _ in range(3):
                        result = attach(program.pid)
                        self.assertEqual(result.returncode, 0 if has_another else 1, result.stderr)
                        self.assertIn('' if has_another else 'reads or writes much', result.stderr)
                    if call == 'send':
                        self.assertEqual(len(connection.recv(size, socket.MSG_WAITALL)), size)
                    else:
                        connection.sendall(b'2')
                    time.sleep(.1)
                    self.assertEqual(program.end(), (0, 'well\n', ''))
                    connection.close()

    def test_a_program_that_writes_all_the_time(self):
        """It is seldom seen to wait: a write() ends too soon where it runs as well."""
        text = """
            import os, socket
            source, sink = os.pipe() if kind == 'pipe' else [end.detach() for end in socket.socketpair()]
            if os.fork() == 0:
                os.close(sink)
                while os.read(source, 65536):
                    pass
                os._exit(0)
            os.close(source)
            ready()
            block = b'x' * 300000
            while not ended:
                n = os.write(sink, block)
                assert n == len(block) or ended, n
            """
        for kind in 'pipe', 'socket':
            with self.subTest(kind), Program(f'            kind = {kind!r}\n' + text) as program:
                for _ in range(3):
                    result = attach(program.pid)
                    self.assertIn('' if result.returncode == 0 else 'reads or writes much', result.stderr)
                self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_a_program_that_writes_a_file_all_the_time(self):
        """Files have room: nothing is waited for."""
        text = """
            import os, tempfile
            pipe = os.pipe()
            ready()
            with tempfile.TemporaryFile(buffering=1 << 18) as file:
                while not ended:
                    for i in range(3000):
                        file.write(b'%d' % i * 10)
            """
        with Program(text) as program:
            for _ in range(3):
                self.assertEqual(attach(program.pid).stderr, '')
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def signals_come(self, python, wait, other):
        text = """
            import fcntl, os, socket
            signal.signal(signal.SIGUSR1, lambda *_: os.write(1, b'!'))
            lock = open(path, 'w')
            waits = {'event': lambda: threading.Event().wait(1000), 'pause': signal.pause}
            others = {'sleep': lambda: time.sleep(1000), 'lock': lambda: fcntl.flock(lock, fcntl.LOCK_EX)}
            threading.Thread(target=others[other], daemon=True).start()
            signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
            ready()
            while True:
                waits[wait]()
            """
        with tempfile.NamedTemporaryFile('w') as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with Program(f'            path, wait, other = {held.name!r}, {wait!r}, {other!r}\n' + text, python) as program:
                output = program.process.stdout.fileno()
                time.sleep(.1)
                for i in range(ROUNDS):
                    refscope = subprocess.Popen([CLI, 'info', f'pid:{program.pid}'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                    # One only: CPython itself misses one that comes just before the main thread begins to wait again.
                    time.sleep(.015 + .003 * i)
                    program.process.send_signal(signal.SIGUSR1)
                    came = select.select([output], [], [], 5)[0]
                    errors = refscope.communicate()[1]
                    self.assertEqual((refscope.returncode, errors), (0, ''))
                    self.assertTrue(came)
                    os.read(output, 1)

    def test_a_signal_comes_to_its_handler(self):
        """Another thread gets it while the main thread is stopped, which waits on: it was not told."""
        for python, version in interpreters.find():
            for wait, other in itertools.product(['event', 'pause'], ['sleep', 'lock']):
                # With a lock of a file, only the main thread can be taken.
                with self.subTest(version=version, wait=wait, other=other):
                    self.signals_come(python, wait, other)

    def test_a_program_that_is_stopped_goes_on_when_it_is_let(self):
        """SIGCONT, which comes soon after SIGSTOP, is the last word."""
        with Program('ready()\nwhile not ended:\n    time.sleep(.01)') as program:
            for _ in range(5 * ROUNDS):
                refscope = subprocess.Popen([CLI, 'info', f'pid:{program.pid}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                while refscope.poll() is None:
                    for number in signal.SIGSTOP, signal.SIGCONT:
                        program.process.send_signal(number)
                        time.sleep(random.uniform(0, .001))
                    self.assertTrue(wait_until(lambda: '\nState:\tT' not in pathlib.Path(f'/proc/{program.pid}/status').read_text(), 1))
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_a_child_that_a_thread_made(self):
        """Its main thread is on the stack of that thread, which is no more."""
        text = """
            import os
            def fork():
                pid = os.fork()
                if pid == 0:
                    while not ended:
                        time.sleep(.01)
                    os._exit(7)
                pids.append(pid)
            pids = []
            thread = threading.Thread(target=fork)
            thread.start()
            thread.join()
            ready(pids[0])
            while not ended:
                time.sleep(.01)
            # In such a child CPython from 3.13 on finds a signal only that ends a call.
            os.kill(pids[0], signal.SIGTERM)
            while (status := os.waitpid(pids[0], os.WNOHANG))[0] == 0:
                time.sleep(.05)
                os.kill(pids[0], signal.SIGTERM)
            assert os.waitstatus_to_exitcode(status[1]) == 7
            """
        with Program(text) as program:
            result = attach(program.pid, ROUNDS)
            self.assertEqual(result.returncode, 0, result.stderr)
            # From 3.12 on CPython warns of such a fork.
            self.assertEqual(program.end()[:2], (0, 'well\n'))

    def test_a_call_that_would_come_back_with_an_error(self):
        """C code that does not look for EINTR, while the main thread waits in a call that begins again by itself."""
        text = """
            import ctypes, select
            libc, poll = ctypes.CDLL(None, use_errno=True), select.epoll()
            room, results = ctypes.create_string_buffer(12), []
            threading.Thread(target=lambda: results.append(libc.epoll_wait(poll.fileno(), room, 1, -1)), daemon=True).start()
            ready()
            while not ended:
                time.sleep(1)
            assert results == [], results
            """
        with Program(text) as program:
            result = attach(program.pid, ROUNDS)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    # Signals that come in the very moment in which a thread of the program stands still; process 0 is Refscope.
    MOMENT = """
        #define _GNU_SOURCE
        #include <signal.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        #include <dlfcn.h>
        #include <stdarg.h>
        long syscall (long number, ...)
        {
          long (*real) (long, ...) = dlsym (RTLD_NEXT, "syscall");
          long a[6];
          va_list list;
          va_start (list, number);
          for (int i = 0; i < 6; i++)
            a[i] = va_arg (list, long);
          va_end (list);
          for (char *at = getenv ("SIGNALS"); number == SYS_pidfd_getfd && *at != 0;)
            {
              pid_t pid = strtol (at, &at, 10);
              kill (pid != 0 ? pid : getpid (), strtol (at, &at, 10));
            }
          return real (number, a[0], a[1], a[2], a[3], a[4], a[5]);
        }
        """

    @unittest.skipIf(IS_SANITISED, 'a library of our own cannot be loaded before the sanitisers')
    def test_a_program_that_is_stopped_as_refscope_is_killed(self):
        """What the interrupted thread is in is not taken away because much time has passed."""
        with tempfile.TemporaryDirectory() as folder, Program('ready()\nwhile not ended:\n    time.sleep(.01)') as program:
            environment = dict(os.environ, LD_PRELOAD=build_library(folder, 'moment', self.MOMENT),
                               SIGNALS=f'{program.pid} {int(signal.SIGSTOP)} 0 {int(signal.SIGKILL)}')
            refscope = subprocess.run([CLI, 'info', f'pid:{program.pid}'], env=environment, stdout=subprocess.DEVNULL)
            self.assertEqual(refscope.returncode, -signal.SIGKILL)
            time.sleep(3)
            program.process.send_signal(signal.SIGCONT)
            self.assertTrue(wait_until(lambda: attach(program.pid).returncode == 0))
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_a_stack_beside_others(self):
        """Of coroutines, as Go's and others' are: what is below it belongs to somebody."""
        source = """
            #include <pthread.h>
            #include <stdlib.h>
            #include <string.h>
            #include <ucontext.h>
            #include <unistd.h>
            enum { SIZE = 2048 };
            static char area[2 * SIZE];
            static ucontext_t thread, coroutine;
            static void wait (void)
            {
              char byte;
              int ends[2];
              if (pipe (ends) != 0 || read (ends[0], &byte, 1) != 0)
                abort ();
            }
            static void *run (void *unused)
            {
              getcontext (&coroutine);
              coroutine.uc_stack.ss_sp = area + SIZE;
              coroutine.uc_stack.ss_size = SIZE;
              makecontext (&coroutine, wait, 0);
              swapcontext (&thread, &coroutine);
              return unused;
            }
            void begin (void)
            {
              pthread_t thread;
              memset (area, 'x', sizeof area);
              pthread_create (&thread, NULL, run, NULL);
            }
            int get_changed (void)
            {
              int n = 0;
              for (int i = 0; i < SIZE; i++)
                n += area[i] != 'x';
              return n;
            }
            """
        text = """
            import ctypes
            library = ctypes.CDLL(library)
            library.begin()
            time.sleep(.1)
            ready()
            while not ended:
                sum(range(1000))
            assert library.get_changed() == 0, library.get_changed()
            """
        with tempfile.TemporaryDirectory() as folder:
            with Program(f'            library = {build_library(folder, "coroutine", source)!r}\n' + text) as program:
                result = attach(program.pid, ROUNDS)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_a_child_that_has_its_parents_memory(self):
        """Until it executes another program; what is loaded into it would be in its parent, without a thread."""
        source = """
            #include <unistd.h>
            void begin (void)
            {
              if (vfork () == 0)
                {
                  usleep (3000000);
                  execl ("/bin/true", "true", NULL);
                  _exit (1);
                }
            }
            """
        text = """
            import ctypes, os
            library = ctypes.PyDLL(library)
            ready()
            library.begin()
            assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
            for i in range(100):
                time.sleep(.001)
            """
        with tempfile.TemporaryDirectory() as folder:
            with Program(f'            library = {build_library(folder, "child", source)!r}\n' + text) as program:
                self.assertTrue(wait_until(program.children))
                child, = map(int, program.children())
                result = attach(child)
                self.assertEqual(result.returncode, 1)
                self.assertIn("has its parent's memory", result.stderr)
                listed = subprocess.run([CLI, 'ps', '--json'], stdout=subprocess.PIPE, text=True, check=True).stdout
                self.assertIn("has its parent's memory", {row['pid']: row['why_not'] for row in json.loads(listed)}[child])
                self.assertEqual(program.process.communicate(timeout=60), ('well\n', ''))
                self.assertEqual(program.process.returncode, 0)

    def test_a_library_that_is_being_loaded(self):
        """Its constructor waits for another thread: that is not made to wait for the loader, which is locked meanwhile."""
        source = """
            #include <pthread.h>
            #include <unistd.h>
            static void *help (void *unused)
            {
              char byte;
              while (read (0, &byte, 1) < 0)
                ;
              return unused;
            }
            __attribute__ ((constructor)) static void begin (void)
            {
              pthread_t helper;
              pthread_create (&helper, NULL, help, NULL);
              pthread_join (helper, NULL);
            }
            """
        text = """
            import ctypes
            waits = threading.Thread(target=lambda: threading.Event().wait(1000), daemon=True)
            if has_another:
                waits.start()
            ready()
            sys.stdin.buffer.raw.read(1)
            ctypes.CDLL(library)
            while not ended:
                time.sleep(.01)
            """
        for (python, version), has_another in itertools.product(interpreters.find(), [False, True]):
            was_attached = not has_another  # then the agent is there, and asks the loader for functions
            with self.subTest(version=version, has_another=has_another), tempfile.TemporaryDirectory() as folder, \
                    Program(f'            library, has_another = {build_library(folder, "slow", source)!r}, {has_another}\n' + text, python,
                            stdin=subprocess.PIPE) as program:
                go_on = program.process.stdin
                if was_attached:
                    self.assertEqual(attach(program.pid).stderr, '')
                    self.assertTrue(wait_until(lambda: len(program.folder('task')) == 1 + has_another))
                go_on.write('x')
                go_on.flush()
                self.assertTrue(wait_until(lambda: len(program.folder('task')) == 2 + has_another))
                result = attach(program.pid)
                self.assertEqual(result.returncode, 1)
                self.assertIn('loads or unloads a library', result.stderr)
                waiting = subprocess.Popen([ROUNDS_PROGRAM, str(program.pid), '1', '1'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                           text=True)
                time.sleep(.2)
                go_on.write('x')
                go_on.flush()
                self.assertEqual((waiting.communicate()[1], waiting.returncode), ('', 0))
                self.assertEqual(program.end(), (0, 'well\n', ''))

    @contextlib.contextmanager
    def refscope(self, program, **options):
        """In a group of its own, with us in its session, as from a shell: others are not stopped by a terminal's signals."""
        with subprocess.Popen([CLI, 'info', f'pid:{program.pid}'], process_group=0, stdout=subprocess.DEVNULL, **options) as refscope:
            try:
                yield refscope
            finally:
                refscope.kill()

    def go_on(self, refscope, program):
        """Refscope is stopped."""
        states = [pathlib.Path(f'/proc/{program.pid}/task/{task}/stat').read_text().rpartition(')')[2].split()[0]
                  for task in program.folder('task')]
        self.assertNotIn('t', states)
        refscope.send_signal(signal.SIGCONT)

    @unittest.skipIf(IS_SANITISED, 'a library of our own cannot be loaded before the sanitisers')
    def test_refscope_is_stopped(self):
        """By Ctrl+Z and its like: not as long as a thread of the program stands still, which would do so until Refscope goes on."""
        with tempfile.TemporaryDirectory() as folder, Program('ready()\nwhile not ended:\n    time.sleep(.01)') as program:
            library = build_library(folder, 'moment', self.MOMENT)
            for number, then, action in ((signal.SIGTSTP, 0, signal.SIG_DFL), (signal.SIGTTIN, 0, signal.SIG_DFL),
                                         (signal.SIGTTOU, 0, signal.SIG_DFL), (signal.SIGTSTP, 0, signal.SIG_IGN),
                                         (signal.SIGTSTP, signal.SIGCONT, signal.SIG_DFL)):
                environment = dict(os.environ, LD_PRELOAD=library, SIGNALS=f'0 {int(number)} 0 {int(then)}')
                with (self.subTest(number=number, then=then, action=action),
                      self.refscope(program, env=environment, preexec_fn=functools.partial(signal.signal, number, action)) as refscope):
                    if action == signal.SIG_DFL and not then:
                        self.assertTrue(os.WIFSTOPPED(os.waitpid(refscope.pid, os.WUNTRACED)[1]))
                        self.go_on(refscope, program)
                    self.assertEqual(refscope.wait(60), 0)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_refscope_is_stopped_at_any_time(self):
        with Program('ready()\nwhile not ended:\n    time.sleep(.01)') as program:
            for _ in range(5 * ROUNDS):
                with self.refscope(program) as refscope:
                    time.sleep(random.uniform(0, .03))
                    os.kill(refscope.pid, signal.SIGTSTP)  # also if it has ended, for nobody has waited for it
                    if os.waitid(os.P_PID, refscope.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT).si_code == os.CLD_STOPPED:
                        self.go_on(refscope, program)
                    self.assertEqual(refscope.wait(60), 0)
            self.assertEqual(program.end(), (0, 'well\n', ''))


if __name__ == '__main__':
    unittest.main()
