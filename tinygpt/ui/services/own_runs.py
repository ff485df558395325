"""The runs that were trained on the page: found again when it starts, called as people like, and deleted by them.

Each is a folder page-1, page-2, ... with its text. What visitors send only ever names runs that were found: no path is
made of it.
"""

import logging
import os
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Lock

from tinygpt.checkpoint.files import one_line, read_bytes
from tinygpt.checkpoint.reading import BEST, read_facts
from tinygpt.system.atomic import write_atomically
from tinygpt.system.os_errors import explained
from tinygpt.ui.services.registry import MAIN, Registry, quoted
from tinygpt.ui.services.session import Session

MAX_RUNS = 20
MAX_TITLE = 40  # characters
_TITLE = "title.txt"
_FOLDER = re.compile(r"page-([1-9][0-9]{0,8})")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OwnRun:
    """A run whose weights the page can write with."""

    name: str  # of its folder, and of its weights in the registry
    title: str
    folder: Path
    last: Session
    best: Session | None  # of the step with the lowest loss, where that is not the last one
    bytes: int  # that it takes on disk


class OwnRuns:
    """The runs in a folder, whose weights are in the registry. Whoever opens the page may rename and delete them."""

    def __init__(self, registry: Registry, home: Path):
        self.home, self._registry = home, registry
        self._folders: dict[str, Path] = {}  # by name
        self._in_training: set[str] = set()
        self._lock = Lock()

    def load(self) -> None:
        """Add the latest MAX_RUNS runs of the folder. Others, and damaged ones, are left out, and the log says so."""
        found = self._found()
        if len(found) > MAX_RUNS:
            _log.warning("Of the %d runs in %s, the latest %d are on the page", len(found), self.home, MAX_RUNS)
        for folder in found[-MAX_RUNS:]:
            try:
                self.add(folder)
            except (OSError, ValueError) as error:
                _log.warning("Leaving out %s: %s", folder, one_line(error))

    def add(self, folder: Path) -> None:
        """Add the weights of a run to the registry, or let them take the place of those that it published before.

        Raises as Session does, and ValueError for a folder with a link in it.
        """
        if link := _link_in(folder):
            raise ValueError(f"{link} is a link, which is not followed")
        name = folder.name
        title = self._titles().get(name, name)
        self._registry.add(name, folder, title=title)
        self._add_best(folder, title)
        with self._lock:
            self._folders[name] = folder
            self._entitle(name, self._read_title(folder))  # only now: it may have been renamed meanwhile

    def check_room(self) -> None:
        """Raise ValueError, with what to delete, where there are MAX_RUNS runs already."""
        if len(found := self._found()) >= MAX_RUNS:
            if listed := [folder for folder in found if folder.name in self._folders]:
                remedy = "below, delete weights that are no longer needed, such as the oldest, "
                remedy += quoted(self._registry.title(listed[0].name))
            else:
                remedy = f"delete folders there that are no longer needed, such as {found[0]}"
            problem = f"there are {len(found)} training runs in {self.home} already, and at most {MAX_RUNS} are kept"
            raise ValueError(f"{problem}: {remedy}")

    def create_folder(self) -> Path:
        """Create the folder page-N that follows the latest one, with a name that no deleted run had. Raises OSError."""
        self.home.mkdir(parents=True, exist_ok=True)
        for number in count(max(_numbers(self.home), default=0) + 1):
            folder = self.home / f"page-{number}"
            if folder.name not in self._registry:
                with suppress(FileExistsError):
                    folder.mkdir()
                    return folder
        raise AssertionError("unreachable: numbers do not end")

    def runs(self) -> list[OwnRun]:
        """The runs, the latest first."""
        found = []
        for name, folder in reversed(list(self._folders.items())):
            if last := self._registry.get(name):
                best = self._registry.get(best_name(name))
                found.append(OwnRun(name, self._registry.title(name), folder, last, best, _size(folder)))
        return found

    def folder(self, name: object) -> Path:
        """The folder of a run. Raises ValueError if there is none with this name."""
        self._registry[name]  # says what has become of it
        if name not in self._folders:
            raise ValueError(
                "only what was trained on this page can be renamed, deleted or trained further: choose from its list"
            )
        return self._folders[name]

    def rename(self, name: object, title: object) -> None:
        """Let a run be called by a title, also after a restart.

        Raises ValueError if there is no such run, or for a title that is too long or taken, and OSError.
        """
        with self._lock:
            folder = self.folder(name)
            title = _checked_title(title)
            if self._is_taken(title, folder.name):
                raise ValueError(f"other weights are called {quoted(title)} already: choose another name")
            with explained(f"the name could not be kept in {folder}", "make room there"):
                write_atomically(folder / _TITLE, title.encode())
            self._entitle(folder.name, title)

    def delete(self, name: object) -> None:
        """Delete a run with its weights, its snapshots and its text.

        Texts that are being written with them are finished. Raises ValueError if there is no such run, or while it is
        trained further, and OSError for files that cannot be deleted.
        """
        from tinygpt.training.run_folder import delete_run  # torch is slow to import, and writing does without it

        with self._lock:
            folder = self.folder(name)
            if name in self._in_training:
                title = quoted(self._registry.title(name))
                raise ValueError(f"{title} is being trained further just now: stop that training first")
            delete_run(folder)
            del self._folders[name]
        self._registry.remove(best_name(name))
        self._registry.remove(name)

    def hold(self, name: str) -> None:
        """Keep a run from being deleted until it is released. Raises ValueError if there is no such run."""
        with self._lock:
            self.folder(name)
            self._in_training.add(name)

    def release(self, name: str) -> None:
        """Let a run be deleted again."""
        self._in_training.discard(name)

    def _found(self) -> list[Path]:
        """The folders of runs, the oldest first, but for the one that the page was started with."""
        folders = [self.home / f"page-{number}" for number in sorted(_numbers(self.home))]
        main = self._registry[MAIN].folder.resolve()
        return [folder for folder in folders if folder.resolve() != main]

    def _titles(self) -> dict[str, str]:
        """What the weights are called that are on the page, by name."""
        return {name: self._registry.title(name) for name in (MAIN, *self._folders)}

    def _is_taken(self, title: str, name: str) -> bool:
        """Whether a title belongs to other weights than those of this name, or is the name of another folder."""
        others = {each: known for each, known in self._titles().items() if each != name}
        names = {each.casefold() for pair in others.items() for each in pair}
        return title.casefold() in names or (title != name and bool(_FOLDER.fullmatch(title.casefold())))

    def _entitle(self, name: str, title: str) -> None:
        self._registry.rename(name, title)
        if best := self._registry.get(best_name(name)):
            self._registry.rename(best_name(name), _best_title(title, best.facts.get("steps", 0)))

    def _add_best(self, folder: Path, title: str) -> None:
        """Add the best weights of a run, unless they are its last ones."""
        name = best_name(folder.name)
        try:
            best = read_facts(folder / BEST)
            if best["weights_sha256"] != self._registry[folder.name].facts["weights_sha256"]:
                self._registry.add(name, folder / BEST, title=_best_title(title, best.get("steps", 0)), run=folder)
                return
        except FileNotFoundError:
            pass  # a run that keeps none
        except (OSError, ValueError) as error:
            _log.warning("Leaving out the best weights of %s: %s", folder, one_line(error))
        self._registry.remove(name, "gave way to later ones of the same run")

    def _read_title(self, folder: Path) -> str:
        """What a run is called: by the file in its folder if that is all right, or else by the folder's name."""
        try:
            title = _checked_title(read_bytes(folder / _TITLE, 1000).decode())
        except FileNotFoundError:
            return folder.name
        except (OSError, ValueError) as error:
            _log.warning("%s is called by its folder: %s", folder, one_line(error))
            return folder.name
        if self._is_taken(title, folder.name):
            _log.warning("%s is called by its folder, since others are called %s already", folder, title)
            return folder.name
        return title


