"""Stepping through a collection, forwards and backwards, on the objects in the picture."""
import pathlib
import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import driver  # noqa: E402
from driver import OBJECT, Atspi, wait_for  # noqa: E402
from window_case import EXAMPLES, FREED_PAIR, GuiTest, save  # noqa: E402


class StepsTest(GuiTest):
    def open_pair(self):
        """A program with a cycle that is garbage."""
        window = self.open_program(FREED_PAIR)
        window.wait_for_captures(1)
        return window

    def begin(self, window, action='page.step(uint32 2)'):
        window.activate(action)
        wait_for('the steps', lambda: 'step' in window.facts())
        window.settle()

    def go(self, window, where):
        window.activate(f"page.step-to('{where}')")
        window.settle()
        return window.facts()['step']

    @staticmethod
    def states(window):
        """{(node, label): (state, badge)} of the objects in the picture."""
        facts = window.facts()
        return {(node, label): (state, badge) for (kind, node, label, state), badge in zip(facts['nodes'], facts['badges'])
                if kind == OBJECT}

    @staticmethod
    def types(window):
        return {label.split('\n')[0] for *_, label, _ in window.nodes()}

    def pair(self, window):
        return [state for (_, label), state in sorted(self.states(window).items()) if label.split('\n')[0] == 'Pair']


