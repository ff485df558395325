"""output.txt: a prompt and its continuation in one file, clearly set apart."""

from pathlib import Path

_WIDTH = 60


def as_text(prompt: str, continuation: str) -> str:
    """Both texts under their headings."""
    return f"{_heading('PROMPT')}\n{prompt.strip(chr(10))}\n\n{_heading('CONTINUATION')}\n{continuation}\n"


def write_output(path: str | Path, prompt: str, continuation: str) -> None:
    """Write output.txt. Raises OSError."""
    Path(path).write_text(as_text(prompt, continuation), encoding="utf-8")


def _heading(word: str) -> str:
    return f"---- {word} ".ljust(_WIDTH, "-")
