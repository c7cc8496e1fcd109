"""Attaching to programs that run already, and leaving them as they were.

    RSC_TEST_ATTACH_ROUNDS=200   so many rounds for each kind of program; from 101 on each with a capture, and with every Python
"""
import fcntl
import json
import os
import pathlib
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

import interpreters
from running import IS_SANITISED, ROUNDS_PROGRAM, SYSTEM_PYTHON, Program, attach, build_library, wait_until
from tracing import is_supported

CLI = os.environ.get('RSC_CLI')
PACKAGE = os.environ.get('RSC_PYTHON_PACKAGE', '')
ROUNDS = int(os.environ.get('RSC_TEST_ATTACH_ROUNDS', 8 if IS_SANITISED else 20))
# What a program keeps of the first rounds, such as an arena of the C library, it has by then.
SETTLED = 50
IS_LONG = ROUNDS > 2 * SETTLED
WARNING = re.compile(r'^<string>:\d+: DeprecationWarning: This process \(pid=\d+\) is multi-threaded, use of fork.*\n(  .*\n)?', re.M)

POOL = """
        import multiprocessing, os
        def work(i):
            return i * i
        def reset():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with multiprocessing.get_context('fork').Pool(2, reset) as pool:
"""
# As gunicorn does it: those who serve are made before, take from one socket, and are looked after.
SERVERS = """
        import os, select, socket
        listener = socket.create_server(('127.0.0.1', 0))
        listener.setblocking(False)
        def serve():
            while not ended:
                select.select([listener], [], [], .1)
                try:
                    connection = listener.accept()[0]
                except BlockingIOError:
                    continue
                with connection:
                    connection.sendall(b'%d' % (int(connection.recv(100)) ** 2))
        def begin():
            # CPython forgets the signals that a child gets before it knows itself for one.
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            pid = os.fork()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
            if pid == 0:
                try:
                    serve()
                finally:
                    os._exit(0 if ended else 1)
            return pid
        def ask(i):
            with socket.create_connection(listener.getsockname()) as connection:
                connection.sendall(b'%d' % i)
                assert int(connection.recv(100)) == i * i
        servers = [begin()]
"""
SERVED = """
        i = 0
        while not ended:
            ask(i)
            i += 1
            if i % 200 == 0:
                # Another one comes, and goes.
                pid = begin()
                ask(i)
                os.kill(pid, signal.SIGTERM)
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        os.kill(servers[0], signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(servers[0], 0)[1]) == 0
        """
TARGETS = {
    'sleeping': """
        ready()
        while not ended:
            before = time.monotonic()
            time.sleep(.05)
            assert time.monotonic() - before >= .049
        """,
    'computing': """
        ready()
        while not ended:
            a = 0.0
            for i in range(2000):
                a = a + i * 0.5 - i * 0.25
            assert a == 2000 * 1999 / 2 * 0.25, a
        """,
    'accepting': """
        import socket
        listener = socket.create_server(('127.0.0.1', 0))
        listener.settimeout(.2)
        ready()
        while not ended:
            try:
                listener.accept()
            except TimeoutError:
                pass
        """,
    'joining': """
        def work():
            while not ended:
                time.sleep(.01)
        thread = threading.Thread(target=work)
        thread.start()
        ready()
        while thread.is_alive():
            thread.join(.2)
        """,
    'locked': """
        lock = threading.Lock()
        lock.acquire()
        ready()
        while not ended:
            assert not lock.acquire(timeout=.1)
        """,
    'in long C code': """
        ready()
        while not ended:
            assert sum(range(3 * 10 ** 6)) == 3 * 10 ** 6 * (3 * 10 ** 6 - 1) // 2
        """,
    'of 200 threads': """
        def work(i):
            while not ended:
                time.sleep(.01 * (i % 7 + 1))
        threads = [threading.Thread(target=work, args=(i,)) for i in range(200)]
        for thread in threads:
            thread.start()
        ready()
        for thread in threads:
            thread.join()
        """,
    'allocating': """
        def work():
            while not ended:
                kept = [bytes(2000 + i * 16) for i in range(50)], [{} for _ in range(100)]
                assert sum(map(len, kept[0])) == sum(2000 + i * 16 for i in range(50))
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        ready()
        work()
        for thread in threads:
            thread.join()
        """,
    'forking': """
        import os
        ready()
        while not ended:
            pid = os.fork()
            if pid == 0:
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        """,
    'with a timer': """
        count = 0
        def tick(*_):
            global count
            count += 1
        signal.signal(signal.SIGALRM, tick)
        signal.setitimer(signal.ITIMER_REAL, .002, .002)
        ready()
        while not ended:
            before = count, time.monotonic()
            time.sleep(.05)
            assert time.monotonic() - before[1] >= .049 and count > before[0]
        signal.setitimer(signal.ITIMER_REAL, 0)
        """,
    # The C library asks every thread to do it too, by a signal of its own, and waits for all.
    'setting its user': """
        import os
        def work():
            while not ended:
                time.sleep(.001)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        ready()
        while not ended:
            os.seteuid(os.geteuid())
            os.setegid(os.getegid())
        for thread in threads:
            thread.join()
        """,
    'of tasks': """
        import asyncio
        async def work(i):
            loop = asyncio.get_running_loop()
            while not ended:
                before = loop.time()
                await asyncio.sleep(.01 + i * .001)
                assert loop.time() - before >= .009
        async def main():
            ready()
            await asyncio.gather(*(work(i) for i in range(20)))
        asyncio.run(main())
        """,
    'with numpy': """
        import numpy
        a = numpy.arange(200 * 200, dtype=float).reshape(200, 200) / 7
        product, sines, sorts = numpy.empty_like(a), numpy.empty_like(a), numpy.arange(5000)[::-1] * 3 % 5000
        numpy.matmul(a, a.T, out=product)
        numpy.sin(a, out=sines)
        expected = product.copy(), sines.copy(), numpy.sort(sorts)
        objects = numpy.array([[i, str(i), [i]] for i in range(1000)], dtype=object)
        ready()
        while not ended:
            product.fill(0)
            sines.fill(0)
            numpy.matmul(a, a.T, out=product)
            numpy.sin(a, out=sines)
            assert (product == expected[0]).all() and (sines == expected[1]).all()
            assert (numpy.sort(sorts) == expected[2]).all()
            assert objects[:, 0].sum() == 499500 and ''.join(objects[:12, 1]) == '01234567891011'
            assert sum(objects[:, 2].sum()) == 499500
        """,
    'with a pool': POOL + """
            ready()
            while not ended:
                assert pool.map(work, range(40)) == [i * i for i in range(40)]
            pool.close()
            pool.join()
        """,
    'of a pool': POOL + """
            ready(pool.apply(os.getpid))
            while not ended:
                assert pool.map(work, range(40)) == [i * i for i in range(40)]
            pool.close()
            pool.join()
        """,
    'with servers': SERVERS + """
        ready()
        """ + SERVED,
    'that serves': SERVERS + """
        ready(servers[0])
        """ + SERVED,
}