class Collection(StepsTest):
    def test_a_key_steps_and_each_step_is_spoken(self):
        """By one key from before the first step to where the pair is freed, and back: the same states."""
        window = self.open_pair()
        self.begin(window)
        self.assertRegex(window.focused(), r'^Step 0 of [\d,]+\. The collector has not begun yet')
        spoken, seen, positions = {window.focused()}, [self.states(window)], [0]
        while positions[-1] < window.facts()['steps']:
            window.key('Right')
            position = wait_for('the next step', lambda: (lambda now: now if now > positions[-1] else 0)(window.facts()['step']))
            name = wait_for('what is said', lambda: (lambda text: text if text.replace(',', '').startswith(f'Step {position} of') else '')(window.focused()))
            self.assertNotIn(name, spoken)
            spoken.add(name)
            positions.append(position)
            seen.append(self.states(window))
            # Those of the picture only: of the others there are thousands.
            self.assertLess(len(positions), 100)
        self.assertEqual([state for state, _ in self.pair(window)], ['freed', 'freed'])
        window.sees('Predicted: the collector finds 2 unreachable objects')
        for position, states in reversed(list(zip(positions, seen))[:-1]):
            window.key('comma')
            wait_for('the step before', lambda: window.facts()['step'] == position)
            self.assertEqual(self.states(window), states)

    def test_every_step(self):
        window = self.open_pair()
        self.begin(window)
        switch = wait_for('the switch', lambda: next((item for item in window.walk() if item.get_name() == 'Only What Is Drawn' and
                                                      item.has_state(Atspi.StateType.PRESSED)), None))
        window.press('Only What Is Drawn')
        # A button that is pressed by its name is down for a moment before it does anything.
        wait_for('every step', lambda: not switch.has_state(Atspi.StateType.PRESSED))
        for position in 1, 2, 3, 4, 5:
            window.key('period')
            wait_for(f'step {position}', lambda: window.facts()['step'] == position)
        window.key('Down')
        wait_for('the next object', lambda: window.facts()['step'] == 6)
        window.key('Page_Down')
        wait_for('the next phase', lambda: window.facts()['step'] > 100)
        window.key('Home')
        wait_for('the beginning', lambda: window.facts()['step'] == 0)
        window.key('End')
        wait_for('the end', lambda: window.facts()['step'] == window.facts()['steps'])

    def test_the_pair_counts_down_and_is_freed(self):
        window = self.open_pair()
        self.begin(window)
        # The picture came with the steps: the first garbage.
        self.assertEqual([badge for _, badge in self.pair(window)][:2], ['1', '1'])
        phases = ['Copy reference counts', 'Subtract inner references', 'Set aside what is not held']
        for phase in phases:
            window.press(phase)
            wait_for(phase, lambda: any(phase in text for text in window.texts() if text.startswith('Step ')))
        window.settle()
        # Nothing outside holds them.
        self.assertEqual([badge[-6:] for _, badge in self.pair(window)][:2], ['gc 0/1', 'gc 0/1'])
        end = self.go(window, 'last')
        self.assertEqual(end, window.facts()['steps'])
        self.assertEqual([state for state, _ in self.pair(window)][:2], ['freed', 'freed'])
        self.go(window, 'first')
        self.assertEqual([badge for _, badge in self.pair(window)][:2], ['1', '1'])

    def test_the_edge_is_lit_and_what_is_outside_is_told(self):
        window = self.open_pair()
        self.begin(window)
        window.sees('Not drawn:')
        window.press('Subtract inner references')
        wait_for('the phase', lambda: window.facts()['step'] > 0)
        # The first object that is taken up is a module's or a class's: not in the picture.
        window.sees('Outside the picture:')
        window.press('Draw It')
        wait_for('the object', lambda: (window.settle(), window.facts()['lit-node'] >= 0)[1])
        wait_for('nothing outside', lambda: not any('Outside the picture:' in text for text in window.texts()))

    def test_scrubber_and_own_steps(self):
        window = self.open_pair()
        self.begin(window)
        steps = window.facts()['steps']
        window.set_value('Step', steps // 2)
        wait_for('the middle', lambda: window.facts()['step'] == steps // 2)
        self.go(window, 'first')
        drawn = [(i, node) for i, kind, node, label, _ in window.nodes() if kind == OBJECT and label.split('\n')[0] == 'Pair']
        index, _ = drawn[0]
        window.click_node(index)
        wait_for('the selection', lambda: window.facts()['selected'] == drawn[0][1])
        own = []
        while True:
            before = window.facts()['step']
            position = self.go(window, 'next-own')
            if position == before:
                break
            own.append(position)
            self.assertEqual(window.facts()['lit-node'], index)
        self.assertGreater(len(own), 3)
        self.assertEqual(own, sorted(set(own)))
        for position in reversed(own[:-1]):
            self.assertEqual(self.go(window, 'previous-own'), position)

    def test_playing_comes_to_the_end(self):
        window = self.open_pair()
        self.begin(window)
        window.set_value('Step', window.facts()['steps'] - 2)
        window.press('Play')
        wait_for('the end', lambda: window.facts()['step'] == window.facts()['steps'])
        window.find('Play')

    def test_the_picture_has_the_room_of_a_narrow_window(self):
        """The view's controls go while there are steps, unless they are called."""
        window = self.open_pair()
        window.resize(360, 640)
        wait_for('360 px', lambda: window.facts()['width'] <= 360)
        window.settle()
        window.find('Filter by conditions')
        self.begin(window)
        wait_for('no controls', lambda: not window.has('Filter by conditions'))
        window.activate('page.filter')
        window.find('Filter by conditions')
        window.activate('page.back')
        wait_for('no steps', lambda: 'step' not in window.facts())
        self.begin(window)
        wait_for('no controls', lambda: not window.has('Filter by conditions'))
        window.resize(1280, 800)
        window.find('Filter by conditions')

    def test_playing_fast_is_followed(self):
        """What the steps are about is drawn while they go on, not only when they pause."""
        window = self.open_pair()
        self.begin(window)
        window.press('Only What Is Drawn')
        wait_for('every step', lambda: not any(item.has_state(Atspi.StateType.PRESSED) for item in window.walk()
                                               if item.get_name() == 'Only What Is Drawn'))
        window.click(window.find('Speed'))
        window.pick('End')
        window.sees('50 steps a second')
        # Each step is of another object that is not in the picture.
        window.press('Copy reference counts')
        wait_for('the phase', lambda: window.facts()['step'] > 0)
        # Large ones: until such a one is drawn there are many steps.
        window.set_value('Depth', 6)
        window.settle()
        first = self.states(window).keys()
        window.press('Follow')
        window.press('Play')
        pictures = {frozenset(first)}

        def drawn():
            pictures.add(frozenset(self.states(window).keys()))
            return len(pictures) > 3
        wait_for('other pictures', drawn)
        position = window.facts()['step']
        wait_for('that it plays still', lambda: window.facts()['step'] > position)

    def test_far_steps_are_found(self):
        """Those of one object among a million: a worker looks for them."""
        window = self.open_program('''
            import gc
            gc.disable()
            gc.collect()
            class Needle:
                pass
            needle = Needle()
            needle.itself = needle
            hoard = [[] for _ in range(150000)]
            import refscope
            refscope.mark('a hoard')
            ''')
        window.wait_for_captures(1)
        window.enter('Find objects', 'type:Needle')
        window.sees('1 object', exactly=True)
        window.key('ctrl+f')
        window.key('Return')
        wait_for('the needle', lambda: (window.settle(), 'Needle' in {label.split('\n')[0] for *_, label, _ in window.nodes()})[1])
        index, node = next((i, node) for i, _, node, label, _ in window.nodes() if label.split('\n')[0] == 'Needle')
        window.click_node(index)
        wait_for('the selection', lambda: window.facts()['selected'] == node)
        self.begin(window)
        self.assertGreater(window.facts()['steps'], 500000)
        found = [self.go(window, 'next-own') for _ in range(3)]
        self.assertEqual(found, sorted(set(found)))
        self.assertGreater(found[2] - found[0], 65536)
        self.assertEqual(window.facts()['lit-node'], index)
        self.assertEqual(self.go(window, 'previous-own'), found[1])
        self.go(window, 'last')
        last = self.go(window, 'previous-own')
        self.assertEqual(window.facts()['lit-node'], index)
        self.assertEqual(self.go(window, 'next-own'), last)
        window.sees('The selected object has no step after this one.')

    def test_back_ends_stepping_and_keeps_the_picture(self):
        window = self.open_pair()
        self.begin(window)
        drawn = self.names(window)
        window.activate('page.back')
        wait_for('no steps', lambda: 'step' not in window.facts())
        window.settle()
        self.assertEqual(self.names(window), drawn)
        self.assertNotIn('examined', [state for *_, state in window.nodes()])
        self.begin(window)
        window.find('First')
        window.key('Escape')
        wait_for('no steps', lambda: 'step' not in window.facts())
        # The keys go on where one was looking.
        wait_for('the picture', lambda: window.focused().startswith('Reference graph'))

    def test_done_for_real(self):
        """The real collection, with the prediction beside it."""
        window = self.open_pair()
        self.begin(window)
        window.press('Do It for Real')
        window.wait_for_captures(2)
        window.find(lambda name: re.match(r'\d+ freed', name))
        window.sees('As predicted: 2 objects were to be found unreachable, and no others went.')
        self.assertNotIn('step', window.facts())

    def test_what_a_finalizer_changes_is_listed(self):
        window = self.open_program('''
            import gc
            gc.disable()
            gc.collect()
            class Revenant:
                def __del__(self):
                    kept.append(self)
            kept = []
            a = Revenant()
            a.itself = a
            del a
            import refscope
            refscope.mark('garbage')
            ''')
        window.wait_for_captures(1)
        self.begin(window)
        window.sees('finalizer or callback runs; what it does cannot be predicted.')
        window.press('Do It for Real')
        window.wait_for_captures(2)
        window.sees('Otherwise than predicted')
        still_there = re.compile(r'\d+ predicted, but still there').match
        window.press(still_there)
        window.find(lambda name: name.startswith('Revenant'))
        # After the collection it is another object of another heap; that one is listed, and can be gone to.
        window.press('After')
        wait_for('what is after', lambda: window.facts()['side'] == 1)
        window.settle()
        def selected():
            facts = window.facts()
            return next((label.split('\n')[0] for _, node, label, _ in facts['nodes'] if node == facts['selected']), '')
        window.enter('Find objects', 'name:gc')
        window.sees('1 object', exactly=True)
        window.key('ctrl+f')
        window.key('Return')
        wait_for('something else', lambda: (window.settle(), selected())[1] == 'module')
        window.press(still_there)
        window.click(window.find(lambda name: name.startswith('Revenant'), 'list item'))
        wait_for('the one that is there', lambda: selected() == 'Revenant')

    def test_what_the_collector_keeps_is_listed(self):
        """What has a finalizer of the old kind, which C types have only."""
        window = self.open_program('''
            import gc
            from _testcapi import with_tp_del
            gc.disable()
            gc.collect()
            @with_tp_del
            class Legacy:
                def __tp_del__(self):
                    pass
            legacy = Legacy()
            legacy.itself = legacy
            del legacy
            import refscope
            refscope.mark('garbage')
            ''')
        window.wait_for_captures(1)
        self.begin(window)
        window.press('Do It for Real')
        window.wait_for_captures(2)
        window.press(lambda name: re.fullmatch(r'\d+ uncollectable', name))
        window.find(lambda name: name.startswith('Legacy'), 'list item')

    def test_objects_go_from_list_to_list(self):
        window = self.open_pair()
        self.begin(window)
        window.find(lambda name: name.startswith('Generation 0: '))
        wait_for('the boxes', lambda: any(name.startswith('Pair, plain') for name in map(lambda item: item.get_name() or '', window.walk())))
        window.press('Promote the survivors')
        wait_for('the pair set aside', lambda: [item for item in window.walk() if (item.get_name() or '').startswith('Pair, unreachable')])
        window.sees('Unreachable: 2', exactly=True)
        # Who does not see under which heading it stands hears it.
        window.find(lambda name: name.startswith('Pair, unreachable') and name.endswith('(Unreachable)'))
        window.press(lambda name: name.startswith('Pair, unreachable'))
        wait_for('the selection', lambda: window.facts()['selected'] in [node for _, kind, node, label, _ in window.nodes() if label.split('\n')[0] == 'Pair'])
        self.go(window, 'last')
        wait_for('the pair freed', lambda: [item for item in window.walk() if (item.get_name() or '').startswith('Pair, freed')])
        window.activate('page.back')
        wait_for('no boxes', lambda: not [item for item in window.walk() if (item.get_name() or '').startswith('Pair, freed')])


class WhatIf(StepsTest):
    HELD = '''
        import gc
        gc.disable()
        gc.collect()
        class Kept:
            pass
        class Holder:
            pass
        cache = Holder()
        cache.kept = Kept()
        import refscope
        refscope.mark('held')
        '''

    def open_held(self):
        """What a name holds is drawn, and selected."""
        window = self.open_program(self.HELD)
        window.wait_for_captures(1)
        window.enter('Find objects', 'type:Holder')
        window.sees('1 object', exactly=True)
        window.key('ctrl+f')
        window.key('Return')
        wait_for('the holder', lambda: (window.settle(), 'Holder' in self.types(window))[1])
        window.click_node(next(i for i, *_, label, _ in window.nodes() if label.split('\n')[0] == 'Holder'))
        window.sees('__main__.cache', exactly=True)
        return window

    def fates(self, window):
        """The states of what is drawn, by type, after the last step."""
        wait_for('the steps', lambda: 'step' in window.facts())
        window.sees('A what-if: the program keeps its reference.')
        window.settle()
        self.go(window, 'last')
        return {label.split('\n')[0]: state for (_, label), (state, _) in self.states(window).items()}

    def drop_by_name(self, window, name=None):
        window.key('alt+shift+Delete')
        entry = window.part('What goes', 'EditableText')
        if name is None:
            self.assertEqual(driver.text_of(entry), '__main__.cache')
        else:
            entry.set_text(name)
        window.press('Show What Follows')

    @staticmethod
    def go_to_row(window, tab, is_it):
        """By the keyboard, from the tab above the list."""
        window.click(window.find(lambda name: name.startswith(tab)))
        wait_for('the tab', lambda: window.focused().startswith(tab))
        for key in ('Tab', 'Tab', 'Down', 'Down', 'Down'):
            name = window.focused()
            window.key(key)
            name = wait_for('the next place', lambda: (lambda now: now if now != name else '')(window.focused()))
            if is_it(name):
                return
        raise AssertionError('there is no such row')

    def test_a_dropped_name(self):
        """That of the selected object is proposed; the program has it still."""
        window = self.open_held()
        self.drop_by_name(window)
        fates = self.fates(window)
        self.assertEqual((fates['Holder'], fates['Kept']), ('freed', 'freed'))
        window.activate('page.capture')
        window.wait_for_captures(2)
        window.enter('Find objects', 'type:Kept')
        window.sees('1 object', exactly=True)

    def test_a_name_of_what_is_not_drawn(self):
        """It is drawn with what goes with it."""
        window = self.open_held()
        window.enter('Find objects', 'type:Kept')
        window.sees('1 object', exactly=True)
        window.key('ctrl+f')
        window.key('Return')
        wait_for('the other one', lambda: (window.settle(), 'Holder' not in self.types(window))[1])
        self.drop_by_name(window, 'cache')
        fates = self.fates(window)
        self.assertEqual((fates['Holder'], fates['Kept']), ('freed', 'freed'))

    def test_a_name_that_does_not_exist(self):
        window = self.open_held()
        self.drop_by_name(window, 'cahce')
        window.sees('The steps could not be found')
        self.assertNotIn('step', window.facts())

    def test_a_reference_of_the_details_by_key(self):
        window = self.open_held()
        self.go_to_row(window, 'Refers To (', lambda name: 'Kept' in name)
        window.key('Delete')
        fates = self.fates(window)
        self.assertEqual(fates['Kept'], 'freed')
        self.assertNotEqual(fates['Holder'], 'freed')

    def test_a_reference_of_the_details_by_menu(self):
        """By the pointer, and by the key for menus."""
        window = self.open_held()
        row = window.find(lambda name: "['cache']" in name, 'list item')
        window.click(row, 3)
        window.press('What If This Reference Went?')
        self.assertEqual(self.fates(window)['Holder'], 'freed')
        window.activate('page.back')
        wait_for('no steps', lambda: 'step' not in window.facts())
        self.go_to_row(window, 'Held By (', lambda name: "['cache']" in name)
        window.key('shift+F10')
        window.press('What If This Reference Went?')
        self.assertEqual(self.fates(window)['Holder'], 'freed')

    def test_a_dropped_reference(self):
        """Of a pair that a name holds: both go on, in a cycle that nobody reaches."""
        window = self.open_program('''
            import gc
            gc.disable()
            gc.collect()
            class Pair:
                pass
            class Holder:
                pass
            a, b = Pair(), Pair()
            a.other, b.other = b, a
            holder = Holder()
            holder.pair = a
            del a, b
            import refscope
            refscope.mark('held')
            ''')
        window.wait_for_captures(1)
        window.enter('Find objects', 'type:Holder')
        window.sees('1 object', exactly=True)
        window.key('ctrl+f')
        window.key('Return')
        wait_for('the pair', lambda: (window.settle(), 'Pair' in {label.split('\n')[0] for *_, label, _ in window.nodes()})[1])
        index = next(i for i, *_, label, _ in window.nodes() if label.split('\n')[0] == 'Holder')
        window.click_node(index)
        window.settle()
        self.begin(window, 'page.step-drop')
        window.sees('A what-if: the program keeps its reference.')
        self.go(window, 'last')
        holders = {label.split('\n')[0]: state for (_, label), (state, _) in self.states(window).items()}
        self.assertEqual(holders['Holder'], 'freed')
        self.assertEqual(holders['Pair'], 'garbage-cycle')
        window.sees('only the collector can free it')


class MarkSweep(StepsTest):
    def test_the_lesson_of_marking(self):
        window = self.open(EXAMPLES / 'reachability.dot')
        window.settle()
        self.begin(window, 'page.step-mark')
        window.find('Mark')
        window.find('Sweep')

        def names(state):
            return {label.split('\n')[-1] for (_, label), (now, _) in self.states(window).items() if now == state}
        self.assertEqual(names('white'), self.names(window))
        self.go(window, 'next-step')
        self.assertEqual(names('grey'), {'A'})
        window.press('Sweep')
        wait_for('the sweep', lambda: (window.settle(), names('black'))[1] == {'A', 'B', 'C', 'E'})
        # An edge is lit when its target is entered.
        self.go(window, 'first')
        self.go(window, 'next-step')
        self.go(window, 'next-step')
        facts = window.facts()
        self.assertGreaterEqual(facts['lit-edge'], 0)
        self.go(window, 'last')
        window.sees('In the end 2 objects are swept.')
        self.assertFalse(window.has('Do It for Real'))

    def test_roots_that_are_not_drawn_are_counted(self):
        window = self.open_pair()
        self.begin(window, 'page.step-mark')
        headings = {}

        def read():
            for name in window.texts():
                found = re.match(r'(Roots|white): (\d+)', name)
                if found:
                    headings[found[1]] = int(found[2])
            return len(headings) == 2
        wait_for('the lanes', read)
        boxes = [item for item in window.walk() if (item.get_name() or '').endswith(' (Roots)')]
        self.assertGreater(headings['Roots'], len(boxes))
        told = re.search(r'all ([\d,]+) objects are white', window.focused())
        # A running function is a root, and no object.
        self.assertIn(sum(headings.values()) - int(told[1].replace(',', '')), range(10))

    def test_lanes_from_right_to_left(self):
        window = self.open(EXAMPLES / 'reachability.dot')
        window.settle()
        self.begin(window, 'page.step-mark')

        def goes_right():
            first, second = (window.place(window.find(f'{name}, white (white)'))[0] for name in 'BC')
            return second > first
        self.assertTrue(goes_right())
        window.mirror()
        wait_for('the mirrored lane', lambda: not goes_right())

    def test_a_files_heap_has_no_collector(self):
        """A drawing has no reference counts: a sentence says so."""
        window = self.open(EXAMPLES / 'reachability.dot')
        window.settle()
        window.activate('page.step(uint32 2)')
        window.sees('The steps could not be found')


class Exporting(StepsTest):
    """What is gone through leaves the window: the step that is shown, and all of them."""
    HEAP = EXAMPLES / 'reachability.dot'

    def open_marking(self):
        window = self.open(self.HEAP)
        window.settle()
        self.begin(window, 'page.step-mark')
        return window

    def saved(self, window, action, name):
        path = self.folder / name
        save(window, action, path)
        window.sees(f'Saved as “{name}”')
        return path

    @staticmethod
    def texts(svg):
        return {''.join(text.itertext()).strip() for text in ElementTree.fromstring(svg).iter('{http://www.w3.org/2000/svg}text')}

    def test_the_step_that_is_shown(self):
        """Its states and counts are in the picture, and only while it is shown."""
        window = self.open_pair()
        self.begin(window)
        window.press('Set aside what is not held')
        wait_for('the phase', lambda: any('gc 0/1' in badge for _, badge in self.pair(window)))
        window.settle()
        shown = self.saved(window, "page.export('svg')", 'shown.svg').read_bytes()
        self.assertTrue(any('gc 0/1' in text for text in self.texts(shown)), self.texts(shown))
        pictures = [self.saved(window, "page.export('png')", 'shown.png').read_bytes()]
        self.assertEqual(self.saved(window, "page.export('pdf')", 'shown.pdf').read_bytes()[:5], b'%PDF-')
        window.key('Escape')
        wait_for('no steps', lambda: 'step' not in window.facts())
        window.settle()
        self.assertFalse(any('gc 0/1' in text for text in self.texts(self.saved(window, "page.export('svg')", 'ended.svg').read_bytes())))
        pictures.append(self.saved(window, "page.export('png')", 'ended.png').read_bytes())
        self.assertNotEqual(*pictures)

    def test_all_steps(self):
        """As a page, an animated picture and a folder, from before the first step to after the last."""
        window = self.open_marking()
        page = self.saved(window, "page.export-run('run-html')", 'page.html').read_text(encoding='utf-8')
        headings = re.findall(r'<h2>(.*?)</h2>', page)
        n_frames = len(headings)
        self.assertGreater(n_frames, 6)
        self.assertEqual(headings[0], 'Before the first step')
        self.assertEqual(headings[-1], f'Step {window.facts()["steps"]}: Sweep')
        self.assertIn('<button id="next"', page)
        root = ElementTree.parse(self.saved(window, "page.export-run('run-svg')", 'film.svg')).getroot()
        self.assertEqual(sum('dur' in item.attrib for item in root.iter('{http://www.w3.org/2000/svg}set')), n_frames)
        folder = self.saved(window, "page.export-run('run-frames')", 'pictures')
        frames = sorted(folder.iterdir())
        self.assertEqual([path.name for path in frames], [f'{i + 1:04}.svg' for i in range(n_frames)])
        self.assertTrue(any(text.startswith('Step ') and 'Sweep' in text for text in self.texts(frames[-1].read_bytes())))
        # Going on is not disturbed.
        self.assertEqual(window.facts()['step'], 0)
        self.assertEqual(self.go(window, 'next-step'), 1)

    def test_the_name_is_proposed_again(self):
        window = self.open_marking()
        self.saved(window, "page.export-run('run-html')", 'lecture.html')
        window.activate("page.export-run('run-html')")
        wait_for('the name of before', lambda: any(driver.text_of(item) == 'lecture.html' for item in window.walk()))
        window.press('Cancel')
        # Of another kind there is none yet.
        window.activate("page.export-run('run-svg')")
        wait_for('a name', lambda: any(driver.text_of(item) == 'reachability-steps.svg' for item in window.walk()))
        window.press('Cancel')

    def test_menu(self):
        """Of all steps only while there are any."""
        window = self.open(self.HEAP)
        window.settle()
        window.press('Export the picture')
        window.find('PNG…')
        self.assertFalse(window.has('Page with Buttons…'))
        window.key('Escape')
        self.begin(window, 'page.step-mark')
        window.press('Export')
        window.press('Page with Buttons…')
        window.find('Save', 'push button')
        window.press('Cancel')


if __name__ == '__main__':
    unittest.main()
