"""The picture: its controls, the canvas, and what is beside it."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import FOLD, OBJECT, Atspi, wait_for  # noqa: E402
from window_case import GRAPH, HUB, PYTHON, GuiTest, enter_hidden  # noqa: E402


class Controls(GuiTest):
    def setUp(self):
        super().setUp()
        self.window = self.open_graph()

    def drawn(self):
        self.window.settle()
        return self.names(self.window)

    def until(self, names):
        wait_for(f'the picture {sorted(names)}', lambda: self.drawn() == names)

    def test_direction(self):
        self.assertEqual(self.drawn(), {'A', 'B', 'C', 'E'})
        self.window.press('Referrers')
        self.until({'A'})
        self.window.key('ctrl+3')
        self.until({'A', 'B', 'C', 'E'})
        self.window.press('Back')
        self.until({'A'})
        self.window.key('ctrl+z')
        self.until({'A', 'B', 'C', 'E'})
        self.window.key('alt+Right')
        self.until({'A'})

    def test_depth(self):
        self.window.set_value('Depth', 1)
        self.until({'A', 'B', 'C'})
        self.window.set_value('Depth', 0)
        self.until({'A'})
        self.window.key('alt+Down')
        self.until({'A', 'B', 'C'})

    def test_filter(self):
        self.window.enter('Filter', "value <> 'B'")
        self.until({'A', 'C', 'E'})
        self.window.enter('Filter', "value <>")
        self.window.sees('value <>')
        entry = self.window.find('Filter')
        wait_for('the mark of the mistake', lambda: any(
            item.has_state(Atspi.StateType.INVALID_ENTRY) or
            item.has_state(Atspi.StateType.INVALID) for item in self.window.walk(entry)))
        self.assertEqual(self.drawn(), {'A', 'C', 'E'})
        self.window.enter('Filter', '')
        self.until({'A', 'B', 'C', 'E'})

    def test_filter_that_names_no_column(self):
        self.window.enter('Filter', 'tipe = 1')
        self.window.sees('tipe')
        self.assertEqual(self.drawn(), {'A', 'B', 'C', 'E'})

    def test_hide_bridges(self):
        self.window.press('Filter by conditions')
        enter_hidden(self.window, "value = 'B' or value = 'C'")
        self.until({'A', 'E'})
        self.assertTrue(any(edge['kind'] == 'hidden' for edge in self.window.graph()['edges']), self.window.graph()['edges'])

    def test_highlight(self):
        before = self.window.facts()['command']
        self.window.press('More view options')
        self.window.enter('Highlight', "value = 'E'")
        wait_for('the highlight', lambda: self.window.facts()['command'] != before)
        self.assertIn('--highlight', self.window.facts()['command'])

    def test_refcounts_and_names_are_in_the_command(self):
        self.window.press('More view options')
        self.window.press('Reference counts')
        wait_for('--refcounts', lambda: '--refcounts' in self.window.facts()['command'])
        self.window.press('Short names')
        wait_for('--no-shortnames', lambda: '--no-shortnames' in self.window.facts()['command'])
        self.window.press('Only what the collector sees')
        wait_for('--edges collector', lambda: '--edges collector' in self.window.facts()['command'])
        self.window.press('Swap arrows')
        wait_for('--swap', lambda: '--swap' in self.window.facts()['command'])
        self.window.set_value('Objects at most', 50)
        wait_for('--max-nodes', lambda: '--max-nodes 50' in self.window.facts()['command'])
        self.window.set_value('Fold above', 5)
        wait_for('--too-many', lambda: '--too-many 5' in self.window.facts()['command'])

    def test_type_references(self):
        window = self.open_program('''
            class Leaf:
                pass
            class Tree:
                pass
            tree = Tree()
            import refscope
            refscope.mark('planted')
            ''')
        window.wait_for_captures(1)
        window.enter('Find objects', "sql:SELECT id FROM objects WHERE type = 'Tree'")
        window.sees('1 object', exactly=True)
        window.key('ctrl+f')
        window.key('Return')

        def types():
            window.settle()
            return {label.split('\n')[0] for *_, label, _ in window.nodes()}
        wait_for('the tree', lambda: 'Tree' in types() and 'type' not in types())
        window.press('More view options')
        window.press('Type references')
        wait_for('its class', lambda: 'type' in types())
        window.press('Type references')
        wait_for('the tree alone', lambda: 'type' not in types())

    def test_ignore(self):
        self.window.click_node(self.index(self.window, 'B'))
        self.window.settle()
        self.window.key('ctrl+i')
        self.until({'A', 'C', 'E'})
        self.window.press(lambda name: name.startswith('Stop ignoring'))
        self.until({'A', 'B', 'C', 'E'})
        self.window.key('alt+i')
        self.until({'A'})
        self.window.key('ctrl+z')
        self.until({'A', 'B', 'C', 'E'})

    def test_place_is_kept(self):
        index = self.index(self.window, 'A')
        self.window.click_node(index)
        self.window.settle()
        before = self.window.node_point(index)
        self.window.key('ctrl+3')
        wait_for('the new view', lambda: '--both' in self.window.facts()['command'])
        self.window.settle()
        after = self.window.node_point(self.index(self.window, 'A'))
        self.assertLessEqual(abs(after[0] - before[0]), 1)
        self.assertLessEqual(abs(after[1] - before[1]), 1)


class Canvas(GuiTest):
    def test_click_selects_and_return_recentres(self):
        window = self.open_graph()
        window.click_node(self.index(window, 'E'))
        window.settle()
        window.sees('Held By (2)')
        window.key('Return')
        wait_for('the picture from E', lambda: (window.settle(), self.names(window))[1] == {'E', 'B'})
        window.press('Back')
        wait_for('the picture from A', lambda: (window.settle(), self.names(window))[1] == {'A', 'B', 'C', 'E'})

    def test_double_click_recentres(self):
        window = self.open_graph()
        window.click_node(self.index(window, 'E'), repeat=2)
        wait_for('the picture from E', lambda: (window.settle(), self.names(window))[1] == {'E', 'B'})

    def test_fold_opens(self):
        window = self.open_graph(HUB)
        folds = [i for i, kind, *_ in window.nodes() if kind == FOLD]
        self.assertEqual(len(folds), 1)
        self.assertEqual(len(self.names(window)), 11)
        window.click_node(folds[0])
        wait_for('20 more', lambda: (window.settle(), len(self.names(window)))[1] == 31)
        window.key('ctrl+z')
        wait_for('the fold', lambda: (window.settle(), len(self.names(window)))[1] == 11)

    def test_keyboard_reaches_the_nodes(self):
        window = self.open_graph()
        window.click_node(self.index(window, 'A'))
        selected = set()
        for _ in range(4):
            window.key('Tab')
            window.settle()
            selected.add(window.facts()['selected'])
        self.assertGreaterEqual(len(selected), 3)

    def test_context_menu(self):
        window = self.open_graph()
        window.click_node(self.index(window, 'C'), button=3)
        window.settle()
        window.find('Ignore This Object')
        window.key('Escape')

    def test_first_view_is_all_of_a_small_graph(self):
        window = self.open_graph()
        x, y, width, height = window.place(window.find('Reference graph'))
        for i, *_ in window.nodes():
            left, top, node_width, node_height = window.node_rect(i)
            self.assertTrue(x <= left and y <= top and left + node_width <= x + width and top + node_height <= y + height)
        self.assertLessEqual(window.facts()['zoom'], 1)

    def test_first_view_of_a_large_graph_is_legible(self):
        window = self.open_graph('digraph {\n' + ''.join(f'  n{i // 3} -> n{i};\n' for i in range(1, 100)) + '}\n')
        # More than fits, of which the start is in sight.
        self.assertGreaterEqual(window.facts()['zoom'], 0.85)
        x, y, width, height = window.place(window.find('Reference graph'))
        rects = [window.node_rect(i) for i, *_ in window.nodes()]
        self.assertTrue(any(left > x + width or left + node_width < x for left, _, node_width, _ in rects))
        left, top, node_width, node_height = window.node_rect(self.index(window, 'n0'))
        self.assertTrue(x <= left and y <= top and left + node_width <= x + width and top + node_height <= y + height)
        window.press('Fit')
        wait_for('all of it', lambda: (window.settle(), window.facts()['zoom'])[1] < 0.85)

    def test_first_view_is_of_the_programs_own_modules(self):
        """What the program's author wrote in a second file is drawn, and nothing that a library made."""
        self.write('store.py', 'class Order:\n    pass\n\nlatest = Order()\n_cache = {"first": Order()}\n')
        window = self.open_program("""
            from decimal import Decimal
            import refscope
            import store
            price = Decimal(1)
            refscope.mark('open')
            """)
        window.wait_for_captures(1)
        wait_for('the graph', window.graph)
        window.settle()
        starts = {node['type'] for node in window.graph()['nodes'] if node['start']}
        self.assertEqual(starts, {'Order', 'dict'})

    def test_zoom(self):
        window = self.open_graph()
        before = window.facts()['zoom']
        window.press('Zoom in')
        wait_for('a larger picture', lambda: window.facts()['zoom'] > before)
        window.press('Fit')
        wait_for('the picture that fits', lambda: abs(window.facts()['zoom'] - before) < 0.01)


