"""How attaching and capturing is felt by programs that run, and prints each figure with its limit.

    python3 attach.py [OBJECTS]

How long a thread is stopped for an attach, over 500; how long a program stands still for a capture, beside its own
gc.collect(); how long a Flask application that holds so many objects (a million) takes to answer, with a capture every ten
seconds and without, in turns.  Exit status 1 if a limit was missed.  scripts/bench runs it.
"""
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'live'))
from running import Program, attach  # noqa: E402
from test_attach import TARGETS  # noqa: E402
from test_served import FLASK_SERVER  # noqa: E402

PYTHON = os.environ.get('RSC_BENCH_PYTHON', '/usr/bin/python3')
ATTACHES = 500
SECONDS = 10  # from capture to capture
TURNS = 6     # with captures and without
CLIENTS = 2
PAUSE = .005

missed = False


def report(what, value, unit, limit):
    global missed
    missed |= not value <= limit
    print(f'  {what:<58} {value:9.3g}{unit:<3}  limit <= {limit:g}{unit}  {"ok" if value <= limit else "MISSED"}', flush=True)


def attached(pid, rounds, every):
    result = attach(pid, rounds, every)
    if result.returncode != 0:
        sys.exit(result.stderr)
    return json.loads(result.stdout)


def stops():
    names = 'sleeping', 'computing', 'of 200 threads', 'of tasks'
    pauses = []
    for name in names:
        with Program(TARGETS[name], PYTHON) as program:
            pauses += attached(program.pid, ATTACHES // len(names), 0)['pauses_ms']
    print(f'a thread stopped for an attach, {len(pauses)} of them; programs {", ".join(names)}')
    report('median', statistics.median(pauses), 'ms', 5)
    report('the worst', max(pauses), 'ms', 50)


def standstill(objects):
    program = subprocess.Popen([PYTHON, HERE / 'heap.py', str(objects)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env={**os.environ, 'PYTHONPATH': os.environ['RSC_PYTHON_PACKAGE']})
    said = {}
    while 'beating' not in said:
        said.update(json.loads(program.stdout.readline()))
    attached(program.pid, 1, 1)
    program.stdin.write('\n')
    program.stdin.flush()
    while 'standstill_ms' not in said:
        said.update(json.loads(program.stdout.readline()))
    program.communicate()
    print(f'a program that computes is attached to and captured: {objects} tracked objects, stood still for {said["standstill_ms"]:.1f} ms')
    report('standstill of attach and capture / gc.collect()', said['standstill_ms'] / said['collect_ms'], 'x', .5)


def ask(port, until, taken):
    n = 0
    while time.monotonic() < until:
        n += 1
        begin = time.monotonic()
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
        connection.request('GET', f'/work/{n}?asked=0')
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()
        taken.append(time.monotonic() - begin)
        if answer.status != 200 or said['square'] != n * n:
            sys.exit(f'a wrong answer: {answer.status} {said}')
        time.sleep(PAUSE)


def latencies(objects):
    text = f'import sys\nsys.path.insert(0, {str(HERE)!r})\nimport heap\nshelves = heap.build({objects})\n' + FLASK_SERVER
    taken = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'program.py')
        path.write_text(text)
        server = subprocess.Popen([PYTHON, path], stdout=subprocess.PIPE, text=True)
        port = int(server.stdout.readline())
        for turn in range(TURNS):
            captured = turn % 2 == 1
            until = time.monotonic() + SECONDS
            clients = [threading.Thread(target=ask, args=(port, until, taken[captured])) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            if captured:
                attached(server.pid, 1, 1)
            for client in clients:
                client.join()
        server.terminate()
        server.communicate()
    without, with_captures = (statistics.quantiles(taken[captured], n=100)[98] * 1000 for captured in (False, True))
    print(f'a Flask application with {objects} tracked objects: {len(taken[False])} requests without captures, {len(taken[True])} with one'
          f' each {SECONDS} s; 99th percentiles {without:.1f} ms and {with_captures:.1f} ms')
    report('99th percentile of a request with captures / without', with_captures / without, 'x', 2)


objects = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
stops()
standstill(objects)
latencies(objects)
sys.exit(missed)
