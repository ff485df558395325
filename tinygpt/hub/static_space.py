"""The files of a static Space: the page without a server, with some weights."""

import re
from pathlib import Path

from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.data.download import learned_default_text
from tinygpt.export.static_page import static_page
from tinygpt.hub.prepare import copied_to_publish
from tinygpt.hub.space_files import file_url, front_matter, git_attributes
from tinygpt.page.preview import IMAGE

_BINARY = ("*.bin", "*.png", "*.wasm", "*.woff2")


def static_space_files(weights: Path, repo_id: str, *, model: str | None = None) -> dict[str, bytes]:
    """The files of a static Space with the checkpoint in a folder, by their names in the Space.

    The page opens with the sample beside the checkpoint, or with a new one.

    Args:
        weights: the folder.
        repo_id: user/name of the Space.
        model: user/name of the weights, if they came from the Hub.

    Raises FileNotFoundError and ValueError for a checkpoint that does not load or is too large, and OSError.
    """
    with copied_to_publish(weights, name=model or "weights") as copy:
        checkpoint = read_checkpoint(copy)
        files = static_page(copy, checkpoint, url=_url(repo_id))
    shakespeare = "Shakespeare " if learned_default_text(checkpoint.facts) else ""
    head = front_matter(
        repo_id,
        checkpoint.facts,
        model,
        sdk="static",
        # The Hub refuses more than 60 characters.
        short_description=f"A small {shakespeare}GPT that runs in your browser",
        thumbnail=file_url(repo_id, IMAGE),
    )
    return files | {"README.md": head.encode() + files["README.md"], ".gitattributes": git_attributes(_BINARY)}


def _url(repo_id: str) -> str:
    """Where the Hub serves a static Space without its own frame."""
    return f"https://{re.sub('[^a-z0-9]+', '-', repo_id.lower())}.static.hf.space"
