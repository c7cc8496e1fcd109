"""The messages: all of them are known to the translators, and translated."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import chinese

ROOT = pathlib.Path(__file__).resolve().parents[2]


def messages(path):
    """The entries of a .po file: (msgctxt, msgid, msgid_plural, [msgstr...], flags)."""
    entries, entry, field = [], None, None
    for line in path.read_text(encoding='utf-8').splitlines() + ['']:
        if not line.strip():
            if entry and 'msgid' in entry:
                entries.append(entry)
            entry, field = None, None
            continue
        entry = entry if entry is not None else {'flags': ''}
        if line.startswith('#,'):
            entry['flags'] += line[2:]
        elif line.startswith('#'):
            continue
        else:
            keyword = re.match(r'(msg\w+(?:\[\d+\])?) (".*")$', line)
            text = keyword[2] if keyword else line
            field = keyword[1] if keyword else field
            entry[field] = entry.get(field, '') + text[1:-1]
    return [entry for entry in entries if entry['msgid']]


class Sources(unittest.TestCase):
    def test_no_format_macro_in_a_message(self):
        """xgettext stops at GLib's macros, so the message would never be found at run time."""
        wrong = []
        for path in (ROOT / 'src').rglob('*.[ch]'):
            for call in re.finditer(r'\b(?:N?_|ngettext) ?\((?:\s*(?:"(?:[^"\\]|\\.)*"|\w+|,))+', path.read_text(encoding='utf-8')):
                if re.search(r'\bG_G\w+', call[0]):
                    wrong.append(f'{path.relative_to(ROOT)}: {call[0][:100]}')
        self.assertEqual(wrong, [], 'write %zu, or PRIu64 from <inttypes.h>')


class Translations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for its in 'metainfo.its', 'gschema.its':
            if not (pathlib.Path('/usr/share/gettext/its') / its).exists():
                raise unittest.SkipTest(f'gettext has no {its} here: install appstream and libglib2.0-dev')
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.fresh = pathlib.Path(cls.folder.name)
        subprocess.run([ROOT / 'scripts' / 'update-po', cls.fresh], check=True, stdout=subprocess.DEVNULL)

    def test_one_word_for_a_filter(self):
        chinese_texts = (ROOT / 'po' / 'zh_CN.po').read_text(encoding='utf-8')
        self.assertIn('过滤', chinese_texts)
        self.assertNotIn('筛选', chinese_texts)

    def test_every_source_is_in_potfiles(self):
        self.assertEqual((ROOT / 'po' / 'POTFILES.in').read_text(), (self.fresh / 'POTFILES.in').read_text(),
                         'run scripts/update-po')

    def test_every_message_is_translated(self):
        languages = [line for line in (ROOT / 'po' / 'LINGUAS').read_text().split() if not line.startswith('#')]
        self.assertIn('zh_CN', languages)
        template = messages(self.fresh / 'refscope.pot')
        self.assertGreater(len(template), 100)
        for language in languages:
            merged = messages(self.fresh / f'{language}.po')
            self.assertEqual(len(merged), len(template), language)
            wanting = [entry['msgid'] for entry in merged
                       if 'fuzzy' in entry['flags']
                       or not all(text for field, text in entry.items() if field.startswith('msgstr'))]
            self.assertEqual(wanting, [], f'{language}: run scripts/update-po and translate these')

    def test_msgfmt_accepts_them(self):
        for path in (ROOT / 'po').glob('*.po'):
            subprocess.run(['msgfmt', '--check', '-o', '/dev/null', path], check=True)

    def test_the_programs_speak_chinese(self):
        run = subprocess.run([os.environ['RSC_CLI'], 'info', 'there is none.refscope'], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env={**os.environ, **chinese.environment()})
        self.assertEqual(run.returncode, 2)
        self.assertRegex(run.stderr, '无法打开')


if __name__ == '__main__':
    unittest.main()
