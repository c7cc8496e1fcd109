"""The environment in which the programs speak Chinese."""
import functools
import os
import subprocess
import unittest


@functools.lru_cache(maxsize=None)
def locale():
    """C.UTF-8, where LANGUAGE counts there; else another UTF-8 locale, or None.

    From glibc 2.41 on C.UTF-8 is never translated, as C is not.
    """
    try:
        version = tuple(map(int, os.confstr('CS_GNU_LIBC_VERSION').split()[1].split('.')[:2]))
    except (ValueError, AttributeError, IndexError):
        version = 0, 0  # not glibc
    if version < (2, 41):
        return 'C.UTF-8'
    names = subprocess.run(['locale', '-a'], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    found = [name for name in names if name.lower().endswith(('.utf8', '.utf-8')) and not name.startswith(('C.', 'POSIX'))]
    return found[0] if found else None


def environment():
    """To be added to os.environ; skips the test where there is no such locale."""
    if locale() is None:
        raise unittest.SkipTest('glibc translates nothing in C.UTF-8 from 2.41 on, and there is no other UTF-8 locale')
    return {'LC_ALL': locale(), 'LANGUAGE': 'zh_CN'}
