"""A program in Python that runs without Refscope, to be attached to."""
import contextlib
import os
import pathlib
import signal
import subprocess
import textwrap
import time

ROUNDS_PROGRAM = os.environ['RSC_ATTACH_ROUNDS']
IS_SANITISED = b'__asan_init' in pathlib.Path(ROUNDS_PROGRAM).read_bytes()
SYSTEM_PYTHON = '/usr/bin/python3'

# What each says when it is ready, and how it is seen that it goes on well: it says so when it is asked to end.
BEGIN = """
import signal, sys, threading, time
ended = False
def end(*_):
    global ended
    ended = True
signal.signal(signal.SIGTERM, end)
def ready(pid=''):
    print('ready', pid, flush=True)
"""
END = """
print('well', flush=True)
"""


class Program:
    """A program in Python that runs without Refscope."""

    def __init__(self, text, python=SYSTEM_PYTHON, before=(), environment=None, stdin=subprocess.DEVNULL):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(('PYTHON', 'LD_PRELOAD'))}
        self.process = subprocess.Popen([*before, python, '-u', '-c', BEGIN + textwrap.dedent(text) + END], stdin=stdin,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**clean, **(environment or {})})
        words = self.process.stdout.readline().split()
        if words[:1] != ['ready']:
            raise AssertionError(self.process.communicate())
        # The one to look at: itself, or a child.
        self.pid = int(words[1]) if len(words) > 1 else self.process.pid

    def folder(self, name):
        return os.listdir(f'/proc/{self.pid}/{name}')

    def descriptors(self):
        found = {}
        for number in self.folder('fd'):
            try:
                found[number] = os.readlink(f'/proc/{self.pid}/fd/{number}')
            except FileNotFoundError:
                pass
        return found

    def lasting_descriptors(self):
        """Without those that come and go: connections, and modules that are being imported."""
        found = self.descriptors()
        for _ in range(20):
            time.sleep(.005)
            now = self.descriptors()
            found = {number: name for number, name in found.items() if now.get(number) == name}
        return found

    def mappings(self):
        """What is mapped, as often as it is: addresses and sizes of what the C library allocates change."""
        names = {}
        for line in pathlib.Path(f'/proc/{self.pid}/maps').read_text().splitlines():
            name = line.split(None, 5)[5] if len(line.split(None, 5)) == 6 else ''
            names[name] = names.get(name, 0) + 1
        return names

    def measure(self):
        """How much is mapped, and in how many pieces: the least of some looks, for it comes and goes."""
        mappings, size = [], []
        for _ in range(20):
            lines = pathlib.Path(f'/proc/{self.pid}/maps').read_text().splitlines()
            areas = [line.split()[0].split('-') for line in lines]
            mappings.append(len(areas))
            size.append(sum(int(end, 16) - int(begin, 16) for begin, end in areas))
            time.sleep(.02)
        return min(mappings), min(size)

    def children(self, pid=None):
        pid = pid or self.pid
        found = set()
        for thread in os.listdir(f'/proc/{pid}/task'):
            try:
                found.update(pathlib.Path(f'/proc/{pid}/task/{thread}/children').read_text().split())
            except FileNotFoundError:
                pass
        return found

    def has_our_code(self):
        """Code that is of no file: what the thread was made to run."""
        lines = pathlib.Path(f'/proc/{self.pid}/maps').read_text().splitlines()
        return any('r-xp' in line and len(line.split()) == 5 for line in lines)

    def end(self, again=None):
        """again: the signal is sent again each so many seconds, to a program that may miss one also without Refscope."""
        until = time.monotonic() + 120
        while True:
            self.process.send_signal(signal.SIGTERM)
            try:
                output, errors = self.process.communicate(timeout=again or 120)
            except subprocess.TimeoutExpired:
                if time.monotonic() > until:
                    raise
            else:
                return self.process.returncode, output, errors

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            # Its children have its streams: whose end is waited for.
            children = self.children(self.process.pid)
            self.process.kill()
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
        self.process.communicate()


def wait_until(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(.02)
    return True


def build_library(folder, name, source, *options):
    path = os.path.join(folder, f'{name}.so')
    subprocess.run(['cc', '-shared', '-fPIC', *options, '-x', 'c', '-', '-o', path], input=source, text=True, check=True)
    return path


def attach(pid, rounds=1, every=1):
    return subprocess.run([ROUNDS_PROGRAM, str(pid), str(rounds), str(every)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=600)
