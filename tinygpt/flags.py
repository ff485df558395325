"""Command-line flags: made from the fields of a config, so that neither can be without the other, and shared ones."""

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

DEVICES = ("auto", "cpu", "cuda", "mps")
SHIPPED = Path(__file__).parent.parent / "weights"  # the weights that come with the repository


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> None:
        print(f"{self.prog}: {message}; --help lists the flags", file=sys.stderr)
        sys.exit(2)


def add_flags(
    parser: argparse.ArgumentParser,
    config: type,
    *,
    skip: tuple[str, ...] = (),
    renamed: dict[str, str] | None = None,
) -> None:
    """A flag for every field of a config class; only flags that are given appear in the result.

    `renamed` gives a field's flag another name than the field's own.
    """
    group = parser.add_argument_group(config.__doc__.split(".")[0].lower())
    hints = get_type_hints(config)
    for item in fields(config):
        if item.name not in skip:
            name = (renamed or {}).get(item.name, item.name)
            group.add_argument(
                f"--{name.replace('_', '-')}",
                dest=item.name,
                help=item.metadata["help"],
                default=argparse.SUPPRESS,
                **_kind(hints[item.name]),
            )


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """--weights and --device: which model to open, and where it computes."""
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME", help="a folder or a Hub id")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="default: what writes fastest here")


def given(arguments: argparse.Namespace, config: type) -> dict[str, Any]:
    """The fields of `config` whose flags were given, with their values."""
    return {item.name: getattr(arguments, item.name) for item in fields(config) if hasattr(arguments, item.name)}


def _kind(hint: Any) -> dict[str, Any]:
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(hint) is Literal:
        return {"choices": get_args(hint)}
    kind = get_args(hint)[0] if isinstance(hint, UnionType) else hint  # X of "X | None"
    return {"type": kind, "metavar": {int: "N", float: "X", str: "TEXT"}[kind]}
