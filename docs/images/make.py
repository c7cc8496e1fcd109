"""Makes the pictures of the README and the guide: the real program, on a display of its own.

    meson devenv -C BUILD tests/gui/run.sh python3 docs/images/make.py
"""
import os
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'gui'))
from driver import Window, wait_for  # noqa: E402

HERE = pathlib.Path(__file__).parent


def lesson(name, status, size=(1320, 860), env=None):
    window = Window(env=env)
    window.resize(*size)
    window.activate(f"win.lesson('{name}')")
    if status:
        window.wait_for_status(status)
    wait_for('the graph', window.graph)
    window.settle()
    return window


def picture(window, name, *actions):
    for action in actions:
        window.activate(action)
        window.settle()
    time.sleep(1)  # panels slide in
    window.screenshot(str(HERE / name))
    print(name, window.stop())


def main():
    os.environ['RSC_EXAMPLES'] = str(ROOT / 'data' / 'examples')
    picture(lesson('demo', 'most have left'), 'window.png', 'page.output', 'page.deeper', 'page.deeper', 'page.fit')

    window = lesson('two-lists', 'finished')
    before = window.facts()['captures']
    window.activate('page.collect(uint32 2)')
    wait_for('the collection', lambda: window.facts()['captures'] > before)
    picture(window, 'collected.png', 'page.fit')

    picture(lesson('reachability-graph', None), 'reachability.png', 'page.fit')
    picture(lesson('show-refs', 'a and b', env={'LANGUAGE': 'zh_CN'}), 'chinese.png', 'page.cycles', 'page.fit')


if __name__ == '__main__':
    main()
