"""What recording costs a program that collects all the time, and prints it with its limit.

    python3 record.py

The program makes cycles and nothing else, so that its collector runs as often as it can.  It does the same work in turns: while
refscope-cli watch --record is attached to it, and while nobody is.  Compared is the least processor time of all its threads, so that what else
the machine does is left out; the agent's thread counts.  Exit status 1 if the limit was missed.  scripts/bench runs it.
"""
import json
import os
import signal
import subprocess
import sys

PYTHON = os.environ.get('RSC_BENCH_PYTHON', '/usr/bin/python3')
CLI = os.environ['RSC_CLI']
TURNS = 15   # with a record and without
LIMIT = 1.05

PROGRAM = '''
import gc, json, sys, time

class Node:
    pass

def work(n):
    for _ in range(n):
        a, b = Node(), Node()
        a.other, b.other = b, a

for line in sys.stdin:
    collections = sum(row['collections'] for row in gc.get_stats())
    begin = time.process_time()
    work(int(line))
    seconds = time.process_time() - begin
    collections = sum(row['collections'] for row in gc.get_stats()) - collections
    print(json.dumps([seconds, collections, len(gc.callbacks)]), flush=True)
'''


def ask(program, n):
    program.stdin.write(f'{n}\n')
    program.stdin.flush()
    return json.loads(program.stdout.readline())


def record(program):
    watching = subprocess.Popen([CLI, 'watch', '--record', '--interval', '3600', '--quiet', f'pid:{program.pid}'], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
    while ask(program, 100)[2] == 0:
        pass
    return watching


def stop(program, watching):
    watching.send_signal(signal.SIGINT)
    watching.wait()
    while ask(program, 100)[2] != 0:
        pass


# In the background of a shell script it is ignored, also by what is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
seconds = {False: [], True: []}
with subprocess.Popen([PYTHON, '-c', PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
    n = 100000
    while (taken := ask(program, n))[0] < .3:
        n *= 2
    for turn in range(2 * TURNS):
        recorded = turn % 2 == 1
        watching = record(program) if recorded else None
        taken = ask(program, n)
        assert taken[2] == recorded, taken
        seconds[recorded].append(taken[0])
        if recorded:
            stop(program, watching)
    program.stdin.close()

without, with_record = (min(seconds[recorded]) for recorded in (False, True))
ratio = with_record / without
print(f'a program that collects {taken[1] / taken[0]:.0f} times a second of its processor time: '
      f'{without * 1000:.0f} ms without a record, {with_record * 1000:.0f} ms with it')
print(f'  {"processor time with a record / without":<58} {ratio:9.3g}x    limit <= {LIMIT:g}x  {"ok" if ratio <= LIMIT else "MISSED"}')
sys.exit(ratio > LIMIT)
