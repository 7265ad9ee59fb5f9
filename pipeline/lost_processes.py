"""Why the process of a task is gone that could not say so itself, in a sentence that a person can act on."""

from __future__ import annotations

import signal

# Signals that the processor, or a library that gives up, sends to the process itself.
CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT}


def why_it_died(exit_code: int) -> str:
    """Why a process died, by its exit status; minus the signal where one ended it, as `multiprocessing` has it."""
    if exit_code > 0:
        return f"its process ended with status {exit_code} and gave no reason; what it printed stands above"
    number, name = -exit_code, _name(-exit_code)
    if number == signal.SIGKILL:
        return (
            f"its process was killed ({name}), most likely because the machine ran out of memory (`dmesg` tells):"
            " lower [execution] workers, or let less else run beside it; the same command goes on"
        )
    if number in CRASHES:
        return (
            f"its process crashed ({name}) in a library: run the same command again; where it crashes again, see"
            " whether it does without the videos it works on, and install the packages of constraints.txt anew"
        )
    return f"its process was ended from outside ({name}), by a person or a batch system; the same command goes on"


def why_it_was_ended(seconds: float) -> str:
    """Why Luigi ended a process that took longer than it may."""
    return f"it took longer than {seconds:g} s and was ended: raise [worker] timeout, or lower [execution] workers"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
