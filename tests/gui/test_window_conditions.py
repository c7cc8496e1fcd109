"""The filter's rows: column, comparison and value, and the expression that they write."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import text_of, wait_for  # noqa: E402
from window_case import GuiTest, enter_hidden  # noqa: E402

COLUMNS = ['Type', 'Module', 'Name', 'Value', 'Size in bytes', 'Reference count']


class Conditions(GuiTest):
    def setUp(self):
        super().setUp()
        self.window = self.open_graph()
        self.window.key('ctrl+shift+k')

    def until(self, names):
        def drawn():
            self.window.settle()
            return self.names(self.window)
        wait_for(f'the picture {sorted(names)}', lambda: drawn() == names)

    def expression(self):
        """The control's text, which the rows write."""
        return text_of(self.window.part('Filter', 'EditableText'))

    def until_expression(self, text):
        wait_for(f'the expression {text}', lambda: self.expression() == text)

    def add(self, steps, comparison=0):
        """A row whose column is so many steps below the first, by the keyboard."""
        self.window.press('Add a Condition')
        wait_for('the row', lambda: self.window.focused() == 'Column')
        if steps:
            self.window.choose(*['Down'] * steps)
        if comparison:
            self.window.key('Tab')
            wait_for('the comparison', lambda: self.window.focused() == 'Comparison')
            self.window.choose(*['Down'] * comparison)

    def test_rows_write_the_expression(self):
        self.add(COLUMNS.index('Value'), 1)
        self.window.enter('Compared with', 'B')
        self.until_expression("value IS NOT 'B'")
        self.until({'A', 'C', 'E'})
        # Which is one step for undo.
        self.window.press('Back')
        self.until({'A', 'B', 'C', 'E'})
        wait_for('no row', lambda: not self.window.has('Compared with'))
        self.window.press('Forward')
        self.until({'A', 'C', 'E'})
        self.window.find('Compared with')
        self.window.press('Remove this condition')
        self.until({'A', 'B', 'C', 'E'})

    def test_any_and_none(self):
        self.window.enter('Filter', "value = 'A' OR value = 'B' OR value = 'C'")
        self.until({'A', 'B', 'C'})
        wait_for('three rows', lambda: sum(1 for text in self.window.walk() if (text.get_name() or '') == 'Compared with') >= 3)
        for _ in range(6):
            if self.window.focused() == 'Conditions to meet':
                break
            self.window.key('Tab')
        self.assertEqual(self.window.focused(), 'Conditions to meet')
        self.window.choose('End')
        self.until_expression("NOT (value = 'A' OR value = 'B' OR value = 'C')")

    def test_a_mistake_is_told_at_the_row(self):
        self.add(COLUMNS.index('Size in bytes'), 4)
        self.window.enter('Compared with', 'large')
        self.window.sees('“large” is not a whole number')
        self.until({'A', 'B', 'C', 'E'})
        self.assertEqual(self.expression(), '')
        self.window.enter('Compared with', '0')
        self.until_expression('size > 0')
        wait_for('no complaint', lambda: not any('whole number' in text for text in self.window.texts()))

    def test_what_rows_cannot_say_is_text(self):
        self.window.enter('Filter', "length(value) = 1 and value <> 'C'")
        self.until({'A', 'B', 'E'})
        self.assertEqual(text_of(self.window.part('Filter expression', 'EditableText')), "length(value) = 1 and value <> 'C'")
        self.window.sees('Rows cannot say this expression')
        self.window.enter('Filter', "value <> 'B'")
        self.until({'A', 'C', 'E'})
        wait_for('no note', lambda: not any('Rows cannot say' in text for text in self.window.texts()))
        # The rows are back, as nobody asked for the text.
        self.window.find('Compared with')

    def test_the_text_stays_for_who_asks_for_it(self):
        self.window.press('Show the expression')
        self.window.enter('Filter expression', "length(value) = 1 and value <> 'C'")
        self.until({'A', 'B', 'E'})
        self.window.enter('Filter', "value <> 'B'")
        self.until({'A', 'C', 'E'})
        self.assertEqual(text_of(self.window.part('Filter expression', 'EditableText')), "value <> 'B'")

    def test_hide(self):
        enter_hidden(self.window, "value = 'B' or value = 'C'")
        self.until({'A', 'E'})
        self.assertTrue(any(edge['kind'] == 'hidden' for edge in self.window.graph()['edges']))
        self.assertIn('--hide', self.window.facts()['command'])
        self.assertNotIn('--filter', self.window.facts()['command'])


if __name__ == '__main__':
    unittest.main()
