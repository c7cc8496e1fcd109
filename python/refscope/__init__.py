"""Marks in a Python program, for Refscope.

    import refscope

    refscope.mark("after a was created")

In a program that Refscope launched, a mark tells Refscope where the program has come to; it returns when
Refscope lets the program go on.  In any other program it does nothing.
"""

try:
    # Only in a program that Refscope launched: see src/agent/rsc-agent-module.c.
    from _refscope import is_connected, mark
except ImportError:

    def mark(hint=""):
        """Tell Refscope that the program has come here.  Refscope does not listen: this does nothing."""

    def is_connected():
        """Whether Refscope listens."""
        return False


__all__ = ["is_connected", "mark"]
