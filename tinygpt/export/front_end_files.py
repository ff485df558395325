"""The files of tinygpt/web that a page needs: those that it names, those that they name, and so on."""

import posixpath
import re
from collections.abc import Collection, Iterable

from tinygpt.system.package import PACKAGE

# A name in quotes or in url(...): of a module that is imported, a worker, a stylesheet, a font, a picture.
_NAME = re.compile(r"""["'(]([\w./-]+\.(?:css|js|png|svg|wasm|woff2))["')]""")
_FONT, _FONTS_LICENSE = "web/fonts/", "web/fonts/OFL.txt"  # which has to go along with fonts


def front_end_files(page: Iterable[str], *, beside: Collection[str]) -> dict[str, bytes]:
    """The files that a page needs, by their names, which begin with "web/".

    Args:
        page: the contents of files that are to lie beside the folder web, the document among them.
        beside: the last parts of names that mean such a file, even where tinygpt/web has one, too.

    Raises OSError if one cannot be read.
    """
    found: dict[str, bytes] = {}
    texts = [("", text) for text in page]  # with the folder that their names are relative to
    while texts:
        folder, text = texts.pop()
        for each in _NAME.findall(text):
            name = posixpath.normpath(posixpath.join(folder, each))
            path = PACKAGE / name
            if not name.startswith("web/") or path.name in beside or name in found or not path.is_file():
                continue
            found[name] = path.read_bytes()
            if path.suffix in (".css", ".js"):
                texts.append((posixpath.dirname(name), found[name].decode()))
    if any(name.startswith(_FONT) for name in found):
        found[_FONTS_LICENSE] = (PACKAGE / _FONTS_LICENSE).read_bytes()
    return dict(sorted(found.items()))
