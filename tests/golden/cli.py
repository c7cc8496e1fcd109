"""What the tests of refscope-cli share."""
import os
import pathlib
import subprocess

CLI = os.environ.get('RSC_CLI')
HERE = pathlib.Path(__file__).resolve().parent
HEAPS = HERE / 'heaps'

# The contract's exit statuses.
DONE, CONDITION, USAGE, MALFORMED, UNCAPTURED, CANCELLED = range(6)

# No command may take longer on what the tests give it.
TIME_LIMIT = 60


def run(*args, cwd=None, text=True, **kwargs):
    """Runs refscope-cli; its result has returncode, stdout and stderr."""
    kwargs.setdefault('stdin', subprocess.DEVNULL)
    kwargs.setdefault('timeout', TIME_LIMIT)
    return subprocess.run([CLI, *args], cwd=cwd, stdout=kwargs.pop('stdout', subprocess.PIPE),
                          stderr=kwargs.pop('stderr', subprocess.PIPE), text=text, **kwargs)
