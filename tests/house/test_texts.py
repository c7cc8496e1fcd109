"""The lessons and other texts: whole, and free of what belongs to one machine."""
import configparser
import os
import pathlib
import re
import shlex
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / 'data' / 'examples'


class Lessons(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lessons = configparser.ConfigParser(interpolation=None, strict=True)
        cls.lessons.optionxform = str
        cls.lessons.read(EXAMPLES / 'lessons.ini', encoding='utf-8')

    def names(self):
        return [name for name in self.lessons.sections() if '.' not in name]

    def steps(self, lesson):
        return [self.lessons[name] for name in self.lessons.sections() if name.startswith(f'{lesson}.')]

    def hints(self, name):
        """What the lesson's program calls its marks."""
        source = (EXAMPLES / self.lessons[name]['Program']).read_text(encoding='utf-8')
        return [re.escape(hint).replace('%d', r'\d') for hint in re.findall(r"mark\('([^']*)'", source)]

    def test_all_eight_are_there(self):
        numbers = [int(self.lessons[name]['Lesson']) for name in self.names()]
        self.assertEqual(sorted(set(numbers)), list(range(0, 9)))
        self.assertEqual(numbers, sorted(numbers), 'they are listed in the order of the file')
        for number in set(numbers):
            those = [self.lessons[name] for name in self.names() if int(self.lessons[name]['Lesson']) == number]
            self.assertEqual(['Chapter' in lesson for lesson in those], [len(those) > 1] + [False] * (len(those) - 1))

    def test_keys(self):
        known = {'Lesson', 'Chapter', 'Title', 'Program', 'File', 'Arguments', 'Mark', 'Object', 'Direction', 'Depth', 'Filter', 'Lists', 'LookFor'}
        for name in self.names():
            lesson = self.lessons[name]
            self.assertLessEqual(set(lesson), known, name)
            self.assertLessEqual({'Title', 'LookFor'}, set(lesson), name)
            self.assertEqual(('Program' in lesson) + ('File' in lesson), 1, name)
            self.assertTrue((EXAMPLES / lesson.get('Program', lesson.get('File'))).is_file(), name)
            self.assertIn(lesson.get('Direction', 'refs'), ('refs', 'backrefs', 'both'), name)
            self.assertLess(len(lesson['LookFor']), 140, f'{name}: one line')
            if 'Mark' in lesson:
                self.assertTrue(any(re.fullmatch(hint, lesson['Mark']) for hint in self.hints(name)),
                                f'{name}: {lesson["Program"]} has no mark "{lesson["Mark"]}"')

    def test_steps(self):
        known = {'At', 'After', 'Title', 'Look', 'Press', 'Do', 'Draws', 'Opens', 'Then', 'Means', 'Means-310', 'Means-311', 'Means-312',
                 'Means-314'}
        source = (ROOT / 'src' / 'app' / 'rsc-lesson-button.c').read_text(encoding='utf-8')
        words = set(re.findall(r'^  \{ "(\w+)", "page\.', source, re.MULTILINE))
        self.assertIn('continue', words)
        for name in self.names():
            steps = self.steps(name)
            self.assertGreaterEqual(len(steps), 2, name)
            self.assertEqual([step.name for step in steps], [f'{name}.{i}' for i in range(1, len(steps) + 1)])
            hints = self.hints(name) if 'Program' in self.lessons[name] else []
            for step in steps:
                with self.subTest(step.name):
                    self.assertLessEqual(set(step), known)
                    self.assertLessEqual({'Title', 'Look', 'Press', 'Do', 'Means'}, set(step))
                    self.assertIn(step.get('After', 'refs'), ('refs', 'backrefs', 'both', 'cycles', 'collect'))
                    for word in step['Do'].split(';'):
                        self.assertTrue(word in words or re.fullmatch(r'show:(name|type):\w+|names:[\w.(),]+', word), word)
                    # Who leaves what was opened comes back by a button.
                    if 'Opens' in step:
                        self.assertIn(step['Opens'], step['Do'].split(';'))
                    self.assertIn(step.get('Then', 'continue'), ('continue', 'collect'))
                    for text in (step['Look'], step['Press'], step['Means']):
                        for place in re.findall(r'\{([^}]*)\}', text):
                            if place not in ('printed', 'last', 'version'):
                                self.assertTrue(place.startswith('uss:') and
                                                any(re.fullmatch(hint, place[4:]) for hint in hints), place)
                    at = step.get('At', '@file')
                    if 'Program' in self.lessons[name]:
                        self.assertTrue(at in ('@end', '@uncaught', '@exited') or
                                        any(re.fullmatch(hint, at) for hint in hints), at)
                    else:
                        self.assertEqual(at, '@file')

    def test_every_example_is_installed(self):
        installed = set(re.findall(r"'([^']+\.(?:py|dot|ini))'", (EXAMPLES / 'meson.build').read_text()))
        self.assertEqual(installed, {path.name for path in EXAMPLES.iterdir() if path.suffix in ('.py', '.dot', '.ini')})

    def test_they_run_without_refscope(self):
        from sys import executable
        for name in self.names():
            lesson = self.lessons[name]
            if 'Program' not in lesson:
                continue
            arguments = ['1000' if argument == '1000000' else argument
                         for argument in shlex.split(lesson.get('Arguments', ''))]
            # -I: no package of ours can be found
            run = subprocess.run([executable, '-I', EXAMPLES / lesson['Program'], *arguments], text=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                                 env={**os.environ, 'PYTHONDONTWRITEBYTECODE': '1'})
            with self.subTest(name):
                if name == 'memory-limit':
                    self.assertEqual(run.returncode, 1)
                    self.assertTrue(run.stderr.endswith('MemoryError\n'), run.stderr)
                else:
                    self.assertEqual((run.returncode, run.stderr), (0, ''))
                if 'Mark' in lesson:
                    self.assertIn(lesson['Mark'], run.stdout.splitlines())


class Habits(unittest.TestCase):
    """What nothing that is committed may have."""

    def test_no_path_of_one_machine(self):
        home = re.compile(r'(?<![\w.~/-])/(?:root|work|home)/\w')
        wrong = []
        for path in ROOT.rglob('*'):
            parts = path.relative_to(ROOT).parts
            if path.suffix not in ('.c', '.h', '.py', '.md', '.ui', '.build', '.txt', '.ini', '.po', '.in', '.xml', '') \
                    or not path.is_file() or any(part.startswith(('build', '.git')) for part in parts):
                continue
            for number, line in enumerate(path.read_text(encoding='utf-8', errors='replace').splitlines(), 1):
                if home.search(line) and not re.search(r'/home/(user|demo)\b', line):
                    wrong.append(f'{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}')
        self.assertEqual(wrong, [])

    def test_environment_variables_are_documented(self):
        documented = set(re.findall(r'`(RSC_[A-Z_]+)`', (ROOT / 'HACKING.md').read_text(encoding='utf-8')))
        self.assertIn('RSC_LAYOUT', documented)
        missing = set()
        for folder, pattern in (('src', r'getenv \("(RSC_[A-Z_]+)"'), ('tests', r"environ(?:\.get\(|\[)'(RSC_[A-Z_]+)'"),
                                ('tests', r'getenv \("(RSC_[A-Z_]+)"'), ('scripts', r'\$\{(RSC_[A-Z_]+)')):
            for path in (ROOT / folder).rglob('*'):
                if path.is_file() and path.suffix in ('.c', '.h', '.py', '.sh', ''):
                    missing |= {f'{name} in {path.relative_to(ROOT)}'
                                for name in re.findall(pattern, path.read_text(encoding='utf-8', errors='replace'))
                                if name not in documented}
        self.assertEqual(sorted(missing), [], 'HACKING.md lists the variables')


if __name__ == '__main__':
    unittest.main()
