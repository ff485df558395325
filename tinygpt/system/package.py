"""The package that this code belongs to: where it lies, and its license."""

from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def installed() -> metadata.Distribution | None:
    """The installed package that this code belongs to; None in a copy of the repository."""
    try:
        found = metadata.distribution("tinygpt")
    except metadata.PackageNotFoundError:
        return None
    return found if Path(found.locate_file("tinygpt")).resolve() == PACKAGE.resolve() else None


def license_file() -> Path:
    """The file with the license of the code, which has to go along with it."""
    if package := installed():
        return Path(next(file.locate() for file in package.files or () if file.name == "LICENSE"))
    return PACKAGE.parent / "LICENSE"
