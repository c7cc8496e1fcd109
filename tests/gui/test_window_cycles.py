"""The cycles of a big heap: their list, garbage told from live, the chosen one drawn."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import OBJECT, wait_for  # noqa: E402
from window_case import GuiTest  # noqa: E402

N_LIVE = 1500
N_GARBAGE = 1200
LARGEST = 700
UNITS = {'bytes': 1, 'KiB': 1024, 'MiB': 1024 * 1024}


class BigHeap(GuiTest):
    # Rings of two that are held, rings of three that nobody holds, and one large ring.
    RINGS = f'''
        import gc
        gc.disable()
        gc.collect()
        class Live:
            __slots__ = ('other',)
        class Lost:
            __slots__ = ('other',)
        class Large:
            __slots__ = ('other',)
        def ring(kind, n):
            members = [kind() for _ in range(n)]
            for member, other in zip(members, members[1:] + members[:1]):
                member.other = other
            return members[0]
        kept = [ring(Live, 2) for _ in range({N_LIVE})] + [ring(Large, {LARGEST})]
        for _ in range({N_GARBAGE}):
            ring(Lost, 3)
        plain = [[i] for i in range(100000)]
        import refscope
        refscope.mark('rings')
        '''

    def rows(self, window):
        listed = window.find('List of cycles', 'list')
        return wait_for('the rows', lambda: [item for item in window.walk(listed) if item.get_role_name() == 'list item'
                                             and item.get_name()])

    @staticmethod
    def objects(rows):
        return [int(re.sub(r'\D', '', re.search(r': ([^ ]+) objects?, ', row.get_name()).group(1))) for row in rows]

    @staticmethod
    def bytes(rows):
        sizes = [re.search(r' objects?, ([\d.]+)\s(\w+);', row.get_name()).groups() for row in rows]
        return [float(number) * UNITS[unit] for number, unit in sizes]

    def test_list_and_picture(self):
        window = self.open_program(self.RINGS)
        window.wait_for_captures(1)
        window.key('ctrl+l')
        title = window.find(lambda name: re.fullmatch(r'[\d,\u202f\u00a0.]+ cycles, [\d,\u202f\u00a0.]+ garbage', name))
        n_cycles, n_garbage = (int(re.sub(r'\D', '', part)) for part in title.get_name().split(' cycles, '))
        # Python's own classes are cycles too; none of them is garbage.
        self.assertEqual(n_garbage, N_GARBAGE)
        self.assertGreaterEqual(n_cycles, N_LIVE + 1 + N_GARBAGE)
        window.settle()

        # The most bytes first, or the most objects: they are told, and do not grow downwards.
        by_bytes = self.rows(window)
        self.assertEqual(self.bytes(by_bytes), sorted(self.bytes(by_bytes), reverse=True))
        self.assertTrue(by_bytes[0].get_name().startswith('alive: '))
        window.press('Order', 'push button')
        window.pick('Down')

        def by_objects():
            counts = self.objects(self.rows(window))
            return counts[0] >= LARGEST and counts == sorted(counts, reverse=True) and counts
        wait_for('the most objects first', by_objects)

        # Of those with the program's own classes its largest ring is the first.
        window.press('Yours')
        wait_for('the own ones', lambda: 'Large' in self.rows(window)[0].get_name())

        window.press('Garbage')
        wait_for('only garbage', lambda: all(row.get_name().startswith('garbage: 3 objects, ') for row in self.rows(window)))
        window.click(self.rows(window)[0])
        wait_for('the ring', lambda: (window.settle(), self.drawn(window, 'Lost'))[1] == ['garbage-cycle'] * 3)
        self.assertNotIn('Live', {label.split('\n')[0] for *_, label, _ in window.nodes()})

        window.press('All')
        live = wait_for('the large one', lambda: next((row for row in self.rows(window) if 'Large' in row.get_name()), None))
        self.assertTrue(live.get_name().startswith(f'alive: {LARGEST} objects, '), live.get_name())
        window.click(live)
        states = wait_for('the large ring', lambda: (window.settle(), self.drawn(window, 'Large'))[1])
        self.assertEqual(set(states), {'cycle'})

    def test_plain_containers_are_told_apart(self):
        """By a name that leads there, or by what is in them."""
        window = self.open_program('''
            import gc
            gc.disable()
            gc.collect()
            def pair(word):
                a, b = [word], []
                a.append(b)
                b.append(a)
                return a
            kept, also = pair('tea'), pair('coffee')
            pair('milk')
            import refscope
            refscope.mark('pairs')
            ''')
        window.wait_for_captures(1)
        window.key('ctrl+l')
        window.find('List of cycles', 'list')
        window.press('Yours')

        def told():
            names = [row.get_name() for row in self.rows(window)]
            return [any(part in name for name in names) for part in
                    ("; __main__.kept: list 2 items ([0]: 'tea'), list 1 item", "; __main__.also: list 2 items ([0]: 'coffee'), list 1 item")]
        wait_for('their names', lambda: all(told()))
        window.press('Garbage')
        wait_for('the lost pair', lambda: any("; list 2 items ([0]: 'milk'), list 1 item; " in row.get_name() for row in self.rows(window)))

    @staticmethod
    def drawn(window, name):
        """The states of what is drawn of a type."""
        return [state for _, kind, _, label, state in window.nodes() if kind == OBJECT and label.split('\n')[0] == name]


if __name__ == '__main__':
    unittest.main()
