"""The weights that the page can write with: those it was started with, and those that were trained on it."""

from pathlib import Path

from tinygpt.ui.session import Session

OWN = "own"  # the name of the weights that the page was started with


class Shelf:
    """Sessions by name. All visitors share it; which of them one has chosen is that visitor's own."""

    def __init__(self, own: Session):
        self._sessions = {OWN: own}

    def __len__(self) -> int:
        return len(self._sessions)

    def __contains__(self, name: object) -> bool:
        return name in self._sessions

    def __getitem__(self, name: object) -> Session:
        """The session of that name. Raises ValueError where there is none."""
        if not isinstance(name, str) or name not in self._sessions:
            raise ValueError(f"there are no weights called {name!r:.80} here: choose others in the menu")
        return self._sessions[name]

    def add(self, name: str, folder: Path) -> None:
        """Put the checkpoint of a folder under a name. Raises what Session raises."""
        assert name not in self._sessions, f"{name} is taken"
        self._sessions[name] = self[OWN].beside(folder)

    def name_of(self, weights_sha256: str) -> str | None:
        """Under which name these weights are here, None where they are not."""
        there = list(self._sessions.items())  # another thread may add to them
        return next((name for name, session in there if session.facts["weights_sha256"] == weights_sha256), None)

    def of(self, weights_sha256: str) -> Session:
        """The session of these weights. Raises ValueError where they are not here."""
        return self[self.name_of(weights_sha256)]

    def choices(self) -> list[tuple[str, str]]:
        """For a menu: what a person reads, and the name."""
        return [(_label(name, session), name) for name, session in list(self._sessions.items())]


def _label(name: str, session: Session) -> str:
    preset, loss = session.facts.get("preset"), session.facts.get("validation_loss")
    about = ", ".join(part for part in (preset, loss is not None and f"{loss:.3f} nats") if part)
    named = "the page’s own" if name == OWN else name
    return f"{named} ({about})" if about else named
