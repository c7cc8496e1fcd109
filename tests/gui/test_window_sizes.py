"""From a telephone's width to 4K, with text of double size, and right to left:
nothing reaches out of the window, nothing is squeezed to nothing, GTK says
nothing."""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import FOLD, OBJECT, Gone, name_of, text_of, wait_for  # noqa: E402
from window_case import GRAPH, HUB, GuiTest, save  # noqa: E402

SIZES = (360, 640), (720, 700), (1280, 800), (3840, 2160)
# A menu's rows are as wide as their texts and keys: GTK's own. Of double size
# they reach out of a narrow window, for they are windows themselves.
WIDE_MENU = 720


class SizeTest(GuiTest):
    def open_strict(self, *arguments, env=None, **options):
        """Any warning of GTK's ends the program."""
        window = self.open(*arguments, env={'G_DEBUG': 'fatal-warnings', **(env or {})}, **options)
        window.settle()
        return window

    def double(self):
        """The environment of text of double size; read by Xlib."""
        return {'XENVIRONMENT': str(self.write('resources', 'Xft.dpi: 192\n'))}

    def fits(self, window, width=None, height=None, narrowest=360):
        """In every size; a popover and a dialog as they are."""
        if width is not None:
            window.resize(width, height)
            frame = next(item for item in window.walk() if item.get_role_name() == 'frame')
            # What is drawn around a window is part of its size.
            wait_for(f'{width} px', lambda: 0 <= width - frame.get_extents()[2] <= 12)
        window.settle()
        # What slides comes to rest.
        try:
            wait_for('a window without complaints', lambda: not window.audit(narrowest), 5)
        except Gone:
            self.assertEqual(window.audit(narrowest), [])

    @staticmethod
    def close_popover(window, shown):
        """A key that comes before it has the keyboard is lost."""
        def closed():
            window.xdotool('key', '--clearmodifiers', 'Escape')
            window.settle()
            return not window.has(shown)
        wait_for('the end of the popover', closed)

    def fits_all(self, window, sizes=SIZES, narrowest=360):
        for width, height in sizes:
            with self.subTest(width=width):
                self.fits(window, width, height, narrowest)


def fit_steps(test, window):
    """Stepping, with its bar below the picture and its lists beside it; the picture and the sentence are in sight."""
    window.activate('page.step-mark')
    wait_for('the steps', lambda: 'step' in window.facts())
    for where in 'next-step', 'last':
        window.activate(f"page.step-to('{where}')")
        test.fits_all(window, (SIZES[0], SIZES[2]))
    window.activate('page.step-lists')
    window.find(lambda name: name.endswith(' (Roots)'))
    test.fits_all(window, (SIZES[0], SIZES[2]))


