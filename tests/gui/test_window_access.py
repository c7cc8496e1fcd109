"""The window for those who do not see it, who have no pointer, or see it small."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import FOLD, OBJECT, Atspi, Gone, name_of, wait_for  # noqa: E402
from window_case import GRAPH, HUB, GuiTest  # noqa: E402

CONTROLS = {'push button', 'toggle button', 'check box', 'entry', 'text', 'spin button', 'list item', 'radio button', 'switch',
            'menu item', 'table row', 'page tab', 'slider', 'combo box', 'link'}
NAMED = CONTROLS | {'list', 'tree table', 'page tab list', 'frame', 'dialog', 'alert', 'progress bar'}
CLASS_NAME = re.compile(r'^(Gtk|Adw|Rsc|Gdk)[A-Z]\w*$')


class Audit(GuiTest):
    """Walks all there is on a page, also what is not in sight."""

    def audit(self, window, *expected):
        window.settle()
        controls = []
        for item in window.walk():
            role, name = item.get_role_name(), name_of(item)
            box = item.get_extents() if 'Component' in item.get_interfaces() else (0, 0, 0, 0)
            what = f'a {role} named {name!r} at {box}'
            focusable = item.has_state(Atspi.StateType.FOCUSABLE)
            # A label that has not been filled takes no room.
            if (role in NAMED and not self.is_private(item)) or (focusable and role not in ('label', 'scroll pane')) or \
                    (role == 'label' and box[2] > 0 and box[3] > 0):
                self.assertNotRegex(name, CLASS_NAME, what)
                self.assertNotRegex(name, r'^(.+) \1$', what)
                self.assertTrue(name.strip() or role == 'label', what)
            if role not in CONTROLS or self.is_private(item):
                continue
            controls.append(name)
            below = [(part.get_role_name(), name_of(part), part.has_state(Atspi.StateType.FOCUSABLE)) for part in window.walk(item)][1:]
            words = [name for role, name, _ in below if role == 'label' and name]
            self.assertTrue((item.get_description() or '').strip() or words or role in ('list item', 'table row', 'menu item', 'page tab'),
                            f'{what} has no tooltip and no label in sight')
            self.assertTrue(focusable or role == 'menu item' or any(focusable for *_, focusable in below),
                            f'{what} cannot be reached by keys')
        for name in expected:
            self.assertIn(name, controls)
        return controls

    @staticmethod
    def is_private(item):
        """A part of what has a name itself: an entry's text, a menu button's button."""
        parent = item.get_parent()
        return parent is not None and parent.get_role_name() in ('entry', 'spin button', 'push button', 'combo box')

    def test_start_page_and_its_windows(self):
        window = self.open()
        self.audit(window, 'Launch a Program…', 'Attach to a Running Program…', 'Open a Heap…', 'Demonstration', 'Main menu')
        window.press('Main menu')
        window.find('Keyboard Shortcuts', 'menu item')
        self.audit(window)
        window.key('Escape')
        window.activate('win.launch')
        window.find('Command')
        self.audit(window, 'Launch')
        window.activate('win.attach')
        # This test is one that runs.
        window.find(lambda name: f'PID {os.getpid()} ' in name, 'list item')
        self.audit(window, 'Attach', 'Search the running programs')

    def test_heap_page(self):
        window = self.open_graph()
        controls = self.audit(window, 'References', 'Referrers', 'Both', 'Depth', 'Fold above', 'Filter', 'Collect', 'Cycles', 'Back',
                              'Forward', 'Zoom in', 'Zoom out', 'Fit', 'Find objects')
        self.assertGreater(len(controls), 30)
        self.assertTrue(any(re.match(r'node, 6 objects', name) for name in controls), controls)
        window.click_node(self.index(window, 'B'))
        window.key('ctrl+m')
        self.audit(window)
        window.activate('page.cycles')
        window.sees('2 cycles')
        self.audit(window)
        window.press('Collect')
        window.sees('Nothing was collected')
        self.audit(window)

    def test_steps(self):
        """The bar, the lists, the menus, and what is dropped by hand."""
        window = self.open_graph()
        window.activate('page.step-mark')
        wait_for('the steps', lambda: 'step' in window.facts())
        self.audit(window, 'First', 'Previous step', 'Play', 'Next step', 'Last', 'Speed', 'Only What Is Drawn', 'Follow', 'Lists', 'Export',
                   'End stepping', 'Step')
        window.press('Export')
        window.find('Page with Buttons…', 'menu item')
        self.audit(window)
        window.key('Escape')
        wait_for('the menu’s end', lambda: not window.has('Page with Buttons…', 'menu item'))
        window.key('alt+shift+Delete')
        window.find('What goes')
        self.audit(window, 'What goes')

    def test_menus(self):
        window = self.open_graph()
        for opens, item in ((lambda: window.press('Main menu'), 'Copy Picture'),
                            (lambda: window.click_node(self.index(window, 'C'), button=3), 'Ignore This Object')):
            opens()
            window.find(item, 'menu item')
            self.audit(window)
            window.key('Escape')
            wait_for('the menu’s end', lambda name=item: not window.has(name, 'menu item'))

    def test_live_program(self):
        window = self.open_program('a = [1]\nprint("out")\n')
        window.activate('page.collector')
        self.audit(window, 'Capture', 'Continue', 'Stop')
        window.key('ctrl+w')
        window.find('Keep It Running')
        self.audit(window, 'Cancel', 'Stop It', 'Keep It Running')
        window.press('Stop It')
        window.process.wait(30)

    def test_failure(self):
        window = self.open(self.folder / 'nothing.refscope')
        window.sees('The File Cannot Be Opened')
        self.audit(window)


class Keys(GuiTest):
    def ring(self, window, most=90):
        """What has the focus, Tab by Tab, until it is where it began."""
        order = []
        item = self.find_focus(window)
        for _ in range(most):
            window.key('Tab')
            # The keyboard's answer comes by the bus: a tab that goes nowhere is told from one that is late.
            item = self.focus_after(window, item)
            if order and item == order[0][0]:
                return order
            self.assertFalse(any(item == other for other, *_ in order),
                             f'Tab comes to {name_of(item)!r} again: {[name for _, name, _ in order]}')
            order.append((item, name_of(item), item.get_extents()))
        self.fail(f'Tab does not come around: {[name for _, name, _ in order]}')

    @staticmethod
    def find_focus(window, but=None):
        return next((item for item in window.walk()
                     if item.has_state(Atspi.StateType.FOCUSED) and item.get_role_name() not in ('frame', 'dialog') and item != but), None)

    def focus_after(self, window, before):
        return wait_for('another focus', lambda: self.find_focus(window, before), 10)

    def test_failure_has_the_focus_and_lets_it_go(self):
        window = self.open(self.folder / 'nothing.refscope')
        window.sees('The File Cannot Be Opened')
        wait_for('the focus', lambda: window.focused() == 'The File Cannot Be Opened')
        names = [name for _, name, _ in self.ring(window)]
        self.assertIn('Main menu', names)
        self.assertIn('The File Cannot Be Opened', names)
        self.assertNotIn('Reference graph', names)

    def test_start_page_goes_round_in_order(self):
        window = self.open()
        # One step for the rows of a list: arrows go on among them.
        order = self.ring(window)
        names = [name for _, name, _ in order]
        self.assertIn('Main menu', names)
        first = names.index('Launch a Program…')
        # Measured at once: going on scrolls the page.
        tops = [item.get_extents()[1] for item, name, box in order[first:] + order[:first] if box[1] > 47]
        self.assertEqual(tops, sorted(tops), names)

    def test_heap_page_goes_round_in_order(self):
        window = self.open_graph()
        # From the canvas, whose objects Tab goes through first.
        window.activate('page.find')
        wait_for('the focus', lambda: window.focused())
        order = []
        item = self.find_focus(window)
        for _ in range(90):
            before = item
            window.key('Tab')
            try:
                item = self.focus_after(window, before)
            except Gone:
                # The canvas has the focus on, and selects the next object.
                self.assertEqual(name_of(before), 'Reference graph')
                continue
            if order and item == order[0]:
                break
            order.append(item)
        else:
            self.fail('Tab does not come around')
        names = [name_of(item) for item in order]
        for name in ('Reference graph', 'Zoom out', 'Find and lists', 'Main menu', 'Collect', 'Cycles', 'References', 'Depth', 'Filter'):
            self.assertIn(name, names)
        # Within the ring: the header, the program's bar, the lists, the controls, the canvas.
        start = names.index('Find and lists')
        ring = names[start:] + names[:start]
        wanted = ['Find and lists', 'Main menu', 'Collect', 'Cycles', 'References', 'Depth', 'Filter', 'Reference graph', 'Zoom out']
        self.assertEqual([name for name in dict.fromkeys(ring) if name in wanted and name != 'Cycles'],
                         [name for name in wanted if name != 'Cycles'])

    def test_back_by_shift_tab(self):
        window = self.open_graph()
        window.activate('page.filter')
        wait_for('the filter', lambda: window.focused() == 'Filter')
        window.key('shift+Tab')
        wait_for('the fold’s limit', lambda: window.focused() == 'Fold above')
        window.key('Tab')
        wait_for('the filter', lambda: window.focused() == 'Filter')

    def test_escape_closes(self):
        window = self.open_graph()
        for opens, shown in ((lambda: window.press('Main menu'), 'Copy Picture'),
                             (lambda: window.press('More view options'), 'Highlight'),
                             (lambda: window.activate('win.launch'), 'Launch'),
                             (lambda: window.activate('win.attach'), 'Attach')):
            with self.subTest(shown):
                opens()
                window.find(shown)
                window.xdotool('key', '--clearmodifiers', 'Escape')
                wait_for('its end', lambda name=shown: not window.has(name) or not self.has_size(window, name))

    @staticmethod
    def has_size(window, name):
        return any(name_of(item) == name and item.get_extents()[2] > 0 for item in window.walk())

    def test_menu_of_the_program_by_keys(self):
        window = self.open_graph()
        window.key('F10')
        window.find('Copy Picture', 'menu item')
        window.xdotool('key', '--clearmodifiers', 'Escape')
        wait_for('its end', lambda: not window.has('Copy Picture', 'menu item'))


class Mirror(GuiTest):
    """The list that says what the canvas shows."""

    def rows(self, window):
        listed = window.find('Objects in the picture', 'list')
        return [item for item in window.walk(listed) if item.get_role_name() == 'list item']

    def names_listed(self, window):
        return [name_of(row) for row in self.rows(window)]

    def open_list(self, text=GRAPH):
        window = self.open_graph(text)
        window.activate('page.list')
        wait_for('the rows', lambda: self.rows(window))
        return window

    def row(self, window, start):
        return wait_for(f'the row “{start}”', lambda: next((row for row in self.rows(window) if name_of(row).startswith(start)), None))

    def test_each_row_says_how_its_object_is_reached(self):
        window = self.open_list('digraph { A -> B [label="first"]; A -> C; B -> E; E -> B; C -> E; }')
        self.row(window, 'node A, start, 2 references')
        self.row(window, 'node B, depth 1, referred to as first by node A, 1 reference, 2 referrers')
        self.row(window, 'node C, depth 1, referred to by node A, 1 reference, 1 referrer')
        self.row(window, 'node E, depth 2, referred to by node B')
        window.press('Referrers')
        wait_for('A alone', lambda: len(self.rows(window)) == 1)

    def test_backwards(self):
        window = self.open_list('digraph { A -> B [label="first"]; }')
        window.enter('Find objects', 'name:B')
        window.sees('1 object', exactly=True)
        window.key('ctrl+f')
        window.key('Return')
        wait_for('B', lambda: (window.settle(), self.names(window))[1] == {'B'})
        window.press('Referrers')
        window.activate('page.list')
        self.row(window, 'node B, start, 1 referrer')
        self.row(window, 'node A, depth 1, refers as first to node B, 1 reference')

    def test_folds_are_said(self):
        window = self.open_list(HUB)
        self.row(window, '30 more objects, referred to by node hub')
        window = self.open_list('digraph {' + ''.join(f'held -> hub; holder{i} -> hub;' for i in range(15)) + '}')
        window.enter('Find objects', 'name:hub')
        window.sees('1 object', exactly=True)
        window.key('ctrl+f')
        window.key('Return')
        window.press('Referrers')
        window.activate('page.list')
        self.row(window, '6 more referrers of node hub')

    def test_fold_opens_from_the_list(self):
        window = self.open_list(HUB)
        self.assertTrue(any(kind == FOLD for _, kind, *_ in window.nodes()))
        window.click(self.row(window, '30 more objects'))
        window.xdotool('key', 'Return')
        wait_for('20 more', lambda: (window.settle(), len(self.names(window)))[1] == 31)
        self.row(window, '10 more objects, referred to by node hub')

    def test_states_are_said(self):
        window = self.open_list()
        window.press('More view options')
        window.enter('Highlight', "value = 'E'")
        wait_for('the highlight', lambda: any('highlighted' in name for name in self.names_listed(window) if name.startswith('node E')))
        window.key('Escape')
        window.activate('page.cycles')
        window.settle()
        window.activate('page.list')
        wait_for('the cycle', lambda: any('cycle' in name for name in self.names_listed(window) if name.startswith('node B')))
        self.assertFalse(any('cycle' in name for name in self.names_listed(window) if name.startswith('node A')))

    def test_ghosts_are_said(self):
        window = self.open_freed_pair()
        window.activate('page.list')
        wait_for('the ghost', lambda: any('freed' in name for name in self.names_listed(window) if name.startswith('Pair')))

    def test_selection_goes_both_ways(self):
        window = self.open_list()
        for name in 'BE':
            window.click_node(self.index(window, name))
            row = self.row(window, f'node {name}')
            wait_for(f'{name} selected in the list', lambda row=row: row.has_state(Atspi.StateType.SELECTED))
        window.click(self.row(window, 'node C'))
        node = next(node for _, kind, node, label, _ in window.nodes() if kind == OBJECT and label.split('\n')[-1] == 'C')
        wait_for('C selected in the picture', lambda: window.facts()['selected'] == node)
        window.find(lambda name: name == 'Reference graph')


class Shortcuts(GuiTest):
    def test_escape_closes_them(self):
        window = self.open_graph()
        main = window.surface()

        def others():
            return set(window.xdotool('search', '--onlyvisible', '--pid', window.process.pid).split()) - {main}

        def focus_other():
            """The largest, for a tooltip has a window, too, and goes when it likes."""
            found = others()
            return found and subprocess.run(['xdotool', 'windowfocus', '--sync', max(found, key=window.area)],
                                            check=False).returncode == 0
        for key in 'F1', 'ctrl+question':
            window.key(key)
            wait_for('the shortcuts', others)
            window.sees('Filter by conditions', exactly=True)
            wait_for('their focus', focus_other)
            window.xdotool('key', 'Escape')
            wait_for('the shortcuts closed', lambda: not others())


if __name__ == '__main__':
    unittest.main()