def best_name(name: str) -> str:
    """The name, in the registry, of the best weights of a run."""
    return f"{name}/{BEST}"


def _best_title(title: str, step: int) -> str:
    return f"{title}, step {step:,}"


def _checked_title(title: object) -> str:
    """A title in the form in which it is kept. Raises ValueError."""
    text = " ".join(unicodedata.normalize("NFC", title).split()) if isinstance(title, str) else ""
    if not 1 <= len(text) <= MAX_TITLE or not text.isprintable():
        raise ValueError(
            f"a name has 1 to {MAX_TITLE} letters, digits or symbols, unlike {title!r:.60}: choose another"
        )
    return text


def _numbers(home: Path) -> list[int]:
    """The numbers of the runs' folders in a folder; a link is none of them."""
    try:
        names = [each.name for each in os.scandir(home) if each.is_dir(follow_symlinks=False)]
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            _log.warning("The training runs in %s cannot be read: %s", home, error.strerror)
        return []
    return [int(found[1]) for name in names if (found := _FOLDER.fullmatch(name))]


def _link_in(folder: Path) -> Path | None:
    """A link that is a folder or in it, if there is one: what it leads to may be anywhere."""
    inside = (Path(at, name) for at, *names in os.walk(folder) for name in [*names[0], *names[1]])
    return next((path for path in (folder, *inside) if path.is_symlink()), None)


def _size(folder: Path) -> int:
    """The bytes of a folder's files."""
    sizes = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # replaced at this moment
                sizes += os.lstat(os.path.join(at, name)).st_size
    return sizes
