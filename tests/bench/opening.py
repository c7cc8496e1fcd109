"""How long the window takes from the start of the process to its first graph.

    python3 opening.py HEAP [LIMIT]

Starts the program with the heap file five times, the first time to have the
file in the system's cache, and prints the median.  LIMIT is in seconds; exit
status 1 if it was missed.  Needs a display and a session bus: tests/gui/run.sh.
"""
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'gui'))
from driver import Window, wait_for  # noqa: E402

REPEATS = 5


def open_once(heap):
    start = time.monotonic()
    # No assistive technology asks: it is a user's start that is measured.
    window = Window(heap, env={'GTK_A11Y': 'none'})
    try:
        return wait_for('the first graph', lambda: window.call('FirstGraph').unpack()[0]) / 1e6 - start
    finally:
        window.stop()


def main():
    taken = [open_once(sys.argv[1]) for _ in range(REPEATS + 1)][1:]
    median = statistics.median(taken)
    what = f'  {"opening the window, to the first graph on the screen":58} {median:9.3g}s  '
    if len(sys.argv) < 3:
        print(f'{what} (from {min(taken):.3g} to {max(taken):.3g})')
        return 0
    limit = float(sys.argv[2])
    print(f'{what} limit <= {limit:g}s  {"ok" if median <= limit else "MISSED"}')
    return 0 if median <= limit else 1


if __name__ == '__main__':
    sys.exit(main())