class Closing(GuiTest):
    def test_nothing_of_a_closed_heap_is_alive(self):
        window = self.open()
        # The start page stays, so that the program does not end.
        before = window.call('Count').unpack()[0]
        for _ in range(2):
            window.activate('app.new-window')
            window.activate(f"win.open-path('{self.write('graph.dot', GRAPH)}')")
            wait_for('the graph', window.graph)
            window.activate("page.direction('both')")
            window.settle()
            during = window.call('Count').unpack()[0]
            for what in ('snapshots', 'graphs', 'scenes', 'canvases', 'sessions', 'pages'):
                self.assertGreater(during[what], before[what], what)
            window.activate('window.close')
            wait_for('the end of all of it', lambda: window.call('Count').unpack()[0] == before)


class Finding(GuiTest):
    def test_types_and_values(self):
        window = self.open_graph()
        window.sees('node')
        window.press('Value')
        window.enter('Find objects', 'd')
        window.sees('1 object', exactly=True)
        window.key('ctrl+f')
        window.key('Return')
        wait_for('the picture of D', lambda: (window.settle(), 'D' in self.names(window))[1])
        self.assertIn('F', self.names(window))

    def test_down_goes_to_what_was_found(self):
        window = self.open_graph()
        window.enter('Find objects', 'sql:SELECT id FROM objects')
        window.sees('6 objects', exactly=True)
        window.key('ctrl+f')
        wait_for('the entry', lambda: window.focused() == '' or window.focused() == 'Find objects')
        window.key('Down')
        wait_for('a row', lambda: any(item.has_state(Atspi.StateType.FOCUSED) and item.get_role_name() == 'list item' for item in window.walk()))

    TYPES = '''
        class Teapot:
            pass
        class Teacup:
            pass
        pots = [Teapot() for _ in range(3)]
        cup = Teacup()
        import refscope
        refscope.mark('here')
        '''

    def test_return_on_a_type_draws_its_first_object(self):
        window = self.open_program(self.TYPES)
        window.wait_for_captures(1)
        window.key('ctrl+f')
        window.enter('Find objects', 'Teapot')
        wait_for('that type only', lambda: not window.has('tuple'))
        window.key('Return')
        window.sees('3 objects', exactly=True)
        wait_for('the picture of one', lambda: (window.settle(), [
            label.split('\n')[0] for _, kind, _, label, _ in window.nodes() if kind == OBJECT][:1])[1] == ['Teapot'])
        # A click looks first.
        window.activate('page.back')
        window.settle()
        drawn = window.nodes()
        window.enter('Find objects', 'Teacup')
        wait_for('that type only', lambda: not window.has('tuple'))
        types = window.find('Types with their counts and sizes')
        window.key('Down')
        wait_for('the row', lambda: any(item.has_state(Atspi.StateType.FOCUSED) for item in window.walk(types)))
        window.key('Return')
        window.sees('1 object', exactly=True)
        wait_for('the first row', lambda: any(
            item.has_state(Atspi.StateType.FOCUSED) and item.get_role_name() == 'list item' for item in window.walk()))
        self.assertEqual(window.nodes(), drawn)

    def test_a_drawing_has_no_addresses(self):
        window = self.open_graph()
        window.find('Held By (0)')
        self.assertFalse(window.has('Address'))

    def test_nothing_found(self):
        window = self.open_graph()
        window.press('Value')
        window.enter('Find objects', 'no such thing')
        window.sees('Nothing Found')

    def test_reference_as_on_the_command_line(self):
        window = self.open_graph()
        window.enter('Find objects', 'name:F')
        window.sees('1 object', exactly=True)
        window.enter('Find objects', "sql:SELECT nonsense")
        window.sees('nonsense')

    def test_references_navigate(self):
        window = self.open_graph()
        window.click_node(self.index(window, 'A'))
        window.settle()
        window.press(lambda name: name.startswith('Refers To'))
        before = window.facts()['selected']
        listed = window.find('References', 'list')
        row = wait_for('a row', lambda: next((item for item in window.walk(listed) if item.get_role_name() == 'list item'), None))
        window.click(row)
        wait_for('another selection', lambda: window.facts()['selected'] != before)

    def test_the_list_mirrors_the_canvas(self):
        window = self.open_graph()
        window.key('ctrl+m')
        listed = window.find('Objects in the picture', 'list')
        rows = wait_for('the rows', lambda: [item.get_name() for item in window.walk(listed) if item.get_role_name() == 'list item'])
        for name in 'ABCE':
            self.assertTrue(any(re.search(rf'\b{name}\b', row) for row in rows), rows)


