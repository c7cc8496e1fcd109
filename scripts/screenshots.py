#!/usr/bin/env python3
"""Makes the pictures of README and guide, from the real program.

    tests/gui/run.sh python3 scripts/screenshots.py FOLDER

RSC_BUILD_ROOT and the other variables of HACKING.md say what is pictured; in
`meson devenv` they are set.  Nothing on the pictures is canned: the lessons'
programs run, and are held, captured and collected.
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tests' / 'gui'))
from driver import Window, wait_for  # noqa: E402

DARK = {'ADW_DEBUG_COLOR_SCHEME': 'prefer-dark'}
CONTRAST = {'ADW_DEBUG_HIGH_CONTRAST': '1'}


def lesson(name, status, size=(1180, 760), **options):
    window = Window(**options)
    window.settle()
    window.activate(f"win.lesson('{name}')")
    window.resize(*size)
    window.wait_for_status(status)
    window.activate('page.fit')
    window.settle()
    return window


def start(folder):
    window = Window()
    window.settle()
    window.screenshot(str(folder / 'start.png'))
    window.stop()


def leak(folder, name, **options):
    window = lesson('demo', 'most have left', **options)
    window.screenshot(str(folder / f'{name}.png'))
    window.stop()


def collected(folder, name, **options):
    window = lesson('two-lists', 'finished', **options)
    captures = window.facts()['captures']
    window.activate('page.collect(uint32 2)')
    window.wait_for_captures(captures + 1)
    window.activate('page.fit')
    window.settle()
    window.screenshot(str(folder / f'{name}.png'))
    window.stop()


def cycles(folder, name, **options):
    window = lesson('show-refs', 'hold each other', **options)
    window.activate('page.cycles')
    window.sees('garbage')
    window.settle()
    window.screenshot(str(folder / f'{name}.png'))
    window.stop()


def memory(folder, name, **options):
    window = lesson('memory-global', 'finished', **options)
    window.activate('page.collector')
    wait_for('samples', lambda: any('USS' in text for text in window.texts()))
    window.settle()
    window.screenshot(str(folder / f'{name}.png'))
    window.stop()


def main():
    folder = pathlib.Path(sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    start(folder)
    leak(folder, 'leak')
    leak(folder, 'leak-dark', env=DARK)
    leak(folder, 'leak-contrast', env=CONTRAST)
    leak(folder, 'leak-narrow', size=(360, 720))
    collected(folder, 'collected')
    cycles(folder, 'cycles')
    memory(folder, 'memory')


if __name__ == '__main__':
    main()