class Sizes(SizeTest):
    def test_the_audit_finds_what_is_too_wide(self):
        window = self.open_strict()
        self.assertTrue(any('wide at least, more than 300' in line for line in window.audit(300)))

    def test_start_page(self):
        self.fits_all(self.open_strict())

    def test_heap_page(self):
        window = self.open_strict(self.write('graph.dot', GRAPH))
        self.fits_all(window)
        self.assertEqual(self.names(window), {'A', 'B', 'C', 'E'})

    def test_panels(self):
        for action, shown in (('page.list', 'Objects in the picture'), ('page.cycles', 'List of cycles'), ('page.find', 'Find objects')):
            with self.subTest(action):
                window = self.open_strict(self.write('graph.dot', GRAPH))
                window.activate(action)
                window.find(shown)
                self.fits_all(window, (SIZES[0], SIZES[2]))

    def test_panes_come_back_as_they_were(self):
        window = self.open_strict(self.write('graph.dot', GRAPH))
        for action in 'page.sidebar', 'page.details', 'page.sidebar':
            with self.subTest(action):
                window.resize(1280, 800)
                window.activate(action)
                window.settle()
                graph = window.place(window.find('Reference graph'))
                window.resize(360, 640)
                window.settle()
                self.assertLess(window.place(window.find('Reference graph'))[2], 360)
                window.resize(1280, 800)
                window.settle()
                self.assertEqual(window.place(window.find('Reference graph')), graph)

    def test_selected_object(self):
        window = self.open_strict(self.write('graph.dot', GRAPH))
        window.resize(360, 640)
        window.settle()
        window.click_node(self.index(window, 'B'))
        window.settle()
        window.press('Details')
        window.sees('Held By (3)')
        self.fits_all(window, (SIZES[0], SIZES[2]))

    def test_popovers(self):
        window = self.open_strict(self.write('graph.dot', GRAPH))
        window.resize(360, 640)
        window.settle()
        for name, shown in (('Main menu', 'Copy Picture'), ('Filter by conditions', 'Hide'), ('More view options', 'Highlight')):
            with self.subTest(name):
                window.press(name)
                window.find(shown)
                self.fits(window)
                self.close_popover(window, shown)

    def test_steps(self):
        fit_steps(self, self.open_strict(self.write('graph.dot', GRAPH)))

    def test_what_a_filter_does_is_read_as_a_whole(self):
        """Each has the width that its words need."""
        window = self.open_strict(self.write('graph.dot', GRAPH))
        window.resize(1280, 800)
        window.press('Filter by conditions')
        through, hide = (window.place(window.find(name, 'page tab'))[2] for name in ('Go Through Only', 'Hide'))
        self.assertGreater(through, hide + 20)

    def test_dialogs(self):
        window = self.open_strict()
        window.resize(360, 640)
        window.activate('win.launch')
        window.find('Launch')
        self.fits(window)
        window.activate('win.attach')
        window.find(lambda name: f'PID {os.getpid()} ' in name, 'list item')
        self.fits(window)

    def test_a_toast_is_read_as_a_whole(self):
        """In lines of a narrow window; and it goes when it is told to."""
        window = self.open_strict(self.write('graph.dot', GRAPH))
        window.resize(360, 640)
        window.settle()
        name = ', '.join(['what was drawn of the heap'] * 3) + '.dot'
        save(window, "page.export('dot')", self.folder / name)
        toast = window.find(f'Saved as “{name}”', 'label')
        # A toast goes after some seconds, unless the pointer is on it.
        window.point_at(toast)
        self.fits(window)
        line = window.place(window.find('4 objects drawn'))[3]
        x, _, width, height = window.place(toast)
        self.assertLessEqual(x + width, 360)
        self.assertGreater(height, 2 * line)
        close = wait_for('its button', lambda: [item for item in window.walk(toast.get_parent().get_parent())
                                                if item.get_role_name() == 'push button'])[-1]
        window.click(close)
        wait_for('the end of the toast', lambda: not window.has(f'Saved as “{name}”'))

    def test_failure(self):
        window = self.open_strict(self.folder / 'a folder that is not there' / 'nothing.refscope')
        window.sees('The File Cannot Be Opened')
        self.fits_all(window, (SIZES[0], SIZES[3]))

    def test_live_program_and_its_collection(self):
        window = self.open_program('import refscope\na = [[1]]\nprint("out")\n')
        window.wait_for_captures(1)
        window.activate('page.collector')
        window.find('Set Thresholds')
        self.fits_all(window, (SIZES[0], SIZES[2]))
        window.press('Collect')
        window.wait_for_captures(2)
        # The lists cover the picture.
        window.press('Find and lists')
        self.fits_all(window, (SIZES[0], SIZES[2]))


    def test_buttons_of_a_program_stand_in_one_row(self):
        window = self.open_program('import refscope\nrefscope.mark("here")\n')
        window.wait_for_captures(1)
        for width in 360, 1280:
            self.fits(window, width, 720)
            tops = [window.place(window.find(name))[1] for name in ('Continue', 'Stop', 'Choose the generation')]
            # What has a border of its own begins a little above.
            self.assertLess(max(tops) - min(tops), 10, tops)


