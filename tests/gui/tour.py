"""A tour through the window, again and again: does it grow, does it stand still?

    python3 tests/gui/tour.py [MINUTES]

Drives one running program through a heap file, every control, exports and a
launched program, and closes each heap again.  After a round nothing of a closed
heap may be alive, and after the rounds that warm it up what is allocated may not
grow.  The allocator is asked for that: the memory that the process has goes up and
down by MiB as the allocator keeps it and gives it back.  GLib's slices, which keep
what is freed, are off, and idle workers have ended: they are some MiB of noise, too.

Prints what each round took, and the steps during which the main loop stood
still for long.  Exit status 1 if it grew.  scripts/tour runs it, on a sanitised build if it is
asked to: the sanitizer's allocator is asked then.
"""
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from gi.repository import GLib  # noqa: E402

from driver import FOLD, Gone, PATIENCE, Window, wait_for  # noqa: E402
from growth import growth  # noqa: E402
from window_case import PYTHON, save  # noqa: E402

EXAMPLES = pathlib.Path(os.environ['RSC_EXAMPLES'])
WARM_UP = 3         # rounds
AT_LEAST = 6        # rounds after these
LONG_STALL = 0.1    # seconds
# What may be allocated more with each round after the warm-up.  The smallest leak
# that was found so far, a page's menu, took 22 KiB of each of the three pages of a
# round: 66 KiB.  The libraries' own, which nobody can mend here, are far less.
GROWTH = float(os.environ.get('RSC_TOUR_GROWTH', 64))   # KiB a round


class Tour:
    def __init__(self, folder):
        self.folder = folder
        self.stalls = {}
        self.window = Window(env={'G_SLICE': 'always-malloc'})
        # The start page stays, small, so that the other window is the largest.
        self.window.resize(360, 400)
        self.ground = self.count()

    def count(self):
        return self.window.call('Count').unpack()[0]

    def memory(self):
        """(PSS, private memory) in KiB."""
        found = {}
        with open(f'/proc/{self.window.process.pid}/smaps_rollup', encoding='ascii') as lines:
            for line in lines:
                name, _, rest = line.partition(':')
                if rest.endswith(' kB\n'):
                    found[name] = int(rest.split()[0])
        return found['Pss'], found['Private_Dirty'] + found['Private_Clean']

    def threads(self):
        names = []
        for thread in pathlib.Path(f'/proc/{self.window.process.pid}/task').iterdir():
            with contextlib.suppress(OSError):  # it has ended
                names.append((thread / 'comm').read_text(encoding='utf-8').strip())
        return names

    def allocated(self):
        """What the allocator has given out, in KiB; the rest of the memory is what it keeps for later."""
        # GLib ends a worker that has had nothing to do for 15 s.
        wait_for('the end of the idle workers', lambda: not any(name.startswith('pool-') for name in self.threads()), 15 + PATIENCE)
        return self.window.call('Allocated').unpack()[0] // 1024

    def end(self):
        """Ends the program as its user does, and returns what it complained of."""
        ended = []
        with contextlib.suppress(GLib.Error):  # it was gone sooner than its answer
            self.window.activate('app.quit')
        try:
            self.window.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            ended = ['it did not end when it was asked to']
        return self.window.stop() + ended

    def tell(self):
        """Of what stopped the tour: all that the program wrote, if it has ended, such as a sanitizer's report."""
        self.window.tell('the tour')
        if self.window.process.poll() is not None:
            print(self.window.written())

    @contextlib.contextmanager
    def step(self, name):
        self.window.call('TakeStall')
        if os.environ.get('RSC_TOUR_VERBOSE'):
            print(f'{time.monotonic():.1f} {name}', flush=True)
        yield
        self.window.settle()
        # Not counting what a busy machine adds.
        _, stall = self.window.call('TakeStall').unpack()
        self.stalls[name] = max(self.stalls.get(name, 0), stall)

    def act(self, *actions):
        for action in actions:
            with self.step(action):
                self.window.activate(action)

    def close(self):
        with self.step('close'):
            self.window.activate('window.close')
            try:
                wait_for('the end of what was open', lambda: self.count() == self.ground)
            except Gone:
                raise Gone(f'still alive: {self.count()}, at first {self.ground}') from None

    def open(self, name, action):
        with self.step(name):
            self.window.activate('app.new-window')
            self.window.activate(action)
            wait_for('the graph', self.window.graph)

    def use_views(self):
        window = self.window
        for name, value in (('Depth', 1), ('Depth', 4), ('Depth', 3), ('Fold above', 5), ('Fold above', 10)):
            with self.step(f'{name} {value}'):
                window.set_value(name, value)
        self.act("page.direction('backrefs')", "page.direction('both')", "page.direction('refs')")
        with self.step('filter'):
            window.enter('Filter', "type <> 'str'")
        with self.step('no filter'):
            window.enter('Filter', '')
        with self.step('a wrong filter'):
            window.enter('Filter', 'nonsense >')
        with self.step('no filter'):
            window.enter('Filter', '')
        window.press('More view options')
        for name in ('Reference counts', 'Short names', 'Swap arrows', 'Only what the collector sees'):
            for _ in range(2):
                with self.step(name):
                    window.press(name)
        window.key('Escape')
        for _ in range(5):
            self.act('page.back')
        self.act('page.forward', 'page.forward')

    def use_canvas(self):
        window = self.window
        with self.step('keys'):
            for keys in ('Home', 'Down', 'Right', 'Up', 'Left', 'Tab', 'plus', 'plus', 'minus', '0', '1'):
                window.key(keys)
        fold = next((i for i, kind, *_ in window.nodes() if kind == FOLD), None)
        if fold is not None:
            # Wherever it is: by the keyboard, as the fold may be out of sight.
            with self.step('fold'):
                window.activate("page.expand")
        with self.step('recentre'):
            window.key('Home')
            window.key('Down')
            window.key('Return')
        self.act('page.back', 'page.zoom-in', 'page.zoom-in', 'page.fit', 'page.zoom-out')

    def use_steps(self):
        """Through a collection, there and back; with its run as files, and of a name that goes."""
        window = self.window
        with self.step('the steps'):
            window.activate('page.step(uint32 2)')
            wait_for('the steps', lambda: 'step' in window.facts())
        self.act('page.step-lists', *(f"page.step-to('{where}')" for where in (
            'next-step', 'next-object', 'next-phase', 'next-own', 'last', 'previous-own', 'previous-phase', 'previous-step', 'first')))
        for kind, name in ('run-html', 'run.html'), ('run-svg', 'run.svg'):
            with self.step(f'export {kind}'):
                self.save(f"page.export-run('{kind}')", self.folder / name)
        with self.step('mark and sweep'):
            window.activate('page.step-mark')
            window.sees('Nothing is marked yet')
        self.act("page.step-to('last')", 'page.back')
        with self.step('what if a name went'):
            window.activate('page.step-drop-name')
            window.enter('What goes', 'shop')
            window.press('Show What Follows')
            window.sees('A what-if')
        self.act("page.step-to('last')", 'page.back')

    def use_lists(self):
        window = self.window
        with self.step('find a value'):
            window.press('Value')
            window.enter('Find objects', 'Mei')
        with self.step('find by SQL'):
            window.enter('Find objects', "sql:SELECT id FROM objects WHERE type = 'Session' LIMIT 5")
            window.sees('5 objects', exactly=True)
        with self.step('draw the found'):
            window.key('ctrl+f')
            window.key('Return')
        with self.step('no search'):
            window.enter('Find objects', '')
        self.act('page.list', 'page.collector', 'page.cycles', 'page.cycles', 'page.find')
        with self.step('collect'):
            window.activate('page.collect(uint32 2)')
            window.sees('Predicted')
        self.act('page.swap-side', 'page.sidebar', 'page.sidebar', 'page.details', 'page.details')

    def save(self, action, path):
        path.unlink(missing_ok=True)
        save(self.window, action, path)
        wait_for('the file', path.exists)

    def export(self):
        for kind in ('png', 'svg', 'pdf', 'dot'):
            with self.step(f'export {kind}'):
                self.save(f"page.export('{kind}')", self.folder / f'picture.{kind}')
        with self.step('save the heap'):
            self.save('page.save-heap', self.folder / 'saved.refscope')
        # The other way around, the picture would stay: the clipboard has what was copied last.
        self.act('page.copy-picture', 'page.copy-command')

    def launch(self):
        window = self.window
        with self.step('launch'):
            window.activate('app.new-window')
            window.activate(f"win.launch-program((['{PYTHON}', '{EXAMPLES / 'demo.py'}'], '', true))")
            window.wait_for_status('the shop is full')
            window.wait_for_captures(1)
        with self.step('continue'):
            window.activate('page.continue')
            window.wait_for_status('most have left')
            window.wait_for_captures(2)
        with self.step('collect in the program'):
            window.activate('page.collect(uint32 2)')
            window.wait_for_captures(3)
        with self.step('the first capture'):
            window.press(lambda name: name.startswith('1 the shop'))
        with self.step('stop'):
            window.activate('page.stop')
            window.wait_for_status('Ended by SIGTERM')

    def round(self):
        self.launch()
        self.act('page.fit')
        self.use_canvas()
        self.export()
        self.close()
        self.open('open the file', f"win.open-path('{self.folder / 'saved.refscope'}')")
        self.use_views()
        self.use_canvas()
        self.use_steps()
        self.use_lists()
        self.close()
        self.open('open a lesson', "win.lesson('reachability-graph')")
        self.use_views()
        self.close()


