"""Sums up what meson's tests said: "N passed, N failed, N skipped".

    python3 tally.py LABEL=TESTLOG.json... [STAGE:ok|failed...]

A test that speaks the Test Anything Protocol counts with each of its subtests,
another one as one.  A stage is a step of scripts/test that has no log.  Says
why what was skipped was skipped, and what failed.
"""
import json
import re
import sys

LINE = re.compile(r'^(?P<word>ok|not ok)\b\s*(?P<number>\d*)\s*(?:- )?(?P<name>[^#]*?)\s*(?:# *(?P<directive>\w+)\s*(?P<why>.*))?$',
                  re.IGNORECASE)
PLAN = re.compile(r'^1\.\.0\s*(?:# *skip\S*\s*(?P<why>.*))?$', re.IGNORECASE)


# So many lines of what a test said before it failed stand in the summary.
LAST_WORDS = 60


def subtests(stdout):
    """The (outcome, name, why) of each TAP line; nothing if it is no TAP.

    What failed is explained by the comments before it.
    """
    lines = stdout.splitlines()
    if not any(re.match(r'^1\.\.\d+|^TAP version', line) for line in lines):
        return
    words = []
    for line in lines:
        if line.startswith('#'):
            words.append(line[1:].rstrip())
            continue
        plan = PLAN.match(line)
        if plan:
            yield 'skipped', '', plan['why'] or 'no reason given'
        found = LINE.match(line)
        if not found:
            continue
        directive = (found['directive'] or '').upper()
        if directive == 'SKIP':
            yield 'skipped', found['name'], found['why'] or 'no reason given'
        elif directive == 'TODO':
            yield ('passed' if found['word'].lower() == 'not ok' else 'failed'), found['name'], 'expected to fail'
        elif found['word'].lower() == 'ok':
            yield 'passed', found['name'], ''
        else:
            yield 'failed', found['name'], last_words(words)
        words = []


def last_words(lines):
    return ''.join('\n      ' + line for line in lines[-LAST_WORDS:])


def outcomes(test):
    """The same for a whole test of the log."""
    found = list(subtests(test.get('stdout') or ''))
    good = test['result'] in ('OK', 'EXPECTEDFAIL')
    said = last_words((test.get('stderr') or '').rstrip().splitlines())
    if test['result'] == 'SKIP' and not found:
        last = ((test.get('stdout') or '') + (test.get('stderr') or '')).strip().splitlines()[-1:]
        found = [('skipped', '', last[0] if last else 'no reason given')]
    elif not found:
        found = [('passed', '', '')] if good else [('failed', '', test['result'] + said)]
    elif not good and test['result'] != 'SKIP' and all(outcome != 'failed' for outcome, _, _ in found):
        # It died after its last line, or was stopped.
        found.append(('failed', '', f"{test['result']}, exit status {test.get('returncode')}{said}"))
    return found


def main(arguments):
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    notes = {'failed': [], 'skipped': []}
    for argument in arguments:
        label, is_log, path = argument.partition('=')
        if not is_log:
            stage, _, outcome = argument.rpartition(':')
            outcome = 'passed' if outcome == 'ok' else 'failed'
            counts[outcome] += 1
            if outcome == 'failed':
                notes['failed'].append(stage)
            continue
        with open(path, encoding='utf-8', errors='replace') as log:
            tests = [json.loads(line) for line in log if line.strip()]
        for test in tests:
            for outcome, name, why in outcomes(test):
                counts[outcome] += 1
                if outcome != 'passed':
                    where = ' '.join(filter(None, (label + ':', test['name'].rpartition(' / ')[2], name)))
                    separator = '' if not why else ':' if why.startswith('\n') else ': '
                    notes[outcome].append(where + separator + why)
    for outcome, title in ('skipped', 'Skipped:'), ('failed', 'Failed:'):
        if notes[outcome]:
            print('\n' + title)
            for note in notes[outcome]:
                print('  ' + note)
    print('\n{passed} passed, {failed} failed, {skipped} skipped'.format(**counts))
    return 1 if counts['failed'] or not counts['passed'] else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
