"""Drives the real window: by accessible names, keys and the pointer.

A test starts the program on a display and a session bus of their own (run.sh
makes both), finds widgets by role and accessible name, and waits for
handshakes of the program's test interface, never for a time.
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings

import gi

gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402

from accessible import Atspi, find_application  # noqa: E402

BUILD = os.environ['RSC_BUILD_ROOT']
PROGRAM = os.path.join(BUILD, 'src', 'app', 'refscope')
PATH = '/io/github/refscope/Refscope/Test'
INTERFACE = 'io.github.refscope.Refscope.Test'
# The names that are not deprecated came after at-spi2 2.46.
warnings.filterwarnings('ignore', category=DeprecationWarning)

# How long the slowest answer may take on a busy machine, sanitised.
PATIENCE = float(os.environ.get('RSC_GUI_PATIENCE', '60'))

# GTK's file chooser draws the two buttons beside its path before it knows the path, if the folder takes long: without places.
OF_THE_TOOLKIT = re.compile(r'Trying to snapshot GtkButton \w+ without a current allocation')

OBJECT, FOLD, FINALIZER = range(3)


class Gone(Exception):
    """What was waited for did not come."""


def wait_for(what, condition, patience=PATIENCE):
    """The condition's first true value; asks again and again."""
    until = time.monotonic() + patience
    pause = 0.02
    while True:
        try:
            value = condition()
        except GLib.Error:
            value = None
        if value:
            return value
        if time.monotonic() > until:
            raise Gone(f'{what} did not come in {patience:.0f} s')
        time.sleep(pause)
        # Who asks takes the time of the one who answers.
        pause = min(1.5 * pause, 0.2)


def name_of(item):
    """The accessible name; GTK 4.8 says a mnemonic's label twice: "_Save Save"."""
    name = item.get_name() or ''
    half = len(name) // 2
    if name.startswith('_') and name[1:half] == name[half + 1:]:
        return name[half + 1:]
    return name


def text_of(item):
    return item.get_text() if 'Text' in item.get_interfaces() else ''


