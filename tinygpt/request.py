"""One request: all that a person can ask for, declared once. Nothing here needs torch.

The page's controls, the endpoints, share links, the terminal's flags and every error about them derive from
GenerationRequest.
"""

import inspect
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Self, get_type_hints

from tinygpt.config import SampleConfig
from tinygpt.fields import Bounds, Choice, FieldError, Integer, Number, Settings, Text, option


@dataclass(frozen=True)
class Seed(Integer):
    """A whole number, or its digits in a text: JavaScript's numbers cannot hold 64 bits."""

    def checked(self, name: str, value: Any) -> int:
        digits = value.strip() if isinstance(value, str) else ""
        if digits.isascii() and digits.isdigit() and len(digits) <= len(str(self.high)):
            value = int(digits)
        return super().checked(name, value)


class Request(Settings):
    """Base of requests."""

    @classmethod
    def of(cls, values: Sequence[Any]) -> Self:
        """The request with these values, one for each of its fields in order, as page and endpoints give them."""
        return cls(**named(values, cls))


@dataclass(frozen=True, kw_only=True)
class GenerationRequest(Request):
    """What to write. Raises FieldError, a ValueError, for a field that is out of bounds."""

    prompt: str = option("", "text to continue; an empty one is a new line", Text(0, 10_000))
    length: int = option(SampleConfig.max_new_tokens, "characters to write", Integer(1, 5_000))
    temperature: float = option(
        SampleConfig.temperature,
        "0 always takes the likeliest character, 1 samples as the model expects, 2 is wild",
        Number(0, 2),
    )
    top_k: int | None = option(None, "sample only from the k likeliest characters, all of them by default", Integer(1))
    top_p: float | None = option(
        None,
        "sample only from the likeliest characters that reach this probability",
        Number(0, 1, above=True),
    )
    seed: int | str | None = option(
        None, "the same seed gives the same text; a new one if not given", Seed(0, 2**64 - 1)
    )
    stop: str | None = option(None, "end before this text appears", Text(1, 100))
    strategy: str = option("sample", "how characters are chosen", Choice(("sample", "greedy", "beam")))
    beam_width: int | None = option(4, "texts that the strategy beam keeps", Integer(1, 8), optional=True)

    def __post_init__(self) -> None:
        for name in ("seed", "stop"):  # an empty box is none
            value = getattr(self, name)
            if value == "" or (name == "seed" and isinstance(value, str) and not value.strip()):
                object.__setattr__(self, name, None)
        super().__post_init__()
        if self.strategy == "beam" and self.beam_width is None:
            raise FieldError(
                "beam_width", f"must be a whole number {bounds('beam_width')} for the strategy beam, not None"
            )

    @property
    def uses_seed(self) -> bool:
        """Whether characters are sampled, so that they depend on the seed."""
        return self.sample_config().uses_seed

    def seeded(self) -> Self:
        """This request with a seed: its own, or a fresh one from the operating system."""
        return self if self.seed is not None else replace(self, seed=secrets.randbits(64))

    def sample_config(self) -> SampleConfig:
        """What a sampler needs of it."""
        return SampleConfig(
            max_new_tokens=self.length,
            temperature=0 if self.strategy == "greedy" else self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            seed=self.seed,
            stop=self.stop,
            beam_width=self.beam_width if self.strategy == "beam" else None,
        )


def _as_in_generation(name: str) -> Any:
    """A dataclass field with the default, bounds and help of a GenerationRequest's."""
    same = GenerationRequest.__dataclass_fields__[name]
    return field(default=same.default, metadata=same.metadata)


@dataclass(frozen=True, kw_only=True)
class ProbabilitiesRequest(Request):
    """Which characters may come first in a continuation. Raises FieldError for a field that is out of bounds."""

    prompt: str = _as_in_generation("prompt")
    temperature: float = _as_in_generation("temperature")
    top_k: int | None = _as_in_generation("top_k")
    top_p: float | None = _as_in_generation("top_p")
    top: int | None = option(None, "return only so many characters, all of them by default", Integer(1))

    def sample_config(self) -> SampleConfig:
        """What a sampler needs of it."""
        return SampleConfig(max_new_tokens=1, temperature=self.temperature, top_k=self.top_k, top_p=self.top_p)


def names(request: type[Request] = GenerationRequest) -> tuple[str, ...]:
    """The names of a request's fields, in order."""
    return tuple(each.name for each in fields(request))


def named(values: Sequence[Any], request: type[Request] = GenerationRequest) -> dict[str, Any]:
    """Values, one for each field of a request in order, by the fields' names. Raises ValueError for another number."""
    return dict(zip(names(request), values, strict=True))


def default(name: str) -> Any:
    """The default of a field."""
    return GenerationRequest.__dataclass_fields__[name].default


def bounds(name: str) -> Bounds:
    """The bounds of a field."""
    return GenerationRequest.__dataclass_fields__[name].metadata["bounds"]


def signature(request: type[Request] = GenerationRequest) -> inspect.Signature:
    """The signature of a function that takes a request's fields, the prompt without a default."""
    hints, kind = get_type_hints(request), inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = []
    for each in fields(request):
        default = inspect.Parameter.empty if each.name == "prompt" else each.default
        choice = each.metadata["bounds"] if isinstance(each.metadata["bounds"], Choice) else None
        hint = Literal[choice.options] if choice else hints[each.name]
        parameters.append(inspect.Parameter(each.name, kind, default=default, annotation=hint))
    return inspect.Signature(parameters)


def described(request: type[Request] = GenerationRequest) -> str:
    """All fields, what they mean and what they may be, in one paragraph."""
    return " ".join(f"{each.name}: {each.metadata['help']} ({each.metadata['bounds']})." for each in fields(request))
