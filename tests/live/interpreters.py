"""The CPython interpreters that the live tests run against."""
import functools
import os
import pathlib
import subprocess

OLDEST = 3, 10


@functools.lru_cache(maxsize=None)
def version_of(path):
    """(3, 11, 2), or None if it does not run or is no CPython."""
    try:
        answer = subprocess.run(
            [path, '-I', '-S', '-c',
             'import sys; print(sys.implementation.name, *sys.version_info[:3], hasattr(sys, "_is_gil_enabled")'
             ' and not sys._is_gil_enabled())'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60,
            check=True).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return None
    if len(answer) != 5 or answer[0] != 'cpython' or answer[4] == 'True':
        return None
    return tuple(map(int, answer[1:4]))


def collects_in_generations(version):
    """3.14 was released with a collector that works in increments."""
    return not (3, 14) <= version < (3, 14, 5)


def pyenv(pattern):
    """pyenv's interpreters; none of a folder that is another user's."""
    folder = pathlib.Path(os.environ.get('PYENV_ROOT') or pathlib.Path.home() / '.pyenv')
    return sorted(map(str, folder.glob(f'versions/{pattern}/bin/python3'))) if os.access(folder, os.R_OK | os.X_OK) else []


@functools.lru_cache(maxsize=None)
def find():
    """[(path, version)]: those of RSC_TEST_PYTHONS (separated by colons), or the
    system's and pyenv's; each version once, oldest first."""
    if os.environ.get('RSC_TEST_PYTHONS'):
        candidates = os.environ['RSC_TEST_PYTHONS'].split(':')
    else:
        candidates = ['/usr/bin/python3', *pyenv('3.*')]
    found = {}
    for path in candidates:
        version = version_of(path)
        if version and version[:2] >= OLDEST:
            found.setdefault(version, path)
    return [(path, version) for version, path in sorted(found.items())]