class LeftOut(GuiTest):
    """A heap whose values were left out says so where one looks for a value, and where it says what it is."""

    def open_heap(self, values):
        program = self.write('users.py', 'class User:\n    def __init__(self):\n        self.name = "a" * 7\nuser = User()\n'
                             'import refscope\nrefscope.mark("here")\n')
        heap = self.folder / f'{values}.refscope'
        subprocess.run([os.environ['RSC_CLI'], 'capture', '--quiet', '--on-mark', 'here', '--stop', '--program-output', 'null',
                        '--values', values, '-o', heap, '--', PYTHON, program], check=True, timeout=120)
        window = self.open(heap)
        window.wait_for_captures(1)
        window.enter('Find objects', 'type:User')
        window.sees('1 object', exactly=True)
        window.key('Down', 'Return')
        window.sees('Reference count')
        return window

    def test_all_are_left_out(self):
        window = self.open_heap('none')
        window.sees('Values were left out when this heap was captured.', exactly=True)
        window.wait_for_status(', without values')

    def test_lengths_are_kept(self):
        window = self.open_heap('lengths')
        window.sees('Values were left out when this heap was captured; lengths were kept.')
        window.wait_for_status(', lengths for values')

    def test_nothing_is_left_out(self):
        window = self.open_heap('all')
        window.wait_for_status('CPython')
        self.assertFalse(any('left out' in text for text in window.texts()))
        self.assertNotIn('values', window.facts()['status'])


if __name__ == '__main__':
    unittest.main()
