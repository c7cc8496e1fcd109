"""The layers: what a folder of src/ includes must be what it may depend on.

The arrows are those that each folder's meson.build declares; the table in
HACKING.md has to say the same.
"""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / 'src'
FOLDERS = sorted(path.parent.name for path in SRC.glob('*/meson.build'))

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)

# System headers that only some folders may use: pattern, folders, why.
OUTSIDE = [
    (r'graphviz/|cgraph\.h|gvc\.h|gvplugin', {'layout'}, 'Graphviz lives in the layout child alone'),
    (r'sqlite3\.h', {'query', 'cli'}, 'SQLite answers queries, and conditions on the rows that a command prints'),
    (r'gtk/|gdk/|gsk/|adwaita\.h', {'app'}, 'the engine and the command line run without GTK'),
    (r'Python\.h', {'agent'}, 'only the agent knows CPython'),
    (r'cairo|pango/', {'render', 'text', 'app'}, 'drawing and measuring only'),
]
# These run inside other people's programs.
NO_GLIB = {'wire', 'agent'}


def sources(folder):
    return sorted(path for pattern in ('*.c', '*.h') for path in (SRC / folder).rglob(pattern))


def includes(path):
    return [(style, name) for style, name in INCLUDE.findall(path.read_text(encoding='utf-8'))]


def declared(folder):
    """The folders whose library, or whose sources, this one's meson.build takes."""
    text = re.sub(r'#.*', '', (SRC / folder / 'meson.build').read_text(encoding='utf-8'))
    return {name for name in re.findall(r'\brsc_(\w+?)_(?:dep|sources)\b', text) if name in FOLDERS and name != folder}


def closure(folder):
    seen, pending = set(), [folder]
    while pending:
        for name in declared(pending.pop()):
            if name not in seen:
                seen.add(name)
                pending.append(name)
    return seen


class Arrows(unittest.TestCase):
    def test_there_is_something_to_check(self):
        self.assertGreaterEqual(len(FOLDERS), 14)
        self.assertGreater(sum(len(sources(folder)) for folder in FOLDERS), 20)
        self.assertEqual(closure('graph') & {'base', 'snapshot', 'app'}, {'base', 'snapshot'})

    def test_no_circle(self):
        for folder in FOLDERS:
            self.assertNotIn(folder, closure(folder), f'src/{folder} depends on itself')

    def test_includes_follow_the_arrows(self):
        wrong = []
        for folder in FOLDERS:
            may = closure(folder) | {folder}
            for path in sources(folder):
                for style, name in includes(path):
                    other = name.split('/')[0]
                    if '/' in name and other in FOLDERS and style == '"' and other not in may:
                        wrong.append(f'{path.relative_to(ROOT)} includes {name}, but src/{folder} may use only '
                                     f'{", ".join(sorted(may))}')
        self.assertEqual(wrong, [])

    def test_includes_are_written_from_src(self):
        wrong = []
        for folder in FOLDERS:
            for path in sources(folder):
                for style, name in includes(path):
                    if style != '"' or name == 'config.h':
                        continue
                    if '..' in name or (name.startswith(folder + '/') and (path.parent / name.split('/')[-1]).exists()):
                        wrong.append(f'{path.relative_to(ROOT)}: "{name}"')
                    elif '/' in name and name.split('/')[0] in FOLDERS and not (SRC / name).exists():
                        wrong.append(f'{path.relative_to(ROOT)}: "{name}" does not exist')
        self.assertEqual(wrong, [])

    def test_outside_headers(self):
        wrong = []
        for folder in FOLDERS:
            for path in sources(folder):
                for _, name in includes(path):
                    for pattern, folders, why in OUTSIDE:
                        if re.match(pattern, name) and folder not in folders:
                            wrong.append(f'{path.relative_to(ROOT)} includes {name}: {why}')
                    if folder in NO_GLIB and re.match(r'g(lib|io|object|module)[./-]|glib\.h', name):
                        wrong.append(f'{path.relative_to(ROOT)} includes {name}: src/{folder} runs without GLib')
        self.assertEqual(wrong, [])

    def test_the_table_in_hacking_says_the_same(self):
        text = (ROOT / 'HACKING.md').read_text(encoding='utf-8')
        rows = dict(re.findall(r'^\| `src/(\w+)/` \|[^|]*\|([^|\n]*)\|$', text, re.MULTILINE))
        self.assertEqual(sorted(rows), FOLDERS)
        for folder, needs in rows.items():
            excluded = re.match(r' all but (.*)', needs)
            if excluded:
                self.assertEqual(closure(folder) & set(re.findall(r'`(\w+)`', excluded[1])), set(), folder)
                continue
            self.assertEqual(set(re.findall(r'`(\w+)`', needs)), declared(folder), f'src/{folder}/ in HACKING.md')


class Names(unittest.TestCase):
    def test_base_names_are_unique(self):
        seen = {}
        for folder in FOLDERS:
            for path in sources(folder):
                self.assertNotIn(path.name, seen, f'{path} and {seen.get(path.name)}')
                seen[path.name] = path

    def test_files_have_the_prefix(self):
        wrong = [str(path.relative_to(ROOT)) for folder in FOLDERS for path in sources(folder)
                 if not path.name.startswith('rsc-') and not re.fullmatch(r'refscope(-\w+)?\.c', path.name)]
        self.assertEqual(wrong, [])

    def test_headers_guard_themselves(self):
        wrong = [str(path.relative_to(ROOT)) for folder in FOLDERS for path in sources(folder)
                 if path.suffix == '.h' and '#pragma once' not in path.read_text(encoding='utf-8')]
        self.assertEqual(wrong, [])

    def test_every_source_is_built(self):
        wrong = []
        for folder in FOLDERS:
            builds = (SRC / folder / 'meson.build').read_text(encoding='utf-8')
            for path in sources(folder):
                if path.suffix == '.c' and not re.search(rf"['/]{re.escape(path.name)}'", builds):
                    wrong.append(str(path.relative_to(ROOT)))
        self.assertEqual(wrong, [])


if __name__ == '__main__':
    unittest.main()
