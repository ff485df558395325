"""The weights that the page can write with: those it was started with, and those trained on it."""

import math
from collections import OrderedDict
from pathlib import Path

from tinygpt.data.download import learned_default_text
from tinygpt.page.masthead import number_of_letters
from tinygpt.ui.services.session import Session

MAIN = "main"  # the name of the weights that the page was started with
_MAX_GONE = 200  # weights that are gone of which it is known why


class Registry:
    """Sessions by name, shared by all visitors. Which one a visitor has chosen is kept with that visitor's page.

    A session that is removed or replaced goes on writing the texts that were begun with it.
    """

    def __init__(self, main: Session):
        self._sessions = {MAIN: main}
        self._titles: dict[str, str] = {}  # what people call the weights, by name
        self._gone: OrderedDict[str, str] = OrderedDict()  # why weights are gone, by their name or their sha256

    def __len__(self) -> int:
        return len(self._sessions)

    def __contains__(self, name: object) -> bool:
        """Whether weights have this name, or had it until they were deleted: it is not given to others."""
        return name in self._sessions or name in self._gone

    def __getitem__(self, name: object) -> Session:
        """The session with this name. Raises ValueError if there is none."""
        if (session := self.get(name)) is None:
            gone = self._gone.get(name) if isinstance(name, str) else None
            raise ValueError(f"{gone or f'there are no weights called {name!r:.80} here'}: choose others in the menu")
        return session

    def get(self, name: object) -> Session | None:
        """The session with this name, or None."""
        return self._sessions.get(name) if isinstance(name, str) else None

    def add(self, name: str, folder: Path, *, title: str = "", run: Path | None = None) -> None:
        """Add the checkpoint in a folder, on the same device; it takes the place of the one that has this name.

        `title` is what people call it, by default its name; `run` the folder of its run (see Session). Raises as
        Session does, and then nothing has changed.
        """
        session = Session(folder, self[MAIN].device, run)
        if (before := self._sessions.get(name)) and before.facts["weights_sha256"] != session.facts["weights_sha256"]:
            self._note_gone(
                before, f"the weights that wrote this text were trained further, as {quoted(title or name)}"
            )
        self._sessions[name], self._titles[name] = session, title or name

    def rename(self, name: str, title: str) -> None:
        """Let people call weights by another title."""
        self._titles[name] = title

    def remove(self, name: str, fate: str = "were deleted") -> None:
        """Remove weights, if they are there; whoever asks for them is told what has become of them, their `fate`."""
        session, title = self._sessions.pop(name, None), self._titles.pop(name, name)
        if session:
            self._note_gone(session, f"the weights {quoted(title)} {fate}", name)

    def title(self, name: str) -> str:
        """What people call the weights with this name."""
        return main_title(self[MAIN]) if name == MAIN else self._titles.get(name, name)

    def name_of(self, weights_sha256: str) -> str | None:
        """The name of the weights whose sha256 begins with these digits; None if there are none."""
        sessions = list(self._sessions.items())  # a copy: another thread may add to them
        return next(
            (name for name, session in sessions if session.facts["weights_sha256"].startswith(weights_sha256)), None
        )

    def of(self, weights_sha256: str) -> Session:
        """The session of the weights whose sha256 begins with these digits. Raises ValueError if there is none."""
        if (name := self.name_of(weights_sha256)) is None:
            gone = next((why for sha256, why in list(self._gone.items()) if sha256.startswith(weights_sha256)), None)
            raise ValueError(
                f"{gone or 'the weights that wrote this text are no longer here'}: write it anew with others"
            )
        return self[name]

    def choices(self) -> list[tuple[str, str]]:
        """The choices of a menu: (label, name) of each session."""
        return [(_label(name, self.title(name), session), name) for name, session in list(self._sessions.items())]

    def _note_gone(self, session: Session, why: str, *names: str) -> None:
        self._gone |= dict.fromkeys((session.facts["weights_sha256"], *names), why)
        while len(self._gone) > _MAX_GONE:
            self._gone.popitem(last=False)


def main_title(session: Session) -> str:
    """What the weights that the page was started with are called."""
    return "Shakespeare (built in)" if learned_default_text(session.facts) else "Built-in weights"


def quoted(title: str) -> str:
    """A title within a sentence."""
    return f"“{title}”"


def _label(name: str, title: str, session: Session) -> str:
    loss = session.facts.get("validation_loss")
    if name == MAIN or loss is None:
        return title
    # No worse than choosing among all characters blindly.
    letters = number_of_letters(min(loss, math.log(session.tokenizer.vocab_size)))
    return f"{title} (unsure among {letters} letters)" if letters else f"{title} (nearly always sure)"
