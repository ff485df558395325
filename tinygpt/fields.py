"""Fields of settings: each declared once, with its default, its bounds and one line of help.

From these declarations follow the checks, the command-line flags (see flags.py), and the page's controls.
"""

from dataclasses import dataclass, field, fields
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, Protocol, Self


class FieldError(ValueError):
    """A setting out of its bounds: `field` is its name, `problem` what is wrong with it, for a person."""

    def __init__(self, field: str, problem: str):
        super().__init__(field, problem)
        self.field, self.problem = field, problem

    def __str__(self) -> str:
        return f"{self.field} {self.problem}"


class Bounds(Protocol):
    """What a field may hold. As a string it says so in words: "from 1 to 8"."""

    def checked(self, name: str, value: Any) -> Any:
        """The value as a plain Python object. Raises FieldError when it is out of bounds."""
        ...


@dataclass(frozen=True)
class Integer:
    """A whole number, numpy's too; 2.0 and True are none."""

    low: int
    high: int | None = None

    def __str__(self) -> str:
        return f"at least {self.low:,}" if self.high is None else f"from {self.low:,} to {self.high:,}"

    def checked(self, name: str, value: Any) -> int:
        """See Bounds."""
        if isinstance(value, Integral) and not isinstance(value, bool) and _within(self, value):
            return int(value)
        raise FieldError(name, f"must be a whole number {_joined(self)}, not {_quoted(value)}")


@dataclass(frozen=True)
class Number:
    """A finite number, numpy's too; with `above`, `low` itself is out of bounds."""

    low: float
    high: float | None = None
    above: bool = False

    def __str__(self) -> str:
        if self.high is None:
            return f"at least {self.low:g}"
        return f"above {self.low:g} and at most {self.high:g}" if self.above else f"from {self.low:g} to {self.high:g}"

    def checked(self, name: str, value: Any) -> int | float:
        """See Bounds."""
        if isinstance(value, Real) and not isinstance(value, bool) and _within(self, value):
            plain = int(value) if isinstance(value, Integral) else _float(value)
            if (isinstance(plain, int) or isfinite(plain)) and not (self.above and plain == self.low):
                return plain
        raise FieldError(name, f"must be a number {_joined(self)}, not {_quoted(value)}")


@dataclass(frozen=True)
class Text:
    """A text, bounded by how many characters it has."""

    low: int
    high: int | None = None

    def __str__(self) -> str:
        least, number = self.high is None, self.low if self.high is None else self.high
        return f"at {'least' if least else 'most'} {number:,} character{'' if number == 1 else 's'}"

    def checked(self, name: str, value: Any) -> str:
        """See Bounds."""
        if not isinstance(value, str):
            raise FieldError(name, f"must be a text, not {type(value).__name__}")
        if not _within(self, len(value)):
            raise FieldError(name, f"must be a text of {self}, not {len(value):,}")
        return str(value)


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    def __str__(self) -> str:
        return " or ".join(self.options)

    def checked(self, name: str, value: Any) -> str:
        """See Bounds."""
        if isinstance(value, str) and value in self.options:
            return value
        raise FieldError(name, f"must be one of {', '.join(self.options)}, not {_quoted(value)}")


@dataclass(frozen=True)
class Switch:
    """True or False."""

    def __str__(self) -> str:
        return "true or false"

    def checked(self, name: str, value: Any) -> bool:
        """See Bounds."""
        if isinstance(value, bool):
            return value
        raise FieldError(name, f"must be true or false, not {_quoted(value)}")


def option(default: Any, help: str, bounds: Bounds, *, optional: bool = False) -> Any:
    """A dataclass field with a default, its bounds and one line of help; an `optional` one may be None."""
    return field(default=default, metadata={"help": help, "bounds": bounds, "optional": optional or default is None})


class Settings:
    """Base of frozen dataclasses whose fields are options: what has been made is within bounds.

    Raises FieldError otherwise.
    """

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None or not each.metadata["optional"]:
                object.__setattr__(self, each.name, each.metadata["bounds"].checked(each.name, value))

    @classmethod
    def from_json(cls, values: object) -> Self:
        """Make the settings that a JSON object holds; fields that it lacks get their defaults.

        Raises ValueError for anything but an object of these fields, and FieldError for one out of its bounds.
        """
        if not isinstance(values, dict):
            raise ValueError(f"settings must be a JSON object, not {values!r:.80}")
        if unknown := values.keys() - {each.name for each in fields(cls)}:
            raise ValueError(f"there is no setting {min(unknown)!r:.80}")
        return cls(**values)


def _quoted(value: Any) -> str:
    """The beginning of a value as Python writes it."""
    try:
        return f"{value!r:.80}"
    except ValueError:  # Python writes no integers of thousands of digits
        return "a number of thousands of digits"


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return inf


def _joined(bounds: Integer | Number) -> str:
    return f"of {bounds}" if bounds.high is None else str(bounds)


def _within(bounds: Integer | Number | Text, value: Any) -> bool:
    return bool(bounds.low <= value and (bounds.high is None or value <= bounds.high))  # nan is in no range