def cli(*words, status=0):
    result = subprocess.run([CLI, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if result.returncode != status:
        raise AssertionError(f'{words}: {result.returncode}\n{result.stdout}{result.stderr}')
    return result


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Unharmed(unittest.TestCase):
    def attach_again(self, program, rounds):
        """In long runs, what is mapped after the first rounds is what is mapped at their end."""
        found = []
        for n in (SETTLED, rounds - SETTLED) if IS_LONG else (rounds,):
            result = attach(program.pid, n, 1 if IS_LONG else 5)
            self.assertEqual(result.returncode, 0, result.stderr)
            found.append(program.measure() if IS_LONG else None)
        if IS_LONG:
            (mappings, size), (mappings_now, size_now) = found
            print(f'{self.id()}: {rounds} rounds; {mappings} mappings, {size >> 10} KiB after {SETTLED};'
                  f' {mappings_now}, {size_now >> 10} KiB in the end', file=sys.stderr)
            self.assertLess(mappings_now - mappings, rounds // 20)
            self.assertLess(size_now - size, rounds // 20 * 4096)

    def check(self, text, python=SYSTEM_PYTHON):
        with Program(text, python) as program:
            threads, descriptors = len(program.folder('task')), program.lasting_descriptors()
            first = attach(program.pid)
            self.assertEqual(first.returncode, 0, first.stderr)
            self.assertGreater(json.loads(first.stdout)['objects'], 1000)
            self.assertTrue(wait_until(lambda: len(program.folder('task')) == threads), program.folder('task'))
            mapped, children = program.mappings(), program.children()
            self.attach_again(program, ROUNDS - 1)
            self.assertTrue(wait_until(lambda: len(program.folder('task')) == threads), program.folder('task'))
            self.assertTrue(wait_until(lambda: program.descriptors() == descriptors), (descriptors, program.descriptors()))
            grown = {name: (n, mapped.get(name, 0)) for name, n in program.mappings().items()
                     if name != '' and n > mapped.get(name, 0)}
            self.assertEqual(grown, {})
            self.assertTrue(wait_until(lambda: not program.has_our_code()))
            self.assertTrue(wait_until(lambda: not program.children() - children), (children, program.children()))
            self.assertTrue(wait_until(lambda: not [path for folder in ('/dev/shm', '/tmp', '/var/tmp')
                                                    for path in pathlib.Path(folder).glob('refscope-agent*')]))
            status, output, errors = program.end()
            # The agent's thread may begin between a fork and CPython's look for threads (3.12 and later): README says so.
            self.assertIn(WARNING.sub('', errors), ('', '\n'))
            self.assertEqual((status, output), (0, 'well\n'))


for name, text in TARGETS.items():
    setattr(Unharmed, f'test_{name.replace(" ", "_")}', lambda self, text=text: self.check(text))
for path, version in interpreters.find():
    if path != SYSTEM_PYTHON:
        for name in [name for name in TARGETS if name != 'with numpy'] if IS_LONG else ('with a timer', 'forking'):
            setattr(Unharmed, f'test_{name.replace(" ", "_")}_' + '{}_{}_{}'.format(*version),
                    lambda self, path=path, name=name: self.check(TARGETS[name], path))


FORKS = """
    #include <pthread.h>
    #include <sys/wait.h>
    #include <unistd.h>
    #ifndef PAUSE
    #define PAUSE 0
    #endif
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int run (void)
    {
      int status = 0;
      pid_t pid;
      pthread_mutex_lock (&lock);
      if (PAUSE > 0)
        usleep (PAUSE); /* another thread asks for the GIL */
      pid = fork ();
      if (pid == 0)
        _exit (7);
      pthread_mutex_unlock (&lock);
      while (waitpid (pid, &status, 0) < 0)
        ; /* SIGTERM may come to the main thread here */
      return WEXITSTATUS (status);
    }
    void use (void)
    {
      pthread_mutex_lock (&lock);
      pthread_mutex_unlock (&lock);
    }
    """


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Moments(unittest.TestCase):
    """Where a thread is interrupted, and when Refscope comes."""

    def test_system_calls_come_back_as_they_would(self):
        """C code that does not look for EINTR."""
        text = """
            import ctypes
            libc = ctypes.CDLL(None, use_errno=True)
            calls = [lambda: libc.usleep(100000), lambda: libc.poll(None, 0, 100), lambda: libc.select(0, None, None, None, ctypes.byref(limit))]
            class Time(ctypes.Structure):
                _fields_ = [('seconds', ctypes.c_long), ('microseconds', ctypes.c_long)]
            ready()
            while not ended:
                for call in calls:
                    limit = Time(0, 100000)
                    ctypes.set_errno(0)
                    before = time.monotonic()
                    result = call()
                    assert (result, ctypes.get_errno()) == (0, 0) or ended, (result, ctypes.get_errno())
                    assert time.monotonic() - before >= .099 or ended
            """
        with Program(text) as program:
            for _ in range(ROUNDS):
                result = attach(program.pid)
                self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_while_the_interpreter_ends(self):
        text = """
            import atexit
            def last():
                print('last', flush=True)
                time.sleep(2)
            atexit.register(last)
            ready()
            while not ended:
                time.sleep(.01)
            """
        with Program(text) as program:
            self.assertEqual(attach(program.pid).returncode, 0)
            program.process.send_signal(signal.SIGTERM)
            self.assertEqual([program.process.stdout.readline() for _ in range(2)], ['well\n', 'last\n'])
            # The agent has said goodbye by then.
            result = attach(program.pid)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, 'is not running|ended')
            self.assertEqual(program.process.wait(timeout=60), 0)
            self.assertEqual(program.process.stderr.read(), '')

    def test_child_of_a_program_that_was_captured(self):
        text = """
            import os
            ready()
            pid = 0
            while not ended:
                if pid == 0:
                    pid = os.fork()
                    if pid == 0:
                        while not ended:
                            time.sleep(.01)
                        os._exit(0)
                    print(pid, flush=True)
                time.sleep(.001)
            os.kill(pid, signal.SIGTERM)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            """
        with Program(text) as program:
            child = int(program.process.stdout.readline())
            for pid in program.pid, child, program.pid, child:
                result = attach(pid, 3, 1)
                self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_a_thread_forks_while_the_main_thread_waits(self):
        """The interpreter calls none of the agent's functions before that fork: the main thread has not made it remember any."""
        text = """
            import os
            def work():
                while not ended:
                    pid = os.fork()
                    if pid == 0:
                        os._exit(7)
                    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
            thread = threading.Thread(target=work)
            thread.start()
            ready()
            thread.join()
            """
        for path, version in {version[:2]: (path, version) for path, version in interpreters.find()}.values():
            with self.subTest(version=version), Program(text, path) as program:
                result = attach(program.pid, 5)
                self.assertEqual((result.returncode, result.stderr), (0, ''))
                # 3.13.5 misses one in some fifty of such programs, with or without Refscope.
                status, output, errors = program.end(again=5)
                # There are two threads, with or without Refscope.
                self.assertEqual((status, output, WARNING.sub('', errors).strip()), (0, 'well\n', ''))

    def test_c_code_forks_with_the_gil_and_a_lock(self):
        """Nobody else could have come to wait for that lock: the GIL is not let go in the middle of it."""
        text = """
            import ctypes, os
            def fork():
                pid = os.fork()
                if pid == 0:
                    os._exit(7)
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            with_gil, without = ctypes.PyDLL(library).run, ctypes.CDLL(other).run
            def work(run):
                while not ended:
                    assert run() == 7 or ended  # the end interrupts the main thread's
            threads = [threading.Thread(target=work, args=(run,)) for run in [with_gil] * 2 + [without, fork, fork] * others]
            for thread in threads:
                thread.start()
            ready()
            if main_too:
                work(with_gil)
            for thread in threads:
                thread.join()
            """
        with tempfile.TemporaryDirectory() as folder:
            library, other = build_library(folder, 'forks', FORKS), build_library(folder, 'others', FORKS)
            for path, version in {version[:2]: (path, version) for path, version in interpreters.find()}.values():
                for others, main_too in (0, 0), (0, 1), (1, 0):
                    begin = f'            library, other, others, main_too = {library!r}, {other!r}, {others}, {main_too}\n'
                    with self.subTest(version=version, others=others, main_too=main_too), Program(begin + text, path) as program:
                        result = attach(program.pid, 5)
                        # Among so many forks the agent may be away when it is to end.
                        self.assertIn(result.returncode, (0, others), result.stderr)
                        status, output, errors = program.end(again=5)
                        self.assertEqual((status, output, WARNING.sub('', errors).strip()), (0, 'well\n', ''))

    def test_c_code_forks_with_the_gil_and_a_lock_when_refscope_is_gone(self):
        """The thread that counts beside the one that forks is the program's: the agent's has come to its end, and was not joined yet."""
        text = """
            import ctypes
            both = ctypes.PyDLL(library)
            def work():
                while not ended:
                    both.use()
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            ready()
            sys.stdin.readline()
            assert both.run() == 7
            print('forked', flush=True)
            while not ended:
                time.sleep(.02)
            """
        with tempfile.TemporaryDirectory() as folder:
            begin = f'            library = {build_library(folder, "forks", FORKS, "-DPAUSE=100000")!r}\n'
            for path, version in {version[:2]: (path, version) for path, version in interpreters.find()}.values():
                with self.subTest(version=version), Program(begin + text, path, stdin=subprocess.PIPE) as program:
                    self.assertEqual(attach(program.pid, 1, 0).stderr, '')
                    self.assertTrue(wait_until(lambda: len(program.folder('task')) == 2))
                    program.process.stdin.write('\n')
                    program.process.stdin.flush()
                    self.assertTrue(select.select([program.process.stdout], [], [], 20)[0], 'it waits for ever')
                    status, output, errors = program.end(again=5)
                    self.assertEqual((status, output, WARNING.sub('', errors).strip()), (0, 'forked\nwell\n', ''))

    def test_a_fork_that_gives_up_waiting_as_the_thread_goes(self):
        """The agent's thread has seen that it is to go for a fork, which does not wait any longer: it comes back all the same."""
        slow = """
            #include <errno.h>
            #include <pthread.h>
            #include <time.h>
            #include <unistd.h>
            int pthread_timedjoin_np (pthread_t thread, void **result, const struct timespec *end)
            {
              usleep (20000);
              return ETIMEDOUT;
            }
            """
        text = """
            import ctypes
            run = ctypes.CDLL(library).run  # which lets the GIL go: its fork waits once
            def work():
                while not ended:
                    assert run() == 7
                    time.sleep(.05)
            thread = threading.Thread(target=work)
            thread.start()
            ready()
            thread.join()
            """
        with tempfile.TemporaryDirectory() as folder:
            begin = f'            library = {build_library(folder, "forks", FORKS)!r}\n'
            environment = {'LD_PRELOAD': build_library(folder, 'slow', slow)}
            with Program(begin + text, interpreters.find()[-1][0], environment=environment) as program:
                result = attach(program.pid, 10)
                self.assertEqual((result.returncode, result.stderr), (0, ''))
                self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_threads_fork_while_others_work(self):
        """Who waits for the GIL in the middle of os.fork() may find a new thread of the agent's when it has it: for which another waits."""
        text = """
            import os
            def work():
                while not ended:
                    sum(range(1000))
            def fork():
                while not ended:
                    pid = os.fork()
                    if pid == 0:
                        os._exit(7)
                    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
            threads = [threading.Thread(target=run) for run in [work] * 3 + [fork] * 3]
            for thread in threads:
                thread.start()
            ready()
            while not ended:
                time.sleep(.02)  # else no fork is announced: that begins on the main thread
            for thread in threads:
                thread.join()
            """
        for path, version in {version[:2]: (path, version) for path, version in interpreters.find()}.values():
            with self.subTest(version=version), Program(text, path) as program:
                for _ in range(10):
                    result = attach(program.pid, 10, 5)
                    # The agent's thread may be away for a fork, and hear later that the Refscope before is gone.
                    self.assertRegex(result.stderr, '^$|Another Refscope')
                self.assertTrue(wait_until(lambda: attach(program.pid).returncode == 0, 20), attach(program.pid).stderr)
                status, output, errors = program.end(again=5)
                self.assertEqual((status, output, WARNING.sub('', errors).strip()), (0, 'well\n', ''))

    def test_a_fork_while_refscope_begins(self):
        """A child that was made in the middle of that has nothing of it, and comes to its end."""
        text = """
            import atexit, os
            def fork():
                while not ended:
                    pid = os.fork()
                    if pid == 0:
                        atexit._run_exitfuncs()
                        os._exit(7)
                    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
            threads = [threading.Thread(target=fork) for _ in range(2)]
            for thread in threads:
                thread.start()
            ready()
            while not ended:
                time.sleep(.02)
            for thread in threads:
                thread.join()
            """
        with Program(text) as program:
            for _ in range(200):
                self.assertRegex(attach(program.pid).stderr, '^$|Another Refscope')
            status, output, errors = program.end(again=5)
            self.assertEqual((status, output, WARNING.sub('', errors).strip()), (0, 'well\n', ''))

    def test_children_have_nothing_of_an_attach(self):
        """No socket, which would keep a connection open whose Refscope is gone; whenever they were made."""
        text = """
            import os
            def look():
                names = []
                for number in os.listdir('/proc/self/fd'):
                    try:
                        names.append(os.readlink(f'/proc/self/fd/{number}'))
                    except FileNotFoundError:
                        pass  # by which they were listed
                return [name for name in names if name.startswith('socket') or 'eventfd' in name]
            def fork():
                while not ended:
                    pid = os.fork()
                    if pid == 0:
                        found = look()
                        os.write(2, repr(found).encode() if found else b'')
                        os._exit(8 if found else 7)
                    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
            threads = [threading.Thread(target=fork) for _ in range(2)]
            ready()
            sys.stdin.readline()
            for thread in threads:
                thread.start()
            while not ended:
                time.sleep(.02)
            for thread in threads:
                thread.join()
            """
        with Program(text, stdin=subprocess.PIPE) as program:
            # A fork that had begun before there was an agent is not seen by it.
            self.assertEqual(attach(program.pid, 1, 0).stderr, '')
            program.process.stdin.write('\n')
            program.process.stdin.flush()
            for _ in range(20):
                self.assertRegex(attach(program.pid, 10, 0).stderr, '^$|Another Refscope')
            status, output, errors = program.end(again=5)
            self.assertEqual((status, output, WARNING.sub('', errors).strip()), (0, 'well\n', ''))

    def test_a_program_that_forks_is_free_when_refscope_was_killed(self):
        """The agent's thread goes for each fork, also while it waits for an answer that does not come any more."""
        text = TARGETS['forking'] + '    time.sleep(pause)\n'  # in its loop
        path = interpreters.find()[-1][0]
        for pause in 0, .2:
            with self.subTest(pause=pause), Program(f'        pause = {pause}' + text, path) as program:
                descriptors = program.lasting_descriptors()
                for _ in range(50):
                    killed = subprocess.Popen([ROUNDS_PROGRAM, str(program.pid), '1', '1'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    time.sleep(random.uniform(.02, .2))
                    killed.kill()
                    killed.wait()
                self.assertTrue(wait_until(lambda: attach(program.pid).returncode == 0, 20), attach(program.pid).stderr)
                self.assertTrue(wait_until(lambda: program.descriptors() == descriptors), program.descriptors())
                status, output, errors = program.end()
                self.assertIn(WARNING.sub('', errors), ('', '\n'))
                self.assertEqual((status, output), (0, 'well\n'))

    def test_what_a_handler_left_on_the_stack(self):
        """Its frame is still there when it is over, in the middle of the room that select.select() does not write to."""
        text = """
            import os, select
            signal.signal(signal.SIGUSR1, lambda *_: None)
            def deep(n):
                return max([0], key=lambda _: deep(n - 1)) if n else os.kill(os.getpid(), signal.SIGUSR1)
            ready()
            while not ended:
                for n in range(60):
                    deep(n)
                signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
                select.select([], [], [], 1)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
            """
        # One that has no handler cannot be in one, if it is blocked since or not.
        for blocked in '', 'signal.SIGUSR2':
            with self.subTest(blocked), Program(f'            blocked = [{blocked}]\n' + text) as program:
                result = attach(program.pid, 10)
                self.assertEqual((result.returncode, result.stderr), (0, ''))
                self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_a_handler_that_runs(self):
        """The kernel writes the number of the signal into its frame only if it was asked to tell more: else old zeros stay there."""
        source = """
            #include <signal.h>
            #include <string.h>
            #include <unistd.h>
            static int end;
            static void handler (int number)
            {
              char byte;
              if (write (1, "ready\\n", 6) == 6)
                while (read (end, &byte, 1) < 0)
                  ;
            }
            void clear (void)
            {
              char room[32768];
              memset (room, 0, sizeof room);
              __asm__ volatile ("" : : "r" (room) : "memory");
            }
            void run (int file, int flags)
            {
              struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
              end = file;
              sigaction (SIGUSR1, &action, NULL);
              clear ();
              raise (SIGUSR1);
            }
            """
        text = """
            import ctypes, os
            end, wakeup = os.pipe()
            os.set_blocking(wakeup, False)
            signal.set_wakeup_fd(wakeup)
            ctypes.CDLL(library).run(end, flags)
            """
        with tempfile.TemporaryDirectory() as folder:
            library = build_library(folder, 'handler', source)
            for flags in 0, 4, 0x40000000:  # SA_SIGINFO, SA_NODEFER: however long it takes
                with self.subTest(flags=flags), Program(f'            library, flags = {library!r}, {flags}\n' + text) as program:
                    result = attach(program.pid)
                    self.assertEqual(result.returncode, 1)
                    self.assertIn('came to a point', result.stderr)
                    self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_two_at_once(self):
        with Program(TARGETS['of 200 threads']) as program:
            threads, descriptors = len(program.folder('task')), program.descriptors()
            several = [subprocess.Popen([ROUNDS_PROGRAM, str(program.pid), '10', '2'], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
                       for _ in range(3)]
            for one in several:
                _, errors = one.communicate(timeout=300)
                self.assertRegex(errors, '^$|Another Refscope|is traced by|another debugger')
            self.assertEqual(attach(program.pid).returncode, 0)
            self.assertTrue(wait_until(lambda: len(program.folder('task')) == threads and program.descriptors() == descriptors),
                            (program.folder('task'), program.descriptors()))
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_filters_of_system_calls(self):
        """One that would end the program is not met; one that gives errors is told of."""
        text = """
            import ctypes, struct
            def refuse(number, action):
                code = b''.join(struct.pack('HBBI', *i) for i in [
                    (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, action), (0x06, 0, 0, 0x7fff0000)])
                buffer = ctypes.create_string_buffer(code)
                program = struct.pack('HxxxxxxQ', len(code) // 8, ctypes.addressof(buffer))
                libc = ctypes.CDLL(None, use_errno=True)
                assert libc.prctl(38, 1, 0, 0, 0) == 0
                assert libc.syscall(317, 1, 0, ctypes.create_string_buffer(program)) == 0
            refuse(53, %s)
            ready()
            while not ended:
                time.sleep(.01)
            """
        for action, says in ('0x80000000', 'seccomp'), ('0x00030000', 'seccomp'), ('0x00050000 | 13', 'limit'):
            with self.subTest(action), Program(text % action) as program:
                result = attach(program.pid)
                self.assertEqual(result.returncode, 1)
                self.assertIn(says, result.stderr)
                self.assertFalse(program.has_our_code())
                self.assertEqual(program.end(), (0, 'well\n', ''))


@unittest.skipUnless(is_supported() and CLI, 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Used(unittest.TestCase):
    LEAK = """
        import gc
        gc.disable()
        class Session:
            pass
        cache = [Session() for _ in range(123)]
        for _ in range(7):
            one, two = [Session()], []
            one.append(two)
            two.append(one)
        del one, two
        ready()
        while not ended:
            time.sleep(.02)
        """

    def test_heap(self):
        with Program(self.LEAK) as program:
            rows = json.loads(cli('types', f'pid:{program.pid}', '--json', '--filter', "type = 'Session'").stdout)
            self.assertEqual([(row['type'], row['count']) for row in rows], [('Session', 130)])
            said = json.loads(cli('collect', f'pid:{program.pid}', '--live', '--json').stdout)
            # More goes where only garbage held it: 3.13's weak references in classes' lists of subclasses.
            self.assertEqual(said['only_predicted'], [])
            self.assertLess(len(said['only_real']), 20)
            rows = json.loads(cli('types', f'pid:{program.pid}', '--json', '--filter', "type = 'Session'").stdout)
            self.assertIn("'count': 123", str(rows))
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_nothing_is_imported(self):
        """What the program has put into imports would run between two instructions of its own: it waits for its own lock."""
        text = """
            import builtins, sys, threading
            lock, seen, real = threading.Lock(), [], builtins.__import__
            class Finder:
                def find_spec(self, name, path=None, target=None):
                    seen.append(name)
                    with lock:
                        return None
            def log_import(name, *arguments, **named):
                seen.append(name)
                return real(name, *arguments, **named)
            for name in 'atexit', 'gc':
                sys.modules.pop(name, None)
            sys.addaudithook(lambda event, arguments: seen.append(arguments[0]) if event == 'import' else None)
            sys.meta_path.insert(0, Finder())
            builtins.__import__ = log_import
            ready()
            while not ended:
                with lock:
                    cycle = [len(sys.modules)]
                    cycle.append(cycle)
            builtins.__import__ = real
            assert seen == [] and not {'atexit', 'gc'} & set(sys.modules), seen
            """
        for python, version in interpreters.find():
            with self.subTest(version), Program(text, python) as program:
                self.assertEqual(attach(program.pid).returncode, 0)
                cli('collect', f'pid:{program.pid}', '--live', '--json')
                cli('watch', f'pid:{program.pid}', '--record', '--duration', '0.1', '--json')
                self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_listed(self):
        with Program(self.LEAK) as program:
            rows = {row['pid']: row for row in json.loads(cli('ps', '--json').stdout)}
            row = rows[program.pid]
            self.assertIsNone(row['why_not'])
            self.assertEqual(row['version'], '{}.{}.{}'.format(*interpreters.version_of(SYSTEM_PYTHON)))
            self.assertIn('cache = [Session()', row['command'])
            self.assertGreater(row['uss'], 1000000)
            self.assertNotIn(1, [pid for pid, other in rows.items() if 'python' not in other['command']])

    def test_marks(self):
        """The package was imported when nobody listened."""
        text = """
            import refscope
            ready()
            while not ended:
                refscope.mark('beat')
                time.sleep(.02)
            """
        with tempfile.TemporaryDirectory() as folder, Program(text, environment={'PYTHONPATH': PACKAGE}) as program:
            run = cli('capture', '-o', f'{folder}/a.refscope', '--on-mark', 'beat', f'pid:{program.pid}')
            self.assertIn('that had imported refscope when it was attached to', run.stderr)
            info = json.loads(cli('info', '--json', f'{folder}/a.refscope').stdout)
            self.assertEqual(info['hint'], 'beat', info)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_watched(self):
        text = """
            import gc
            ready()
            while not ended:
                gc.collect()
                time.sleep(.01)
            """
        with Program(text) as program:
            lines = [json.loads(line) for line in
                     cli('watch', '--json', '--interval', '.2', '--duration', '1.5', f'pid:{program.pid}').stdout.splitlines()]
            self.assertTrue(any(line['event'] == 'collection' and line['generation'] == 2 for line in lines), lines)
            self.assertTrue(all(line['uss'] > 1000000 for line in lines if line['event'] == 'sample' and line['uss']), lines)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_end_is_seen(self):
        with Program(TARGETS['sleeping']) as program:
            watch = subprocess.Popen([CLI, 'watch', '--json', '--interval', '.1', f'pid:{program.pid}'], stdout=subprocess.PIPE, text=True)
            watch.stdout.readline()
            self.assertEqual(program.end(), (0, 'well\n', ''))
            output, _ = watch.communicate(timeout=60)
            self.assertEqual(json.loads(output.splitlines()[-1])['event'], 'exit', output)

    def test_second_is_told(self):
        with Program(TARGETS['sleeping']) as program:
            watch = subprocess.Popen([CLI, 'watch', '--json', '--interval', '.1', f'pid:{program.pid}'], stdout=subprocess.PIPE, text=True)
            watch.stdout.readline()
            result = cli('info', f'pid:{program.pid}', status=4)
            self.assertIn('Another Refscope', result.stderr)
            watch.kill()
            watch.communicate()
            # What the first one had is free as soon as it is gone.
            self.assertEqual(attach(program.pid).returncode, 0)
            self.assertEqual(program.end(), (0, 'well\n', ''))


@unittest.skipUnless(is_supported() and CLI, 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Refused(unittest.TestCase):
    def refused(self, pid, text):
        # What a newer Python can do by itself has tests of its own: test_remote.py.
        with unittest.mock.patch.dict(os.environ, RSC_ATTACH_WAY='injector'):
            result = cli('info', f'pid:{pid}', status=4)
        self.assertIn(text, result.stderr)
        return result.stderr

    def test_no_process(self):
        child = subprocess.Popen(['true'])
        child.wait()
        self.refused(child.pid, f'no process {child.pid}')

    @unittest.skipUnless(os.geteuid() == 0 and os.path.exists('/proc/2/maps') and not pathlib.Path('/proc/2/cmdline').read_bytes(),
                         'no thread of the kernel is seen here')
    def test_thread_of_the_kernel(self):
        self.assertIn("a thread of the kernel's", attach(2).stderr)

    def test_no_python(self):
        child = subprocess.Popen(['sleep', '60'])
        try:
            self.refused(child.pid, 'runs no CPython')
        finally:
            child.kill()
            child.wait()

    def test_stopped(self):
        with Program(TARGETS['sleeping']) as program:
            program.process.send_signal(signal.SIGSTOP)
            self.assertTrue(wait_until(lambda: 'State:\tT' in pathlib.Path(f'/proc/{program.pid}/status').read_text()))
            self.refused(program.pid, f'kill -CONT {program.pid}')
            self.assertIn('kill -CONT', {row['pid']: row for row in json.loads(cli('ps', '--json').stdout)}[program.pid]['why_not'])
            self.assertRegex(cli('ps').stdout, rf'\n{program.pid}: It is stopped: let it go on \(kill -CONT {program.pid}\)\.\n')
            program.process.send_signal(signal.SIGCONT)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_traced(self):
        with Program(TARGETS['sleeping']) as program:
            tracer = subprocess.Popen([SYSTEM_PYTHON, '-c', 'import ctypes, sys\n'
                                       f'assert ctypes.CDLL(None).ptrace(0x4206, {program.pid}, None, None) == 0\n'
                                       'print("traces", flush=True)\nsys.stdin.read()'],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.assertEqual(tracer.stdout.readline(), 'traces\n')
            self.refused(program.pid, f'traced by process {tracer.pid}')
            tracer.communicate()
            self.assertEqual(attach(program.pid).returncode, 0)
            self.assertEqual(program.end(), (0, 'well\n', ''))

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which('setpriv'), 'only root can be another user')
    def test_other_user(self):
        with Program(TARGETS['sleeping']) as program:
            other = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
            if (subprocess.run([*other, CLI, '--version'], capture_output=True).returncode != 0
                    or subprocess.run([*other, 'test', '-r', os.environ['RSC_AGENT']]).returncode != 0):
                self.skipTest('another user cannot run what was built here')
            result = subprocess.run([*other, CLI, 'info', f'pid:{program.pid}'], capture_output=True, text=True, timeout=60)
            self.assertEqual(result.returncode, 4)
            self.assertIn('belongs to another user', result.stderr)
            self.assertEqual(program.end(), (0, 'well\n', ''))
        # The other way round root may.
        with Program(TARGETS['sleeping'], before=other) as program:
            self.assertEqual(attach(program.pid).returncode, 0)
            self.assertEqual(program.end(), (0, 'well\n', ''))


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Namespaces(unittest.TestCase):
    def setUp(self):
        if subprocess.run(['unshare', '--mount', '--pid', '--fork', 'true'], capture_output=True).returncode != 0:
            self.skipTest('no namespaces can be made here')

    def check(self, *before):
        with Program(TARGETS['with a timer'], before=before) as outer:
            pid = outer.pid
            while children := pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split():
                pid = int(children[0])
            result = attach(pid, 3, 1)
            self.assertEqual(result.returncode, 0, result.stderr)
            os.kill(pid, signal.SIGTERM)
            output, errors = outer.process.communicate(timeout=60)
            self.assertEqual((outer.process.returncode, output, errors), (0, 'well\n', ''))

    def test_files(self):
        """Another file system where the agent is."""
        folder = pathlib.Path(os.environ['RSC_AGENT']).parent
        self.check('unshare', '--mount', 'sh', '-c', f'mount -t tmpfs none {folder} && exec "$0" "$@"')

    def test_files_without_proc(self):
        """The agent is copied to where the program finds it; what a Refscope that was killed left there goes, and no other's."""
        folder = pathlib.Path(os.environ['RSC_AGENT']).parent
        left, used, other = (pathlib.Path('/dev/shm', f'refscope-agent-{name}') for name in (f'{1:016x}.so', f'{2:016x}.so', 'kept'))
        for path in left, used, other:
            path.touch()
            self.addCleanup(path.unlink, missing_ok=True)
            os.utime(path, (0, 0))
        with used.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.check('unshare', '--mount', 'sh', '-c', f'mount -t tmpfs none {folder} && mount -t tmpfs none /proc && exec "$0" "$@"')
            self.assertEqual([path.exists() for path in (left, used, other)], [False, True, True])

    def test_processes(self):
        self.check('unshare', '--pid', '--fork', '--mount-proc')

    def test_clocks(self):
        """The program's clock is another: what it is asked for it has its time for, and what it tells is told by ours."""
        collecting = """
            import gc
            ready()
            while not ended:
                gc.collect()
                time.sleep(.02)
            """
        for offset in 500000, -500:
            before = ['unshare', '--time', '--monotonic', str(offset)]
            if subprocess.run([*before, 'true'], capture_output=True).returncode != 0:
                self.skipTest('no namespace with a clock of its own can be made here')
            with self.subTest(offset), Program(collecting, before=before) as program:
                self.assertEqual(attach(program.pid, 3, 1).stderr, '')
                rows = cli('watch', '--record', '-d', '.5', f'pid:{program.pid}').stdout.splitlines()
                times = [float(row.split(',')[0]) for row in rows if ',collection,' in row]
                self.assertTrue(times and all(0 <= time < 60 for time in times), times)
                self.assertEqual(program.end(), (0, 'well\n', ''))


@unittest.skipUnless(is_supported(), 'this machine does not let processes be traced, or Refscope cannot attach on it')
class Killed(unittest.TestCase):
    def test_refscope(self):
        """At any moment of an attach: the program goes on, and after a while has nothing of ours."""
        chance = random.Random(1)
        for name in 'computing', 'with a timer', 'allocating':
            with self.subTest(name), Program(TARGETS[name]) as program:
                threads, descriptors = len(program.folder('task')), program.descriptors()
                for i in range(2 * ROUNDS):
                    # Every other time it does nothing but attach.
                    refscope = subprocess.Popen([ROUNDS_PROGRAM, str(program.pid), '100000', str(3 * (i % 2))], stderr=subprocess.PIPE, text=True)
                    time.sleep(chance.uniform(.003, .06))
                    refscope.kill()
                    self.assertEqual(refscope.communicate()[1], '')
                    self.assertIsNone(program.process.poll())
                self.assertTrue(wait_until(lambda: len(program.folder('task')) == threads and program.descriptors() == descriptors),
                                (program.folder('task'), program.descriptors()))
                again = attach(program.pid, 2, 1)
                self.assertEqual(again.returncode, 0, again.stderr)
                self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_refscope_while_it_waits_for_the_lock(self):
        """Who comes next is told of no other Refscope, but that the agent cannot let go yet."""
        text = """
            import ctypes
            sleep = ctypes.PyDLL(None).usleep
            ready()
            sleep(10000000)
            while not ended:
                time.sleep(.1)
            """
        with Program(text) as program:
            time.sleep(.5)
            refscope = subprocess.Popen([ROUNDS_PROGRAM, str(program.pid), '1', '1'], stderr=subprocess.DEVNULL)
            self.assertTrue(wait_until(lambda: len(program.folder('task')) == 2))
            time.sleep(.5)
            refscope.kill()
            refscope.wait()
            result = attach(program.pid)
            self.assertIn('still letting go of the Refscope before', result.stderr)
            self.assertTrue(wait_until(lambda: attach(program.pid).returncode == 0, 20))
            self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_refscope_that_is_stopped(self):
        """At any moment, and for so long that the thread does not wait for it."""
        chance = random.Random(3)
        for name in 'sleeping', 'computing':
            with self.subTest(name), Program(TARGETS[name]) as program:
                threads, descriptors = len(program.folder('task')), program.descriptors()
                refscope = subprocess.Popen([ROUNDS_PROGRAM, str(program.pid), '100000', '3'], stderr=subprocess.PIPE, text=True)
                for _ in range(ROUNDS // 4):
                    time.sleep(chance.uniform(.01, .06))
                    refscope.send_signal(signal.SIGSTOP)
                    time.sleep(.3)
                    refscope.send_signal(signal.SIGCONT)
                time.sleep(.1)
                self.assertIsNone(refscope.poll())
                refscope.kill()
                self.assertEqual(refscope.communicate()[1], '')
                self.assertTrue(wait_until(lambda: len(program.folder('task')) == threads and program.descriptors() == descriptors),
                                (program.folder('task'), program.descriptors()))
                self.assertEqual(program.end(), (0, 'well\n', ''))

    def test_program(self):
        chance = random.Random(2)
        for _ in range(ROUNDS // 2):
            with Program(TARGETS['of 200 threads']) as program:
                refscope = subprocess.Popen([ROUNDS_PROGRAM, str(program.pid), '100000', '3'], stderr=subprocess.PIPE, text=True)
                time.sleep(chance.uniform(.01, .3))
                program.process.kill()
                _, errors = refscope.communicate(timeout=60)
                self.assertEqual(refscope.returncode, 1, errors)
                self.assertRegex(errors, 'ended|no process|did not answer|hung up|gone|exited')
                self.assertNotIn('with status', errors)  # nobody told Refscope


if __name__ == '__main__':
    unittest.main()
