"""Running out of memory: the program may use 64 MiB more than it has, and wants all there is.

    python3 memory_limit.py [MEBIBYTES]

Nobody catches the MemoryError.  Under Refscope the program is held before it
dies of it, while the frames and what they hold are still there.
"""
import resource
import sys

try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print


def limit_memory(mebibytes):
    """Let the address space grow by so much and no further."""
    with open('/proc/self/statm') as statm:
        now = int(statm.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + mebibytes * 1024 * 1024, hard))


def hoard():
    pages = []
    while True:
        pages.append(b'.' * (4 * 1024 * 1024))


limit_memory(int(sys.argv[1]) if len(sys.argv) > 1 else 64)
mark('limited')
hoard()
