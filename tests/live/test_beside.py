"""What the program's own threads do at the same time as the agent: with its descriptors, its collector, its pending calls."""
import os
import unittest

import interpreters
from running import SYSTEM_PYTHON, Program, attach
from test_attach import cli, is_supported

PYTHONS = [SYSTEM_PYTHON, *(path for path, version in interpreters.find() if path != SYSTEM_PYTHON and version >= (3, 12))][:2]


class Descriptors(unittest.TestCase):
    # It has many descriptors, which take some time to close.
    COPIES = """
        import errno, fcntl, os, resource, socket, subprocess, tempfile
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        many = [os.dup(1) for _ in range(min(most - 200, 20000))]
        folder = tempfile.TemporaryDirectory()
        path = folder.name + '/file'
        code = open('/bin/true', 'rb').read()
        def lock():
            file = os.open(path, os.O_RDWR | os.O_CREAT)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(file)
        def listen():
            global port
            s = socket.socket()
            s.bind(('127.0.0.1', port))
            s.listen()
            port = s.getsockname()[1]
            s.close()
        def end_of_file():
            ours, theirs = os.pipe()
            os.set_blocking(ours, False)
            os.close(theirs)
            assert os.read(ours, 1) == b''
            os.close(ours)
        def execute():
            with open(path + '.exe', 'wb') as file:
                file.write(code)
            os.chmod(path + '.exe', 0o755)
            subprocess.run([path + '.exe'], check=True)
        port, what, failed = 0, {}, []
        what[''] = lock, listen, end_of_file, execute
        ready()
        while not ended:
            for function in what['']:
                for _ in range(100 if function is not execute else 1):
                    try:
                        function()
                    except OSError as error:
                        failed.append(function.__name__ + ': ' + errno.errorcode[error.errno])
        folder.cleanup()
        assert failed == [], failed
        """

    def test_copies(self):
        """A capture's child has closed its copies of them before the program goes on."""
        for python in PYTHONS:
            with self.subTest(python=python), Program(self.COPIES, python) as program:
                # Where it makes a process, it may be found at a point where nothing is to be done.
                self.assertGreater(sum(attach(program.pid).returncode == 0 for _ in range(30)), 20)
                self.assertEqual(program.end(), (0, 'well\n', ''))


if __name__ == '__main__':
    unittest.main()
