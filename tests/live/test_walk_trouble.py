"""What goes wrong in the child that walks ends the capture with a sentence, never the program."""
from target import FAILED, Case, Error, Target, each_python

BROKEN = '''
    import ctypes
    import gc
    import refscope
    gc.disable()
    class Broken:
        pass
    kept = Broken()
    # tp_traverse leads nowhere: a type of a bad extension module.
    slot = ctypes.c_uint64.from_address(id(Broken) + 184)
    good = slot.value
    slot.value = 16
    refscope.mark('broken')
    slot.value = good
    refscope.mark('mended')
    gc.collect()
    print('unharmed')
'''

SMALL_FILES = '''
    import resource
    import refscope
    kept = [[i] for i in range(1000)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    refscope.mark('limited')
    print('unharmed')
'''


class Trouble(Case):
    def finish_unharmed(self, target):
        code, out, err = target.finish()
        self.assertEqual((code, out, err), (0, b'unharmed\n', b''))

    @each_python
    def test_fault_names_the_type(self, python):
        with Target(python, self.script(BROKEN), hold=True) as target:
            target.wait_held(hint='broken')
            with self.assertRaises(Error) as caught:
                target.ask('capture')
            self.assertEqual(caught.exception.code, FAILED)
            self.assertRegex(str(caught.exception), "SIGSEGV while it read an object of the type 'Broken'")
            target.ask('continue')
            target.wait_held(hint='mended')
            target.ask('capture')
            target.ask('continue')
            self.finish_unharmed(target)

    @each_python
    def test_own_limit_on_files_does_not_matter(self, python):
        """The soft limit is the program's own: the child may go up to the hard one."""
        with Target(python, self.script(SMALL_FILES), hold=True) as target:
            target.wait_held(hint='limited')
            target.ask('capture')
            target.ask('continue')
            self.finish_unharmed(target)
