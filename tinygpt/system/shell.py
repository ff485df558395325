"""Commands to copy into a shell, and what this process's own command is called."""

import os
import re
import shlex
import sys
from pathlib import Path

_SCRIPTS = Path(__file__).parents[2]  # a copy of the repository has app.py and train.py there
_PLAIN = re.compile(r"[\w+=:./\\-]+", re.ASCII)  # what no shell of Windows gives a meaning to


def command_line(*arguments: object) -> str:
    """A command to copy into a shell, which passes on the arguments as they are.

    On Windows that holds for cmd.exe and PowerShell alike, but for `%NAME%` in the former, for `$` and backticks in the
    latter, and for quotes, which no file name has there.
    """
    quote = _quote_for_windows if os.name == "nt" else shlex.quote
    return " ".join(quote(str(argument)) for argument in arguments)


def own_command(name: str = "", *flags: object, processes: int = 1) -> str:
    """A command to copy that calls tinygpt in the way this process was started.

    That is by ``python app.py`` and ``python train.py`` if one of these started it and the other is there, by
    ``tinygpt`` if that did, and otherwise by ``python -m tinygpt``, which works wherever the package can be imported.

    Args:
        name: "app", "train", "hub", "export", or "" for the terminal.
        flags: what follows it.
        processes: if more than one, torchrun starts as many.
    """
    launcher = ["python"] if processes == 1 else ["torchrun", f"--nproc_per_node={processes}"]
    if _has_script(name):
        start = [*launcher, f"{name}.py"]
    elif _is_installed() and processes == 1:
        start = ["tinygpt", *_words(name)]
    else:
        start = [*launcher, "-m", "tinygpt", *_words(name)]
    return command_line(*start, *flags)


def program(name: str = "") -> str:
    """What help and errors call a command: "app.py", "tinygpt app", or "python -m tinygpt app". See own_command."""
    return own_command(name).removeprefix("python ") if _has_script(name) else own_command(name)


def _has_script(name: str) -> bool:
    """Whether app.py or train.py started this process, and that of this name is there: a Space has no train.py."""
    scripts = {name: _SCRIPTS / f"{name}.py" for name in ("app", "train")}
    return Path(sys.argv[0]).resolve() in scripts.values() and name in scripts and scripts[name].exists()


def _is_installed() -> bool:
    """Whether the installed command started this process; on Windows it is tinygpt.exe."""
    return Path(sys.argv[0]).stem == "tinygpt"


def _words(name: str) -> list[str]:
    return [name] if name else []


def _quote_for_windows(argument: str) -> str:
    """Quote an argument as the programs of Windows read it, wherever a shell might give a character a meaning."""
    if _PLAIN.fullmatch(argument):
        return argument
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', argument)
    return '"' + re.sub(r"(\\+)\Z", r"\1\1", escaped) + '"'
