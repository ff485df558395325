"""What the tests of the benchmarks share: a line of a command's output, and its one-line error."""

import re
from subprocess import CompletedProcess


def printed(done: CompletedProcess, name: str) -> str:
    """The rest of the line that begins with this name, in the output of a command that succeeded."""
    assert done.returncode == 0, done.stderr
    line = re.search(rf"^ *{re.escape(name)} +(.*)$", done.stdout, re.MULTILINE)
    assert line, f"no line {name!r} in:\n{done.stdout}"
    return line[1]


def assert_refused(done: CompletedProcess, name: str, complaint: str) -> None:
    """A command ended with one line: its own name, and what is wrong."""
    assert done.returncode == 1
    assert done.stderr.startswith(f"python -m benchmarks.{name}: ")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