def main(minutes):
    until = time.monotonic() + 60 * minutes
    allocated = []
    with tempfile.TemporaryDirectory(prefix='refscope-tour-') as folder:
        tour = Tour(pathlib.Path(folder))
        try:
            while time.monotonic() < until or len(allocated) < WARM_UP + AT_LEAST:
                started = time.monotonic()
                tour.round()
                allocated.append(tour.allocated())
                pss, private = tour.memory()
                print(f'round {len(allocated)}: {time.monotonic() - started:.0f} s, PSS {pss / 1024:.1f} MiB, '
                      f'private {private / 1024:.1f} MiB, allocated {allocated[-1]} KiB, alive: '
                      + ', '.join(f'{count} {name}' for name, count in sorted(tour.count().items()) if count), flush=True)
        except Exception:
            tour.tell()
            raise
        finally:
            complaints = tour.end()
    for name, stall in sorted(tour.stalls.items(), key=lambda item: -item[1]):
        if stall >= LONG_STALL:
            print(f'the main loop stood still for {1000 * stall:.0f} ms: {name}')
    for line in complaints:
        print(line)
    print(f'{len(allocated)} rounds; the longest stall was {1000 * max(tour.stalls.values()):.0f} ms')
    grown = growth(allocated[WARM_UP:])
    print(f'after the warm-up, what is allocated grows by {grown:.0f} KiB a round (limit {GROWTH:.0f})' if all(allocated) else
          'what is allocated was not measured: the allocator does not say')
    return 1 if grown > GROWTH or complaints else 0


if __name__ == '__main__':
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30))
