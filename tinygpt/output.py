"""output.txt: a prompt and its continuation in one text file, each under a heading."""

from pathlib import Path

_WIDTH = 60


def format_output(prompt: str, continuation: str) -> str:
    """The content of output.txt: the prompt and the continuation, each under a heading."""
    return f"{_heading('PROMPT')}\n{prompt.strip(chr(10))}\n\n{_heading('CONTINUATION')}\n{continuation}\n"


def write_output(path: str | Path, prompt: str, continuation: str) -> None:
    """Write the prompt and the continuation to a file such as output.txt. Raises OSError."""
    Path(path).write_text(format_output(prompt, continuation), encoding="utf-8")


def _heading(word: str) -> str:
    return f"---- {word} ".ljust(_WIDTH, "-")
