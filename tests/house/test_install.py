"""What meson install puts where, and that it is fit to be used from there."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ['RSC_BUILD_ROOT'])


def output_of(*command, **options):
    return subprocess.run(list(map(str, command)), check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options).stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='refscope-install-')
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        output_of('meson', 'install', '-C', BUILD, '--no-rebuild', env={**os.environ, 'DESTDIR': str(cls.root)})
        options = {option['name']: option['value']
                   for option in json.loads(output_of('meson', 'introspect', '--buildoptions', BUILD))}
        cls.prefix = cls.root / options['prefix'].lstrip('/')
        cls.libdir, cls.libexecdir = cls.prefix / options['libdir'], cls.prefix / options['libexecdir']
        cls.share = cls.prefix / options['datadir']
        cls.sanitised = options['b_sanitize'] != 'none'
        cls.files = {path.relative_to(cls.prefix).as_posix() for path in cls.root.rglob('*') if path.is_file()}
        cls.has_window = (cls.prefix / 'bin' / 'refscope').exists()

    def needed(self, path):
        return re.findall(r'NEEDED.*\[(.*)\]', output_of('readelf', '-d', path))

    def test_programs(self):
        for name in ('refscope-cli',):
            self.assertTrue(os.access(self.prefix / 'bin' / name, os.X_OK), name)
        self.assertTrue(os.access(self.libexecdir / 'refscope' / 'refscope-layout', os.X_OK))
        for name in 'refscope-agent.so', 'refscope-preload.so':
            self.assertTrue((self.libdir / 'refscope' / name).is_file(), name)
        self.assertIn('refscope', output_of(self.prefix / 'bin' / 'refscope-cli', '--version'))

    def test_window(self):
        targets = json.loads(output_of('meson', 'introspect', '--targets', BUILD))
        built = any(target['name'] == 'refscope' and target['type'] == 'executable' for target in targets)
        self.assertEqual(self.has_window, built)
        if not built:
            self.skipTest('configured without GTK')
        self.assertIn('libgtk-4.so.1', self.needed(self.prefix / 'bin' / 'refscope'))
        for path in ('applications/io.github.refscope.Refscope.desktop',
                     'metainfo/io.github.refscope.Refscope.metainfo.xml',
                     'glib-2.0/schemas/io.github.refscope.Refscope.gschema.xml',
                     'icons/hicolor/scalable/apps/io.github.refscope.Refscope.svg',
                     'icons/hicolor/symbolic/apps/io.github.refscope.Refscope-symbolic.svg'):
            self.assertTrue((self.share / path).is_file(), path)

    def test_command_line_links_no_gtk(self):
        for path in (self.prefix / 'bin' / 'refscope-cli', self.libexecdir / 'refscope' / 'refscope-layout'):
            self.assertEqual([name for name in self.needed(path) if re.match(r'lib(gtk|gdk|adwaita)', name)], [], path)

    def test_guests_link_nothing_but_libc(self):
        """They are loaded into other people's programs."""
        for name in 'refscope-agent.so', 'refscope-preload.so':
            needed = self.needed(self.libdir / 'refscope' / name)
            self.assertEqual([one for one in needed if not re.match(r'(libc|libdl|libpthread|ld-linux[\w-]*)\.so', one)],
                             [], name)

    def test_stub_has_no_python_symbol(self):
        symbols = output_of('readelf', '--dyn-syms', '-W', self.libdir / 'refscope' / 'refscope-preload.so')
        self.assertEqual(re.findall(r'UND (_?Py\w+)', symbols), [])

    def test_nothing_points_into_the_build(self):
        """No run path into the build, which may be gone tomorrow."""
        for path in (self.prefix / 'bin').iterdir():
            self.assertNotRegex(output_of('readelf', '-d', path), r'R(UN)?PATH')

    def test_translations(self):
        catalogue = self.share / 'locale' / 'zh_CN' / 'LC_MESSAGES' / 'refscope.mo'
        self.assertTrue(catalogue.is_file())
        self.assertIn('charset=UTF-8', output_of('msgunfmt', catalogue))

    def test_examples(self):
        source = pathlib.Path(os.environ['RSC_EXAMPLES'])
        for path in source.iterdir():
            if path.suffix in ('.py', '.ini', '.dot'):
                self.assertEqual((self.share / 'refscope' / 'examples' / path.name).read_bytes(), path.read_bytes())

    def test_python_package(self):
        packages = [name for name in self.files if name.endswith('refscope/__init__.py')]
        self.assertTrue(packages)

    def test_manual_pages(self):
        if not shutil.which('man'):
            pages = [name for name in self.files if '/man1/' in name]
            self.assertTrue(pages)
            self.skipTest('man is not installed: the pages were only looked for')
        for page in (self.share / 'man' / 'man1').iterdir():
            self.assertIn('NAME', output_of('man', '-l', '--warnings', page, env={**os.environ, 'MANPAGER': 'cat'}))

    def test_desktop_file(self):
        if not self.has_window:
            self.skipTest('configured without GTK')
        if not shutil.which('desktop-file-validate'):
            self.skipTest('desktop-file-validate is not installed')
        for path in (self.share / 'applications').glob('*.desktop'):
            self.assertEqual(output_of('desktop-file-validate', path), '')

    def test_metainfo(self):
        if not self.has_window:
            self.skipTest('configured without GTK')
        if not shutil.which('appstreamcli'):
            self.skipTest('appstreamcli is not installed')
        for path in (self.share / 'metainfo').glob('*.xml'):
            output_of('appstreamcli', 'validate', '--no-net', path)

    def test_schema_compiles(self):
        if not self.has_window:
            self.skipTest('configured without GTK')
        with tempfile.TemporaryDirectory() as folder:
            output_of('glib-compile-schemas', '--strict', f'--targetdir={folder}', self.share / 'glib-2.0' / 'schemas')


if __name__ == '__main__':
    unittest.main()
