"""Command lines: flags made from the fields of settings, so that neither can be without the other, and shared ones."""

import argparse
import sys
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from tinygpt import __version__
from tinygpt.fields import Bounds, Choice, FieldError, Integer, Number, Switch

DEVICES = ("auto", "cpu", "cuda", "mps")
_INSTALLED, _CLONED = Path(__file__).parent / "weights", Path(__file__).parent.parent / "weights"
SHIPPED = _INSTALLED if _INSTALLED.exists() else _CLONED  # the weights that come along


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, and which tells the version."""

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.add_argument("--version", action="version", version=f"tinygpt {__version__}")

    def error(self, message: str) -> None:
        print(f"{self.prog}: {message}; --help lists the flags", file=sys.stderr)
        sys.exit(2)


def add_flags(
    parser: argparse.ArgumentParser, settings: type, *, skip: tuple[str, ...] = (), defaults: bool = False
) -> None:
    """A flag for every field of a settings class; only flags that are given appear in the result.

    With `defaults` the help names each field's default.
    """
    group = parser.add_argument_group(settings.__doc__.split(".")[0].lower())
    for each in fields(settings):
        if each.name not in skip:
            kind, help = _kind(each.metadata["bounds"]), _help(each, defaults)
            group.add_argument(flag(each.name), dest=each.name, default=argparse.SUPPRESS, help=help, **kind)


def flag(name: str) -> str:
    """The flag of a field."""
    return f"--{name.replace('_', '-')}"


def explained(error: Exception, skip: tuple[str, ...] = ()) -> str:
    """An error for who typed a command: a field is named by its flag, unless add_flags skipped it."""
    has_flag = isinstance(error, FieldError) and error.field not in skip
    return f"{flag(error.field)} {error.problem}" if has_flag else str(error)


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """--weights and --device: which model to open, and where it computes."""
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME", help="a folder or a Hub id")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="default: the fastest for one text")


def given(arguments: argparse.Namespace, settings: type) -> dict[str, Any]:
    """The fields of `settings` whose flags were given, with their values."""
    return {each.name: getattr(arguments, each.name) for each in fields(settings) if hasattr(arguments, each.name)}


def _help(field: Field, default: bool) -> str:
    """What a field means, and in brackets what it may be."""
    bounds = field.metadata["bounds"]
    facts = [] if isinstance(bounds, Choice | Switch) else [str(bounds)]  # argparse lists choices itself
    if default and field.default not in (None, ""):
        facts.append(f"default: {field.default}")
    return f"{field.metadata['help']} ({'; '.join(facts)})" if facts else field.metadata["help"]


def _kind(bounds: Bounds) -> dict[str, Any]:
    """What argparse needs to know of a field."""
    match bounds:
        case Switch():
            return {"action": argparse.BooleanOptionalAction}
        case Choice(options):
            return {"choices": options}
        case Integer():
            return {"type": int, "metavar": "N"}
        case Number():
            return {"type": float, "metavar": "X"}
        case _:
            return {"type": str, "metavar": "TEXT"}
