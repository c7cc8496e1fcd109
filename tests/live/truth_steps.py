"""The steps that `refscope-cli step --json` prints, compared with a real collection."""
import json

# The classes of truth_program.py whose finalizers say that they ran.
TELLING = {'Finalized', 'Resurrecting', 'ResurrectingOthers', 'Making'}


def hexadecimal(numbers):
    return ' '.join(sorted(map(hex, numbers))) or 'none'


def split(numbers, end):
    """The runs of them that stand before each end."""
    run = []
    for number in numbers:
        if number == end:
            yield run
            run = []
        else:
            run.append(number)


class Steps:
    """Where the steps leave each object before anything is cleared: the collector's lists, in their order.

    A dictionary is such a list: what is moved is taken out, and put to the end.
    """

    def __init__(self, lines):
        self.young, self.unreachable, self.legacy, self.untracked, self.immortal = {}, {}, {}, {}, {}
        self.told, self.finalized, self.callbacks, self.cleared = {}, {}, [], set()
        self.cleared_before = {}
        for line in lines:
            step = json.loads(line)
            if step['phase'] == 'clear':
                break
            if step['phase'] == 'resurrection':
                continue
            do = getattr(self, 'do_' + step['action'], None)
            if do:
                do(int(step['object']['address'], 16), step['object']['type'])

    def do_set_refs(self, address, _):
        self.young[address] = True

    def do_immortal(self, address, _):
        self.young.pop(address, None)
        self.immortal[address] = True

    do_untrack_immortal = do_immortal

    def do_set_aside(self, address, _):
        self.unreachable[address] = self.young.pop(address)

    def do_rescue(self, address, _):
        self.young[address] = self.unreachable.pop(address)

    def do_untrack(self, address, _):
        self.untracked[address] = self.young.pop(address)

    def do_legacy(self, address, _):
        self.legacy[address] = self.unreachable.pop(address)

    do_legacy_reached = do_legacy

    def do_finalize(self, address, name):
        self.finalized[address] = name
        self.cleared_before[address] = set(self.cleared)

    def do_callback(self, address, _):
        self.callbacks.append(address)

    def do_told(self, address, _):
        for one in self.young, self.legacy, self.untracked, self.immortal:
            one.pop(address, None)
        self.young[address] = self.told[address] = True

    def do_clear_weakref(self, address, _):
        self.cleared.add(address)

    def differences(self, real, generation):
        """What of the steps was not so."""
        found = []
        facts = real.facts
        promoted_to = min(generation + 1, 2)
        young = set().union(*real.before[:generation + 1])
        after = set().union(*real.after)
        references = {reference for reference, _ in facts['referents']}
        # That these go with their referent is a callback's work.
        gone = {reference for reference, referent in facts['referents'] if referent in real.collectable} - after

        def expect(what, ours, theirs):
            if ours != theirs:
                found.append(f'{what}: only in the steps {hexadecimal(set(ours) - set(theirs))},'
                             f' only real {hexadecimal(set(theirs) - set(ours))}, or in another order')

        expect('steps: unreachable, in order', list(self.unreachable), real.printed['collectable'])
        # The interpreter has some of its own.
        expect('steps: immortal', set(self.immortal) - after, set(self.immortal) | set(facts['immortal']) & young)
        if not set(self.young) - set(self.told) <= young:
            found.append(f'steps: examined, but not in these generations: {hexadecimal(set(self.young) - young)}')

        if facts['quiet']:
            expect('steps: uncollectable, in order', list(self.legacy), real.printed['uncollectable'])
            expect('steps: untracked', set(self.untracked), (set(self.young) | set(self.untracked)) - after - gone)
            # In which order an object has its weak references a heap does not say: it is told by their ages, which an
            # earlier collection that moved one of them hides.
            referents = {reference: referent for reference, referent in facts['referents'] if reference in self.told}
            expect('steps: survivors, in order', [referents.get(a, a) for a in self.young if a not in gone],
                   [referents.get(a, a) for a in real.after_in_order[promoted_to] if a in self.young])
            expect('steps: weak references that were cleared', self.cleared & references & after, set(facts['dead']) & references)
            expect('steps: callbacks', set(self.callbacks) & set(facts['telling']), set(facts['called']) & set(facts['telling']))
        else:
            telling = {address for address, name in self.finalized.items() if name in TELLING}
            ran = set(facts['finalized'])
            expect('steps: finalizers', telling | ran & set(self.unreachable), ran & set(self.finalized))
            for address, *references in split(facts['not_cleared'], 0):
                if address in self.finalized:
                    ours = {reference for reference, referent in facts['referents'] if referent == address} - self.cleared_before[address]
                    expect('steps: weak references that a finalizer still finds', ours, set(references))
        return found
