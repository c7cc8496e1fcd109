"""What is accessible of a program, asked of it over the accessibility bus.

libatspi asks for each object's name, role, state, interfaces and children one
after the other: seconds for a file chooser.  The toolkit gives all but the
children in one answer, GetItems of org.a11y.atspi.Cache, which a walk reads here.
"""
import gi

gi.require_version('Atspi', '2.0')
gi.require_version('Gio', '2.0')
from gi.repository import Atspi, Gio, GLib  # noqa: E402

ROOT = '/org/a11y/atspi/accessible/root'
WINDOW_COORDINATES = 1
PREFIX = 'org.a11y.atspi.'


def has_state(words, state):
    return bool(words[int(state) // 32] >> int(state) % 32 & 1)


class Row:
    """An object in an answer of GetItems."""

    def __init__(self, row):
        (self.reference, _, self.parent, _, self.n_children, interfaces, self.name, role, self.description,
         states) = row
        self.interfaces = [name.removeprefix(PREFIX) for name in interfaces]
        self.role = Atspi.role_get_name(Atspi.Role(role))
        self.states = states


class Snapshot:
    """All that is in sight below an object at one moment.

    GetItems has each object that somebody has asked for as a child, also those
    that are no child just now: children are asked for.
    """

    # What comes and goes meanwhile is not waited for longer.
    TRIES = 3

    def __init__(self, bus, root):
        for _ in range(self.TRIES):
            self.rows, self.children = self.get_rows(bus, root), {}
            if self.ask_for_children(bus, root):
                break

    def ask_for_children(self, bus, root):
        """Whether there is a row for each of them."""
        complete = True
        pending = [root]
        while pending:
            reference = pending.pop()
            row = self.rows.get(reference)
            complete = complete and row is not None
            if row is None or reference[1] == ROOT or row.n_children > 0 and self.is_in_sight(reference):
                try:
                    self.children[reference] = [child.reference for child in Accessible(bus, reference).get_children()]
                except GLib.Error:
                    continue  # it has gone
                pending += self.children[reference]
        return complete

    @staticmethod
    def get_rows(bus, root):
        items = bus.call_sync(root[0], '/org/a11y/atspi/cache', PREFIX + 'Cache', 'GetItems', None, None, Gio.DBusCallFlags.NONE,
                              -1, None).unpack()[0]
        return {row.reference: row for row in map(Row, items)}

    def is_in_sight(self, reference):
        row = self.rows.get(reference)
        return row is not None and (reference[1] == ROOT or has_state(row.states, Atspi.StateType.VISIBLE))


class Accessible:
    """An accessible object.

    While a walk stands at it, it is as it was when the walk began; else what it
    is now is asked of the program.  GLib.Error says that it has gone.
    """

    def __init__(self, bus, reference):
        self.bus, self.reference = bus, reference
        # Of the walk that stands here.
        self.snapshot = self.row = None
        self.depth = 0

    def __eq__(self, other):
        return isinstance(other, Accessible) and self.reference == other.reference

    def __hash__(self):
        return hash(self.reference)

    def call(self, interface, method, parameters=None):
        name, path = self.reference
        return self.bus.call_sync(name, path, PREFIX + interface, method, parameters, None, Gio.DBusCallFlags.NONE,
                                  -1, None).unpack()

    def get(self, interface, name):
        bus_name, path = self.reference
        return self.bus.call_sync(bus_name, path, 'org.freedesktop.DBus.Properties', 'Get',
                                  GLib.Variant('(ss)', (PREFIX + interface, name)), None,
                                  Gio.DBusCallFlags.NONE, -1, None).unpack()[0]

    def get_name(self):
        return self.row.name if self.row else self.get('Accessible', 'Name')

    def get_description(self):
        return self.row.description if self.row else self.get('Accessible', 'Description')

    def get_role_name(self):
        return self.row.role if self.row else Atspi.role_get_name(Atspi.Role(self.call('Accessible', 'GetRole')[0]))

    def get_interfaces(self):
        if self.row:
            return self.row.interfaces
        return [name.removeprefix(PREFIX) for name in self.call('Accessible', 'GetInterfaces')[0]]

    def has_state(self, state):
        """Whether it has that Atspi.StateType."""
        return has_state(self.row.states if self.row else self.call('Accessible', 'GetState')[0], state)

    def get_parent(self):
        reference = self.row.parent if self.row else self.get('Accessible', 'Parent')
        return None if reference[1].endswith('/null') else Accessible(self.bus, reference)

    def get_children(self):
        return [Accessible(self.bus, reference) for reference in self.call('Accessible', 'GetChildren')[0]]

    # Interfaces that some have.

    def get_text(self):
        count = self.get('Text', 'CharacterCount')
        return self.call('Text', 'GetText', GLib.Variant('(ii)', (0, count)))[0]

    def set_text(self, text):
        self.call('EditableText', 'SetTextContents', GLib.Variant('(s)', (text,)))

    def get_value(self):
        return self.get('Value', 'CurrentValue')

    def set_value(self, value):
        name, path = self.reference
        self.bus.call_sync(name, path, 'org.freedesktop.DBus.Properties', 'Set',
                           GLib.Variant('(ssv)', (PREFIX + 'Value', 'CurrentValue', GLib.Variant('d', value))), None,
                           Gio.DBusCallFlags.NONE, -1, None)

    def get_action_names(self):
        return [self.call('Action', 'GetName', GLib.Variant('(i)', (i,)))[0] for i in range(self.get('Action', 'NActions'))]

    def do_action(self):
        """The first, which is what a click does."""
        self.call('Action', 'DoAction', GLib.Variant('(i)', (0,)))

    def get_extents(self):
        """Where it is in its window: (x, y, width, height)."""
        return self.call('Component', 'GetExtents', GLib.Variant('(u)', (WINDOW_COORDINATES,)))[0]

    def grab_focus(self):
        self.call('Component', 'GrabFocus')

    def walk(self):
        """It and all below it that is not hidden, in order, each with its depth."""
        snapshot = self.snapshot or Snapshot(self.bus, self.reference)
        pending = [(self.reference, 0)]
        while pending:
            reference, depth = pending.pop()
            if not snapshot.is_in_sight(reference):
                continue
            pending.extend((child, depth + 1) for child in reversed(snapshot.children.get(reference, [])))
            item = Accessible(self.bus, reference)
            item.snapshot, item.row, item.depth = snapshot, snapshot.rows[reference], depth
            try:
                yield item
            finally:
                item.snapshot = item.row = None


def find_application(pid):
    """The root of the program's accessible objects, or None as long as it has none."""
    session = Gio.bus_get_sync(Gio.BusType.SESSION, None)
    address = session.call_sync('org.a11y.Bus', '/org/a11y/bus', 'org.a11y.Bus', 'GetAddress', None, None, Gio.DBusCallFlags.NONE, -1, None).unpack()[0]
    bus = connections.get(address)
    if bus is None:
        bus = connections[address] = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
    desktop = Accessible(bus, ('org.a11y.atspi.Registry', ROOT))
    for child in desktop.get_children():
        name, _ = child.reference
        try:
            if pid == bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'GetConnectionUnixProcessID',
                                    GLib.Variant('(s)', (name,)), None, Gio.DBusCallFlags.NONE, -1, None).unpack()[0]:
                return child
        except GLib.Error:
            continue  # it has ended
    return None


connections = {}
