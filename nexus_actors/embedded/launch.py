"""Turns itself into a server that ends when its parent ends. Run as a file, never imported by product code.

Python's own hooks between fork and exec (`preexec_fn`) are unsafe in a process with threads; a program of its own is not.

Usage: launch.py PARENT_PID SIGNAL UID:GID|- PROGRAM [ARGUMENT...]
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main(arguments: list[str]) -> None:
    """Drop to the given account, ask for SIGNAL when the parent dies, and become PROGRAM."""
    parent, death_signal, account = int(arguments[0]), int(arguments[1]), arguments[2]
    if account != "-":
        uid, gid = (int(part) for part in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After the change of account, which would clear it. Elsewhere the next start ends what is left over.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            sys.exit("The process that started this server is gone already.")
    program = arguments[3:]
    try:
        os.execv(program[0], program)  # noqa: S606 - a program of ours, no shell
    except OSError as error:
        sys.exit(f"Cannot run {program[0]}: {error.strerror}.")


if __name__ == "__main__":
    main(sys.argv[1:])
