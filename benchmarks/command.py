"""What the benchmarks' commands share: a parser, a header, and errors in one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.machine import describe
from tinygpt.engines.engine import EngineUnavailableError
from tinygpt.flags import Parser, explained


def make_parser(module: str, docstring: str) -> Parser:
    """Return the argument parser of a benchmark, described by the first sentence of the module's docstring."""
    return Parser(prog=f"python -m benchmarks.{module}", description=docstring.split("\n")[0])


def header(seed: object, machine: str = "") -> str:
    """Return what every benchmark prints first: the machine, by default as `describe` does, and the seed."""
    return f"machine   {machine or describe()}\nseed      {seed}\n"


@contextmanager
def one_line_errors(parser: Parser) -> Iterator[None]:
    """End the command with one line when what it was given cannot be measured."""
    try:
        yield
    except (ValueError, OSError, FloatingPointError, EngineUnavailableError) as error:
        sys.exit(f"{parser.prog}: {explained(error)}")
