#!/bin/sh
# Runs a command on a display and a session bus of its own.  Only what the
# command itself writes goes to standard output: the bus starts programs that
# write to theirs.
exec 3>&1 >&2
exec xvfb-run -a -s '-screen 0 3840x2160x24 -dpi 96' dbus-run-session -- sh -c 'exec "$@" >&3 3>&-' sh "$@"
