"""What a run in a terminal is told by signals, and what it can still print when nobody reads it any more."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tinygpt.system.pipes import lead_to_nowhere
from tinygpt.training import distributed
from tinygpt.training.trainer import Trainer

# Ctrl-C, a host that shuts down, a terminal that is closed, and Ctrl-Break. Windows lacks SIGHUP, all others SIGBREAK.
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
_STOPPING = b"\nFinishing this step, then saving. Press Ctrl-C again to stop at once.\n"


@contextmanager
def stop_on_signals(trainer: Trainer) -> Iterator[None]:
    """Within the block, let a signal that would end the process stop the run after its step.

    A signal that is ignored stays ignored, so that nohup has its way.
    """

    def finish_step(number: int, _: object) -> None:
        if number == signal.SIGINT:
            if distributed.rank() == 0:
                with suppress(OSError):  # no print: the signal may have interrupted one
                    os.write(2, _STOPPING)
            signal.signal(signal.SIGINT, before[signal.SIGINT])
        trainer.stop()

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    before = {number: handler for number, handler in before.items() if handler != signal.SIG_IGN}
    for number in before:
        signal.signal(number, finish_step)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(text: str) -> None:
    """Print a line at once, with "?" for characters that the console lacks.

    If nothing reads standard output any more, the line goes to standard error.
    """
    encoding = sys.stdout.encoding or "utf-8"
    printable = text.encode(encoding, "replace").decode(encoding)
    try:
        print(printable, flush=True)
    except OSError:
        leave_closed_streams()
        print(printable, flush=True)


def leave_closed_streams() -> None:
    """Let a standard stream that nothing reads any more, as in `tinygpt train | head`, lead to nowhere.

    If it is standard output, standard error takes its place.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            print(file=stream, flush=True)
        except OSError:
            lead_to_nowhere(stream)
            if stream is sys.stdout:
                sys.stdout = sys.stderr
