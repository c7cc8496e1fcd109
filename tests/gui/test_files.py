"""What the desktop reads: the desktop file, the metainfo, the schema, the MIME
type, the icons, and the templates."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ['RSC_BUILD_ROOT'])
ID = 'io.github.refscope.Refscope'
CONTROLS = {'GtkButton', 'GtkToggleButton', 'GtkMenuButton', 'AdwSplitButton', 'GtkEntry', 'GtkSearchEntry', 'GtkSpinButton',
            'GtkSwitch'}


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)


class Files(unittest.TestCase):
    def check(self, *command):
        result = run(*command)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_desktop_file(self):
        self.check('desktop-file-validate', BUILD / 'data' / f'{ID}.desktop')

    def test_metainfo(self):
        self.check('appstreamcli', 'validate', '--no-net', BUILD / 'data' / f'{ID}.metainfo.xml')

    def test_schema(self):
        with tempfile.TemporaryDirectory() as target:
            self.check('glib-compile-schemas', '--strict', f'--targetdir={target}', ROOT / 'data')

    def test_xml_is_well_formed(self):
        files = [*(ROOT / 'ui').glob('*.ui'), *(ROOT / 'ui').glob('*.xml'), *(ROOT / 'data').glob('*.xml*'),
                 *(ROOT / 'data' / 'icons').glob('*.svg')]
        self.assertGreater(len(files), 25)
        self.check('xmllint', '--noout', *files)

    def test_every_template_is_in_the_resources(self):
        text = (ROOT / 'ui' / 'refscope.gresource.xml').read_text(encoding='utf-8')
        for path in (ROOT / 'ui').glob('*.ui'):
            self.assertIn(f'>{path.name}<', text)

    def test_every_icon_is_in_the_resources(self):
        text = (ROOT / 'ui' / 'refscope.gresource.xml').read_text(encoding='utf-8')
        for path in (ROOT / 'data' / 'icons').glob('refscope-*.svg'):
            self.assertIn(f'>{path.name}<', text)

    def test_mime_type_agrees(self):
        desktop = (ROOT / 'data' / f'{ID}.desktop.in').read_text(encoding='utf-8')
        mime = ElementTree.parse(ROOT / 'data' / f'{ID}.mime.xml').getroot()
        for kind in mime:
            self.assertIn(kind.get('type'), desktop)


class Readme(unittest.TestCase):
    def test_the_tests_it_names_exist(self):
        folder = pathlib.Path(__file__).parent
        names = re.findall(r'`(\w+)\.([A-Z]\w+)(?:\.(test_\w+))?`', (folder / 'README.md').read_text(encoding='utf-8'))
        self.assertGreater(len(names), 25)
        for module, case, test in names:
            text = (folder / f'test_window_{module}.py').read_text(encoding='utf-8')
            body = re.search(rf'^class {case}\(.*?(?=^class |\Z)', text, re.MULTILINE | re.DOTALL)
            self.assertTrue(body, f'{module}.{case}')
            self.assertIn(f'def {test or "test_"}', body.group(), f'{module}.{case}.{test}')


class Templates(unittest.TestCase):
    """Every control says what it is and what it does."""

    def controls(self):
        for path in sorted((ROOT / 'ui').glob('*.ui')):
            for item in ElementTree.parse(path).getroot().iter('object'):
                if item.get('class') in CONTROLS:
                    yield path.name, item

    @staticmethod
    def value(item, name):
        return next((prop.text for prop in item.findall('property') if prop.get('name') == name), None)

    def test_there_are_controls(self):
        self.assertGreater(len(list(self.controls())), 50)

    def test_tooltips(self):
        for name, item in self.controls():
            self.assertTrue(self.value(item, 'tooltip-text'), f'{name}: {item.get("class")} {item.get("id")} has no tooltip')

    def test_names(self):
        for name, item in self.controls():
            label = self.value(item, 'label') or next(
                (prop.text for prop in item.findall('accessibility/property') if prop.get('name') == 'label'), None)
            # A label beside it, or in it, names it.
            labels = ElementTree.parse(ROOT / 'ui' / name).getroot().iter('property')
            if item.get('id') and any(prop.get('name') == 'mnemonic-widget' and prop.text == item.get('id') for prop in labels):
                continue
            if any(child.get('class') == 'AdwButtonContent' for child in item.iter('object')):
                continue
            # Its label is the program's to set.
            if (name, item.get('id')) in {('rsc-heap-page.ui', 'status_button'), ('rsc-filter-editor.ui', 'entry')}:
                continue
            self.assertTrue(label, f'{name}: {item.get("class")} {item.get("id")} has no accessible name')

    def test_texts_are_translatable(self):
        for path in sorted((ROOT / 'ui').glob('*.ui')):
            for prop in ElementTree.parse(path).getroot().iter('property'):
                if prop.get('name') in {'label', 'title', 'tooltip-text', 'subtitle', 'description', 'placeholder-text'} and \
                        prop.text and any(letter.isalpha() for letter in prop.text) and prop.text != 'Refscope':
                    self.assertEqual(prop.get('translatable'), 'yes', f'{path.name}: {prop.text}')


if __name__ == '__main__':
    unittest.main()
