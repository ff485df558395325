"""The files of a Gradio Space: the page, with some weights.

Of the weights' folder, what is published goes along; of the package's, all Python code and the front end, edited or
added files too. Hidden files and all others stay where they are.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from tinygpt.checkpoint.reading import read_facts
from tinygpt.data.download import learned_default_text
from tinygpt.hub.files import published_files
from tinygpt.hub.prepare import copied_to_publish
from tinygpt.system.package import PACKAGE, installed, license_file

NEWEST_TORCH = "2.11.0"  # the newest that ZeroGPU takes: it refuses to build a Space that requires another one
PYTHON = "3.12"  # one of those that ZeroGPU has

_APP = PACKAGE / "ui" / "space_app.py"
# Suffixes in tinygpt/web.
_FRONT_END = {".c", ".css", ".h", ".html", ".js", ".json", ".png", ".svg", ".txt", ".wasm", ".woff2"}
_THUMBNAIL = "tinygpt/web/thumbnail.png"
_BINARY = ("*.npy", "*.png", "*.safetensors", "*.wasm", "*.woff2")


@contextmanager
def space_files(
    weights: Path, repo_id: str, *, model: str | None = None, with_index: bool = False
) -> Iterator[dict[str, Path | bytes]]:
    """The files of a Space that serves the checkpoint in a folder, as paths or contents, by their names in the Space.

    They exist within the block. The checkpoint's snapshots are among them.

    Args:
        weights: the folder.
        repo_id: user/name of the Space.
        model: user/name of the weights, if they came from the Hub.
        with_index: whether the memorization index goes along, from which the training text can be recovered.

    Raises FileNotFoundError and ValueError for a checkpoint that does not load, and OSError if it cannot be copied.
    """
    with copied_to_publish(weights, name=model or "weights", with_index=with_index) as copy:
        yield {
            "README.md": _readme(read_facts(copy), repo_id, model).encode(),
            "LICENSE": license_file(),
            "requirements.txt": "".join(f"{line}\n" for line in _requirements()).encode(),
            ".gitattributes": git_attributes(_BINARY),
            "app.py": _APP,
            **{f"weights/{name}": path for name, path in published_files(copy).items()},
            **{f"tinygpt/{path.relative_to(PACKAGE).as_posix()}": path for path in _source()},
        }


def _source() -> Iterator[Path]:
    """The files of the package: its Python code, and the front end."""
    for path in sorted(PACKAGE.rglob("*")):
        kinds = _FRONT_END if path.is_relative_to(PACKAGE / "web") else set()
        hidden = any(part.startswith(".") for part in path.relative_to(PACKAGE).parts)
        if path.suffix in {".py", *kinds} and path.is_file() and not hidden:
            yield path


def _requirements() -> list[str]:
    """What tinygpt requires, with a torch that ZeroGPU takes as well."""
    if package := installed():
        lines = [line for line in package.requires or () if "extra ==" not in line]
    else:
        lines = (PACKAGE.parent / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [re.sub(r"^torch(?=[<>=!~ ]).*", rf"\g<0>,<={NEWEST_TORCH}", line) for line in lines]


def front_matter(repo_id: str, facts: dict[str, Any], model: str | None, **settings: Any) -> str:
    """The YAML at the head of README.md, which tells the Hub how to run a Space, by the settings, and to show it."""
    from huggingface_hub import SpaceCardData  # late: it takes a while

    shakespeare = ["shakespeare"] if learned_default_text(facts) else []
    yaml = SpaceCardData(
        title=repo_id.split("/")[1],
        emoji="🪶",
        colorFrom="red",
        colorTo="yellow",
        license="mit",
        models=[model] if model else None,
        tags=["text-generation", "character-level", *shakespeare],
        pinned=False,
        **settings,
    ).to_yaml()
    return f"---\n{yaml}\n---\n\n"


def git_attributes(kinds: Iterable[str]) -> bytes:
    """The content of .gitattributes that makes git keep these kinds of files in LFS."""
    return "".join(f"{kind} filter=lfs diff=lfs merge=lfs -text\n" for kind in kinds).encode()


def file_url(repo_id: str, name: str) -> str:
    """The address of a file of a Space."""
    return f"https://huggingface.co/spaces/{repo_id}/resolve/main/{name}"


def _readme(facts: dict[str, Any], repo_id: str, model: str | None) -> str:
    """The README.md of a Space: its front matter, and a few words for readers."""
    shakespeare = "Shakespeare " if learned_default_text(facts) else ""
    head = front_matter(
        repo_id,
        facts,
        model,
        sdk="gradio",
        sdk_version=metadata.version("gradio"),
        python_version=PYTHON,
        app_file="app.py",
        # The Hub refuses more than 60 characters.
        short_description=f"A small {shakespeare}GPT to open, share and learn from",
        thumbnail=file_url(repo_id, _THUMBNAIL),
    )
    origin = f", from [{model}](https://huggingface.co/{model})" if model else ""
    return f"""{head}# {repo_id.split("/")[1]}

A small GPT that continues any prompt one character at a time, and a page that shows how it does so. The code is in
`tinygpt/`, the weights are in `weights/`{origin}.

In a copy of this Space, `pip install -r requirements.txt` and `python app.py` open the page on your own machine.
"""