class Double(SizeTest):
    def test_text_is_double(self):
        heights = []
        for env in None, self.double():
            window = self.open_strict(env=env)
            label = next(item for item in window.walk() if item.get_role_name() == 'label' and name_of(item) == 'Refscope')
            heights.append(window.place(label)[3])
        self.assertGreater(heights[1], 1.7 * heights[0])

    def test_start_page(self):
        self.fits_all(self.open_strict(env=self.double()), SIZES)

    def test_heap_page(self):
        window = self.open_strict(self.write('graph.dot', GRAPH), env=self.double())
        self.fits_all(window)
        window.resize(360, 700)
        for name, shown, narrowest in (('Main menu', 'Copy Picture', WIDE_MENU), ('Filter by conditions', 'Hide', 380),
                                       ('More view options', 'Highlight', 360)):
            with self.subTest(name):
                window.press(name)
                window.find(shown)
                self.fits(window, narrowest=narrowest)
                self.close_popover(window, shown)

    def test_steps(self):
        fit_steps(self, self.open_strict(self.write('graph.dot', GRAPH), env=self.double()))

    @staticmethod
    def label(window, is_it):
        return wait_for('the label', lambda: next((item for item in window.walk() if item.get_role_name() == 'label' and is_it(item)), None))

    def test_facts_stand_below_their_titles(self):
        """Beside them, a few letters of each would fit in a line."""
        for env, below in (None, False), (self.double(), True):
            window = self.open_strict(self.write('graph.dot', GRAPH), env=env)
            window.resize(1280, 800)
            window.settle()
            title = window.place(self.label(window, lambda item: text_of(item) == 'Reference count'))
            count = window.place(self.label(window, lambda item: text_of(item) == '–'))
            self.assertEqual(count[1] >= title[1] + title[3], below, (title, count))
            self.assertEqual(count[0] >= title[0] + title[2], not below, (title, count))
            # The two lists are chosen by texts that are beside each other only where both fit.
            held, refers = (window.place(window.find(name)) for name in ('Held By (0)', 'Refers To (2)'))
            self.assertEqual(refers[1] >= held[1] + held[3] - 1, below, (held, refers))

    def test_facts_are_arranged_anew_at_once(self):
        window = self.open_strict(self.write('graph.dot', GRAPH))
        window.resize(1280, 800)
        window.settle()

        def is_below():
            title = window.place(self.label(window, lambda item: text_of(item) == 'Reference count'))
            count = window.place(self.label(window, lambda item: text_of(item) == '–'))
            return count[1] >= title[1] + title[3]
        self.assertFalse(is_below())
        window.enlarge(200)
        wait_for('the facts below their titles', is_below)
        self.fits(window)
        window.enlarge(100)
        wait_for('the facts beside their titles', lambda: not is_below())

    def test_directions_are_icons(self):
        """Their words do not fit beside each other, and below each other they would leave the picture no place."""
        window = self.open_strict(self.write('graph.dot', GRAPH), env=self.double())
        for width, words in (1280, True), (360, False):
            self.fits(window, width, 800)
            places = [window.place(window.find(name, 'push button')) for name in ('References', 'Referrers', 'Both')]
            self.assertEqual(len({place[1] for place in places}), 1, places)
            self.assertEqual(places[0][2] > 100, words, places)
        window.press('Referrers', 'push button')
        wait_for('the referrers', lambda: (window.settle(), 'backrefs' in window.facts()['command'])[1])

    def test_program_and_its_collection(self):
        """With all that stands above the picture; of a telephone's height it would not be all in sight."""
        window = self.open_program('import refscope\na = [[1]]\nprint("out")\n', env=self.double())
        window.wait_for_captures(1)
        window.press('Collect')
        window.wait_for_captures(2)
        self.fits(window, 360, 1280)
        for action, shown in (('page.list', 'Objects in the picture'), ('page.cycles', 'List of cycles'),
                              ('page.collector', 'Set Thresholds'), ('page.find', 'Find objects')):
            with self.subTest(action):
                window.activate(action)
                window.find(shown)
                self.fits(window, 360, 1280)

    def test_dialogs(self):
        window = self.open_strict(env=self.double())
        window.activate('win.launch')
        window.find('Launch')
        self.fits(window)
        window.activate('win.attach')
        window.find(lambda name: f'PID {os.getpid()} ' in name, 'list item')
        self.fits(window)


class RightToLeft(SizeTest):
    def test_start_page(self):
        window = self.open_strict()
        window.mirror()
        self.fits_all(window)

    def test_heap_page(self):
        window = self.open_strict(self.write('graph.dot', HUB))
        self.fits(window, 1280, 800)
        left = window.find('Main menu').get_extents()[0]
        window.mirror()
        wait_for('the menu on the left', lambda: window.find('Main menu').get_extents()[0] < left)
        self.fits_all(window)
        fit_steps(self, window)
        window.activate('page.back')
        wait_for('the end of the steps', lambda: 'step' not in window.facts())
        window.resize(1280, 800)
        window.settle()
        # The pointer finds what is drawn.
        window.click_node(self.index(window, 'leaf3'))
        node = next(node for _, kind, node, label, _ in window.nodes() if kind == OBJECT and label.split('\n')[-1] == 'leaf3')
        wait_for('the selection', lambda: window.facts()['selected'] == node)
        window.click_node(next(i for i, kind, *_ in window.nodes() if kind == FOLD))
        wait_for('20 more', lambda: (window.settle(), len(self.names(window)))[1] == 31)

    def test_tools_do_not_cover_what_is_said(self):
        for mirrored in False, True:
            with self.subTest(mirrored=mirrored):
                window = self.open_strict(self.write('graph.dot', GRAPH))
                window.resize(360, 640)
                if mirrored:
                    window.mirror()
                window.settle()
                tools = [window.place(window.find(name)) for name in ('Zoom out', 'Zoom in')]
                x, _, width, _ = window.place(window.find('4 objects drawn'))
                for tool, _, tool_width, _ in tools:
                    self.assertTrue(x + width <= tool or tool + tool_width <= x, (x, width, tools))


if __name__ == '__main__':
    unittest.main()