class Window:
    """The program, running."""
    count = 0

    def __init__(self, *arguments, env=None, settings='', **options):
        Window.count += 1
        self.name = f'io.github.refscope.Test.p{os.getpid()}n{Window.count}'
        self.state = tempfile.TemporaryDirectory(prefix='refscope-gui-')
        # The buttons that GNOME gives a window; without a desktop there are three.
        os.mkdir(os.path.join(self.state.name, 'gtk-4.0'))
        with open(os.path.join(self.state.name, 'gtk-4.0', 'settings.ini'), 'w', encoding='utf-8') as file:
            file.write('[Settings]\ngtk-decoration-layout=:close\n' + settings)
        environment = dict(os.environ)
        environment.update(
            RSC_TEST_INTERFACE=self.name,
            GSETTINGS_BACKEND='memory',
            GSETTINGS_SCHEMA_DIR=os.path.join(BUILD, 'data'),
            GSK_RENDERER='cairo',
            GTK_A11Y='atspi',
            GTK_USE_PORTAL='0',
            XDG_CONFIG_HOME=self.state.name,
            XDG_DATA_HOME=self.state.name,
            XDG_CACHE_HOME=self.state.name)
        environment.update(env or {})
        self.errors = tempfile.TemporaryFile()
        # One instance would open the files of all.
        own = f'--gapplication-app-id=io.github.refscope.Refscope.p{os.getpid()}n{Window.count}'
        self.process = subprocess.Popen([PROGRAM, own, *arguments], env=environment, stderr=self.errors, **options)
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        try:
            wait_for('the test interface', self.answers)
        except Gone:
            raise Gone(f'the program did not come up: {self.written()}') from None

    def answers(self):
        if self.process.poll() is not None:
            raise Gone(f'the program ended with {self.process.returncode}')
        return self.call('Describe', None, timeout=1000) is not None

    def call(self, method, parameters=None, timeout=None):
        return self.bus.call_sync(self.name, PATH, INTERFACE, method, parameters, None, Gio.DBusCallFlags.NO_AUTO_START,
                                  int(timeout or PATIENCE * 1000), None)

    def call_in_order(self, *calls):
        """The answers to several calls, none of which waits for another: little comes between them."""
        answers = {}
        for number, (method, parameters) in enumerate(calls):
            self.bus.call(self.name, PATH, INTERFACE, method, parameters, None, Gio.DBusCallFlags.NO_AUTO_START, int(PATIENCE * 1000), None,
                          lambda bus, result, key: answers.update({key: bus.call_finish(result)}), number)
        until = time.monotonic() + PATIENCE
        while len(answers) < len(calls):
            if time.monotonic() > until:
                raise Gone(f'{len(calls) - len(answers)} answers did not come in {PATIENCE:.0f} s')
            GLib.MainContext.default().iteration(False) or time.sleep(0.005)
        return [answers[number] for number in range(len(calls))]

    # The handshakes.

    def settle(self):
        self.call('Settle')

    def facts(self):
        return self.call('Describe').unpack()[1]

    def graph(self):
        text = self.call('Describe').unpack()[0]
        return json.loads(text) if text else None

    def nodes(self):
        """(index, kind, node, label, state) of what is drawn."""
        return [(i, *node) for i, node in enumerate(self.facts().get('nodes', []))]

    def wait_for_status(self, text, patience=PATIENCE):
        wait_for(f'the status “{text}”', lambda: text in self.facts().get('status', ''), patience)
        self.settle()

    def wait_for_captures(self, count):
        wait_for(f'{count} captures', lambda: self.facts().get('captures', 0) >= count)
        self.settle()

    def activate(self, action):
        self.call('Activate', GLib.Variant('(s)', (action,)))

    def resize(self, width, height):
        self.call('Resize', GLib.Variant('(ii)', (width, height)))

    def audit(self, narrowest=360):
        """What is wrong with the places of the widgets in sight; a sentence each."""
        return self.call('Audit', GLib.Variant('(i)', (narrowest,))).unpack()[0]

    def mirror(self):
        """Turns the program's windows right to left."""
        self.call('Mirror')

    def enlarge(self, percent):
        """Sets the size of the text, as a desktop's setting does while the program runs."""
        self.call('Enlarge', GLib.Variant('(i)', (percent,)))

    @staticmethod
    def clipboard(mime_type):
        """What another program gets when it pastes, once there is something."""
        return wait_for(f'{mime_type} on the clipboard', lambda: subprocess.run(
            [os.path.join(BUILD, 'tests', 'gui', 'read-clipboard'), mime_type],
            check=False, capture_output=True, timeout=PATIENCE).stdout)

    def screenshot(self, path, scale=1.0):
        self.call('Screenshot', GLib.Variant('(sd)', (path, scale)))

    # Accessible objects.

    def application(self):
        return find_application(self.process.pid)

    def walk(self, root=None):
        """Every accessible object that is in sight, in order."""
        root = root or self.application()
        return root.walk() if root is not None else iter(())

    def find(self, name, role=None, enabled=False):
        """The object of this accessible name (a text, or a predicate over it)."""
        matches = name if callable(name) else lambda text: text == name

        def look():
            for item in self.walk():
                if matches(name_of(item)) and (role is None or item.get_role_name() == role) and \
                        (not enabled or item.has_state(Atspi.StateType.SENSITIVE)):
                    return item
            return None
        return wait_for(f'“{name}” ({role or "any role"})', look)

    def has(self, name, role=None):
        return any(name_of(item) == name and (role is None or item.get_role_name() == role) for item in self.walk())

    def texts(self):
        """All names and texts in sight."""
        found = []
        for item in self.walk():
            found.append(item.get_name() or '')
            try:
                found.append(text_of(item))
            except GLib.Error:
                continue
        return found

    def focused(self):
        """The name of what has the keyboard."""
        def look():
            return next((item for item in self.walk() if item.has_state(Atspi.StateType.FOCUSED)), None)
        try:
            return name_of(wait_for('the focus', look, 2))
        except Gone:
            return ''

    def choose(self, *keys):
        """Goes to an item of the drop-down that has the focus, by these keys, and chooses it.

        Keys that come before the list is up are the button's.
        """
        name = self.focused()
        self.key('space')
        self.pick(*keys)
        wait_for(f'“{name}” focused again', lambda: self.focused() == name)

    def pick(self, *keys):
        """The same once its list opens."""
        def is_chosen(item):
            # Each item has a name: without one nobody would hear what is chosen.
            return item.has_state(Atspi.StateType.FOCUSED) and item.get_role_name() == 'list item' and item.get_name()
        wait_for('the list', lambda: any(is_chosen(item) for item in self.walk()))
        self.key(*keys, 'Return')

    def sees(self, text, exactly=False):
        def is_it(found):
            return text == found if exactly else text in found
        # Most texts are names, which are known sooner.
        return wait_for(f'the text “{text}”', lambda: any(is_it(item.get_name() or '') for item in self.walk()) or
                        any(map(is_it, self.texts())))

    def press(self, name, role=None):
        """Does what a click does."""
        matches = name if callable(name) else lambda text: text == name

        def can_be_pressed(item):
            try:
                return item.has_state(Atspi.StateType.SENSITIVE) and 'Action' in item.get_interfaces() and \
                    item.get_action_names()[:1] in (['click'], ['toggle'], ['activate'], ['default.activate'])
            except GLib.Error:
                return False

        def look():
            return next((item for item in self.walk() if matches(name_of(item)) and
                         (role is None or item.get_role_name() == role) and can_be_pressed(item)), None)
        wait_for(f'a way to press “{name}”', look).do_action()

    def part(self, name, interface):
        """The part of what has this name that is so used ("EditableText", "Value")."""
        def look():
            for item in self.walk():
                if name_of(item) == name:
                    for child in self.walk(item):
                        if interface in child.get_interfaces():
                            return child
            return None
        return wait_for(f'“{name}” ({interface})', look)

    def enter(self, name, text):
        """Replaces an entry's text."""
        self.part(name, 'EditableText').set_text(text)

    def set_value(self, name, value):
        self.part(name, 'Value').set_value(value)

    def value(self, name):
        return self.part(name, 'Value').get_value()

    # Keys and the pointer.

    def xdotool(self, *arguments):
        return subprocess.run(['xdotool', *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def surface(self):
        """The window's X window: the largest, for tooltips and menus have theirs."""
        ids = wait_for('the X window', lambda: subprocess.run(
            ['xdotool', 'search', '--onlyvisible', '--pid', str(self.process.pid)],
            capture_output=True, text=True, check=False).stdout.split())
        return max(ids, key=self.area)

    def area(self, surface):
        try:
            lines = self.xdotool('getwindowgeometry', '--shell', surface).split()
        except subprocess.CalledProcessError:
            return 0  # it has gone meanwhile
        geometry = dict(line.split('=') for line in lines)
        return int(geometry['WIDTH']) * int(geometry['HEIGHT'])

    def focus(self):
        self.xdotool('windowfocus', '--sync', self.surface())

    def key(self, *keys):
        self.focus()
        self.xdotool('key', '--clearmodifiers', *keys)

    def type(self, text):
        self.xdotool('type', '--clearmodifiers', text)

    def node_rect(self, node):
        """Where it is in the window: (x, y, width, height)."""
        return self.call('NodeRect', GLib.Variant('(i)', (node,))).unpack()[0]

    def node_point(self, node):
        x, y, width, height = self.node_rect(node)
        geometry = dict(line.split('=') for line in self.xdotool('getwindowgeometry', '--shell', self.surface()).split())
        return round(int(geometry['X']) + x + width / 2), round(int(geometry['Y']) + y + height / 2)

    def place(self, item):
        """Where it is, once it has stayed there for some frames."""
        last = None

        def look():
            nonlocal last
            before, last = last, item.get_extents()
            time.sleep(0.05)  # three frames
            return last if last == before and last[2] > 0 and last[3] > 0 else None
        return wait_for(f'“{name_of(item)}” at rest', look)

    def point_at(self, item):
        """Moves the pointer to the middle of a widget, which is scrolled into sight and at rest before."""
        geometry = dict(line.split('=') for line in self.xdotool('getwindowgeometry', '--shell', self.surface()).split())
        x, y, width, height = self.place(item)
        if not (0 <= x + width // 2 < int(geometry['WIDTH']) and 0 <= y + height // 2 < int(geometry['HEIGHT'])):
            # What takes the focus is scrolled into sight.
            item.grab_focus()
            x, y, width, height = self.place(item)
        self.xdotool('mousemove', '--sync', int(geometry['X']) + x + width // 2, int(geometry['Y']) + y + height // 2)

    def click(self, item, button=1):
        self.point_at(item)
        self.xdotool('click', button)

    def click_node(self, node, button=1, repeat=1):
        x, y = self.node_point(node)
        self.xdotool('mousemove', '--sync', x, y)
        self.xdotool('click', '--repeat', repeat, '--delay', 60, button)

    # The end.

    def outline(self, most=400):
        """What is in sight as an indented text, for those who read of a failure."""
        lines = [f'status: {self.facts().get("status", "none")!r}']
        for item in self.walk():
            try:
                name, role = name_of(item), item.get_role_name()
                if name or role not in ('panel', 'filler', 'unknown'):
                    marks = ' focused' * item.has_state(Atspi.StateType.FOCUSED) + \
                        ' insensitive' * (item.depth > 0 and not item.has_state(Atspi.StateType.SENSITIVE))
                    lines.append(f'{"  " * item.depth}{role} {name!r}{marks}')
            except GLib.Error:
                continue
            if len(lines) >= most:
                break
        return '\n'.join(lines)

    def tell(self, name):
        """What a failed test's reader wants to know; with a picture if RSC_GUI_PICTURES names a folder."""
        if self.process.poll() is not None:
            print(f'{name}: the program has ended with {self.process.returncode}', file=sys.stderr)
            return
        try:
            print(f'{name}: in sight was\n{self.outline()}', file=sys.stderr)
            folder = os.environ.get('RSC_GUI_PICTURES')
            if folder:
                os.makedirs(folder, exist_ok=True)
                self.screenshot(os.path.join(os.path.abspath(folder), name + '.png'))
        except GLib.Error as error:
            print(f'{name}: it does not answer: {error.message}', file=sys.stderr)

    def written(self):
        """What the program wrote to its standard error."""
        self.errors.seek(0)
        return self.errors.read().decode(errors='replace')

    def complaints(self):
        """What the program wrote to its standard error that it should not have."""
        return [line for line in self.written().splitlines()
                if ('WARNING' in line or 'CRITICAL' in line or 'ERROR' in line) and not OF_THE_TOOLKIT.search(line)]

    def stop(self):
        """Ends the program, whatever it does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        complaints = self.complaints()
        self.errors.close()
        self.state.cleanup()
        return complaints
