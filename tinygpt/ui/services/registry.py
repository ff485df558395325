"""The weights that the page can write with: those it was started with, and those trained on it."""

from pathlib import Path

from tinygpt.ui.services.session import Session

MAIN = "main"  # the name of the weights that the page was started with


class Registry:
    """Sessions by name, shared by all visitors. Which one a visitor has chosen is kept with that visitor's page."""

    def __init__(self, main: Session):
        self._sessions = {MAIN: main}

    def __len__(self) -> int:
        return len(self._sessions)

    def __contains__(self, name: object) -> bool:
        return name in self._sessions

    def __getitem__(self, name: object) -> Session:
        """The session with this name. Raises ValueError if there is none."""
        if not isinstance(name, str) or name not in self._sessions:
            raise ValueError(f"there are no weights called {name!r:.80} here: choose others in the menu")
        return self._sessions[name]

    def add(self, name: str, folder: Path) -> None:
        """Add the checkpoint in a folder under a new name, on the same device. Raises as Session does."""
        assert name not in self._sessions, f"{name} is taken"
        self._sessions[name] = Session(folder, self[MAIN].device)

    def name_of(self, weights_sha256: str) -> str | None:
        """The name of the weights whose sha256 begins with these digits; None if there are none."""
        sessions = list(self._sessions.items())  # a copy: another thread may add to them
        return next(
            (name for name, session in sessions if session.facts["weights_sha256"].startswith(weights_sha256)), None
        )

    def of(self, weights_sha256: str) -> Session:
        """The session of the weights whose sha256 begins with these digits. Raises ValueError if there is none."""
        return self[self.name_of(weights_sha256)]

    def choices(self) -> list[tuple[str, str]]:
        """The choices of a menu: (label, name) of each session."""
        return [(_label(name, session), name) for name, session in list(self._sessions.items())]


def _label(name: str, session: Session) -> str:
    preset, loss = session.facts.get("preset"), session.facts.get("validation_loss")
    details = ", ".join(part for part in (preset, loss is not None and f"{loss:.3f} nats") if part)
    title = "the page’s weights" if name == MAIN else name
    return f"{title} ({details})" if details else title
