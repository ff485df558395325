"""What one visitor wants of one panel of the page: only the latest call is answered."""

from dataclasses import dataclass, field
from threading import Lock

from tinygpt.ui.services.session import StopSignal

SUPERSEDED = "superseded"  # the reason why a text ends when a later call has come

_LOCK = Lock()  # one for all: it is held for an instant, and visitors' states are copied


@dataclass
class LatestCall:
    """The latest call of a visitor, by the number that the browser gave it, and the signal that ends its text.

    Calls may reach the server in another order than they were made in; their numbers grow.
    """

    _number: int = 0
    _signal: StopSignal = field(default_factory=StopSignal)

    def begin(self, number: object) -> StopSignal:
        """End the text of the call before, and return a signal for that of a new one.

        For a call that is older than the latest one, or has no number, the signal has ended its text already.
        """
        signal = StopSignal()
        with _LOCK:
            if type(number) is int and number > self._number:
                self._signal.reason = SUPERSEDED
                self._number, self._signal = number, signal
            else:
                signal.reason = SUPERSEDED
        return signal

    def is_latest(self, signal: StopSignal) -> bool:
        """Whether no later call has come since `begin` returned this signal."""
        return signal is self._signal

    def stop(self) -> None:
        """End the text that is being written."""
        self._signal.stop()
