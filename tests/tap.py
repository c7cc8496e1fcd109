"""Runs a unittest module and reports by the Test Anything Protocol.

    python3 tests/tap.py tests/live/test_x.py [NAME...]

Meson then counts each test, and why one was skipped stays visible.  What the
tests print goes to standard error.
"""
import importlib.util
import os
import sys
import traceback
import unittest


class TapResult(unittest.TestResult):
    """One line a test; a test whose subtests failed is one failure."""

    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.count = 0
        self.outcome = None

    def say(self, text):
        self.stream.write(text + '\n')
        self.stream.flush()

    def startTest(self, test):
        super().startTest(test)
        self.outcome = 'ok', ''

    def stopTest(self, test):
        super().stopTest(test)
        word, directive = self.outcome
        self.count += 1
        self.say(f'{word} {self.count} - {test.id()}{directive}')

    def diagnose(self, test, error):
        for line in ''.join(traceback.format_exception(*error)).splitlines():
            self.say('# ' + line)

    def fail(self, test, error):
        self.outcome = 'not ok', ''
        self.diagnose(test, error)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.fail(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        if isinstance(test, unittest.TestCase):
            self.fail(test, err)
        else:  # setUpClass or setUpModule: no test was started for it
            self.count += 1
            self.diagnose(test, err)
            self.say(f'not ok {self.count} - {test}')

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.say(f'# {subtest}')
            self.fail(test, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        directive = ' # SKIP ' + ' '.join(reason.split())
        if not isinstance(test, unittest.TestCase):
            self.count += 1
            self.say(f'ok {self.count} - {test}{directive}')
        elif self.outcome[0] == 'ok':  # a subtest's skip does not hide a failure
            self.outcome = 'ok', directive

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.outcome = 'not ok', ' # TODO expected to fail'

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.outcome = 'ok', ' # TODO expected to fail'


def main():
    path, names = sys.argv[1], sys.argv[2:]
    # The protocol has standard output for itself, also from what tests start.
    stream = os.fdopen(os.dup(1), 'w', encoding='utf-8')
    os.dup2(2, 1)

    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # What failed elsewhere, or once, has to say all at once.
    unittest.TestCase.maxDiff = None
    loader = unittest.TestLoader()
    try:
        spec.loader.exec_module(module)
    except unittest.SkipTest as skip:
        stream.write(f'1..0 # SKIP {skip}\n')
        return 0
    suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)

    result = TapResult(stream)
    suite.run(result)
    if result.count:
        result.say(f'1..{result.count}')
    else:
        result.say('Bail out! no test was found')
    return 0 if result.wasSuccessful() and result.count else 1


if __name__ == '__main__':
    sys.exit(main())
