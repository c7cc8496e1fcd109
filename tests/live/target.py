"""A launched program, driven by target-driver: see target-driver.c."""
import base64
import contextlib
import functools
import itertools
import json
import os
import pathlib
import queue
import signal
import subprocess
import tempfile
import textwrap
import threading
import time
import unittest

import interpreters

DRIVER = os.environ['RSC_TARGET_DRIVER']
LIMIT = float(os.environ.get('RSC_TEST_LIMIT', 60))  # seconds after which a wait is a failure

# The codes of base/rsc-error.h.
FAILED, LIMIT_REACHED, PERMISSION, TIMEOUT, NOT_FOUND, UNSUPPORTED, EXITED, BUSY, BLOCKED = 0, 5, 6, 7, 8, 10, 11, 12, 15


END = object()


class Error(Exception):
    def __init__(self, answer):
        super().__init__(answer['error'])
        self.code = answer['code']


class Pending:
    """A command whose answer comes later."""

    def __init__(self):
        self.queue = queue.Queue()

    def get(self):
        answer = self.queue.get(timeout=LIMIT)
        if answer is END:
            raise AssertionError('the driver ended without an answer')
        if 'error' in answer:
            raise Error(answer)
        return answer


class Target:
    def __init__(self, *command, hold=False, marks=(), cwd=None, env=None, stdin=None, pass_fds=(), prefix=()):
        """stdin: None: the program's standard streams are pipes, read as events."""
        words = [*map(str, prefix), DRIVER]
        if hold:
            words.append('--hold')
        for mark in marks:
            words += ['--hold-mark', mark]
        if cwd:
            words += ['--cwd', str(cwd)]
        words.append('--pipe')
        self.process = subprocess.Popen([*words, *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=env, pass_fds=pass_fds)
        self.numbers = itertools.count(1)
        self.pending = {}
        self.events = queue.Queue()
        self.seen = []
        self.ended = False
        self.is_held = False
        self.output = {1: b'', 2: b''}
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            if 'answer' in message:
                if message['answer'] in self.pending:
                    self.pending.pop(message['answer']).queue.put(message)
                else:
                    self.events.put({'event': 'failed', **message})
            else:
                if message['event'] == 'output':
                    self.output[message['fd']] += base64.b64decode(message['bytes'])
                self.events.put(message)
        # Nothing comes any more: who waits for an answer is told at once.
        self.ended = True
        for pending in list(self.pending.values()):
            pending.queue.put(END)
        self.events.put({'event': 'end'})

    def begin(self, *words):
        number = next(self.numbers)
        pending = self.pending[number] = Pending()
        if self.ended:
            pending.queue.put(END)
        self.process.stdin.write(('\t'.join(map(str, (number, *words))) + '\n').encode())
        self.process.stdin.flush()
        return pending

    def ask(self, *words):
        if words[0] == 'continue':
            self.is_held = False
        return self.begin(*words).get()

    def wait(self, event, **fields):
        """The next event with these fields; what comes before is in seen."""
        deadline = time.monotonic() + LIMIT
        while True:
            try:
                message = self.events.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f'no {event} {fields} in {self.seen}, {self.output}') from None
            self.seen.append(message)
            if message['event'] == 'state':
                self.is_held = message['state'] == 'held'
            if message['event'] == event and all(message.get(key) == value for key, value in fields.items()):
                return message
            if message['event'] in ('end', 'failed'):
                raise AssertionError(f'the driver ended; no {event} {fields} in {self.seen}, {self.output}')

    def wait_held(self, hold='mark', **fields):
        return self.wait('state', state='held', hold=hold, **fields)

    def wait_held_for_long(self):
        """At the first mark of a program launched to be held, and nowhere after it.

        A mark that was named lets go by itself after some seconds, and a busy machine may need more.
        """
        held = self.wait_held()
        self.ask('set-hold', 0)
        return held

    def wait_output(self, text):
        """Until its standard output holds that."""
        while text not in self.output[1]:
            self.wait('output')

    def wait_exit(self):
        """Its exit status, or minus the signal."""
        event = self.wait('state', state='exited')
        return event['status'] if event['exited'] else -event['status']

    def finish(self):
        """Goes on until the end: (status, standard output, standard error)."""
        if self.is_held:
            self.ask('continue')
        while True:
            event = self.wait('state')
            if event['state'] == 'held':
                self.ask('continue')
            elif event['state'] == 'exited':
                return event['status'] if event['exited'] else -event['status'], self.output[1], self.output[2]

    def pid(self):
        return self.ask('pid')['pid']

    def close(self):
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.reader.join(LIMIT)
            self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        try:
            if kind is not None and self.process.poll() is None:
                try:
                    self.begin('stop', int(signal.SIGKILL))
                except OSError:
                    pass
        finally:
            self.close()


class Case(unittest.TestCase):
    """Tests that run programs of their own, once with each interpreter."""

    @classmethod
    def setUpClass(cls):
        if not os.environ.get('RSC_AGENT'):
            raise unittest.SkipTest('the agent is not built: -Dagent=disabled, or no Python headers')
        if not interpreters.find():
            raise unittest.SkipTest('no CPython 3.10 or later was found')
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def script(self, text, name='program.py', mode=0o644):
        path = self.path / name
        path.write_text(textwrap.dedent(text))
        path.chmod(mode)
        return path


def each_python(test):
    """Runs the test with each interpreter that is found, in a subtest of its own."""
    @functools.wraps(test)
    def run(self):
        for path, version in interpreters.find():
            with self.subTest(python='.'.join(map(str, version))):
                test(self, path)
    return run


def descendants(pid):
    """The processes whose parent is pid, by any way of waiting."""
    found = []
    for task in pathlib.Path(f'/proc/{pid}/task').iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended since it was listed
            found += map(int, (task / 'children').read_text().split())
    return found


def descriptors(pid):
    found = {}
    for name in os.listdir(f'/proc/{pid}/fd'):
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            found[int(name)] = os.readlink(f'/proc/{pid}/fd/{name}')
    return found


def cpu_seconds(pid):
    """The processor time of the whole process, which a busy machine does not stretch as it does the clock's."""
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def status(pid, key):
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith(key + ':'):
            return line.split(':', 1)[1].strip()
    raise KeyError(key)
