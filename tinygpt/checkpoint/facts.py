"""config.json, which holds the facts of a checkpoint: parsing it, and checking all that the package relies on."""

import json
from dataclasses import fields
from math import isfinite
from pathlib import Path
from typing import Any

from tinygpt.checkpoint.files import one_line, read_bytes
from tinygpt.config import GPTConfig, TrainConfig
from tinygpt.fields import Bounds, FieldError, Integer, Number, Text

FORMAT = "tinygpt 2"

# Names that changed since the format "tinygpt 1": old name -> new name.
_FORMAT_1 = "tinygpt 1"
_FORMAT_1_FACTS = {"left_out": "removed"}
_FORMAT_1_TRAINING = {
    "muon_steps": "ns_steps",
    "decay_share": "decay_fraction",
    "final_share": "min_lr_ratio",
    "average_decay": "ema_decay",
    "teacher_share": "distill_weight",
}

MAX_BYTES = 10_000_000
_NAME, _COUNT, _AMOUNT = Text(0, 200), Integer(0, 10**15), Number(0, 10**15)
# What the facts that the rest of the package reads may be. Each may be missing.
_FACTS: dict[str, Bounds] = {
    "preset": _NAME,
    "publish": _NAME,
    "steps": _COUNT,
    "seconds": _AMOUNT,
    "precision": _NAME,
    "device": _NAME,
    "data_sha256": _NAME,
    "removed": _COUNT,
    "weights_sha256": _NAME,
    "validation_loss": _AMOUNT,
    "validation_block_size": _COUNT,
}
_LISTS_OF_NAMES = ("teachers_sha256", "machines")
_TRAINING: dict[str, Bounds] = {each.name: each.metadata["bounds"] for each in fields(TrainConfig)}


def parse_facts(path: Path) -> dict[str, Any]:
    """Parse a config file of the current format or of "tinygpt 1", and check it.

    Raises FileNotFoundError or ValueError, naming the file and the fact that is wrong.
    """
    content = read_bytes(path, MAX_BYTES)
    try:
        facts = json.loads(content)
        json.dumps(facts, ensure_ascii=False).encode()  # half a surrogate pair can be neither written nor shown
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({one_line(error)}): download or train it again") from None
    if isinstance(facts, dict) and facts.get("format") == _FORMAT_1:
        facts = _from_format_1(facts)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise ValueError(f'{path} is not the config of a tinygpt checkpoint: it lacks "format": "{FORMAT}"')
    # A loss that is not finite tells as much as one that was never measured.
    facts = {name: fact for name, fact in facts.items() if not isinstance(fact, float) or isfinite(fact)}
    try:
        check_facts(facts)
    except ValueError as error:
        raise ValueError(f"{path}: {error}; download or train it again") from None
    return facts


def check_facts(facts: dict[str, Any]) -> None:
    """Raise ValueError, FieldError for a fact out of bounds, unless a checkpoint can have these facts."""
    training = facts.get("training", {})
    if not isinstance(training, dict):
        raise FieldError("training", f"must be an object, not {training!r:.80}")
    for name, bounds in _FACTS.items():
        if name in facts:
            _check_fact(name, facts[name], bounds)
    for name in _LISTS_OF_NAMES:
        names = facts.get(name, [])
        if not isinstance(names, list):
            raise FieldError(name, f"must be a list, not {names!r:.80}")
        for each in names:
            _check_fact(name, each, _NAME)
    for name, bounds in _TRAINING.items():
        if name in training:
            bounds.checked(name, training[name])
    try:
        config = GPTConfig.from_json(facts.get("model"))
    except ValueError as error:
        raise ValueError(f"describes no model that can be built: {error}") from None
    vocabulary = facts.get("vocabulary")
    if (
        not isinstance(vocabulary, str)
        or len(vocabulary) != config.vocab_size
        or list(vocabulary) != sorted(set(vocabulary))
    ):
        raise FieldError("vocabulary", f"must be {config.vocab_size} different characters in order")


def format_facts(facts: dict[str, Any]) -> bytes:
    """The content of a config file with these facts."""
    return (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode()


def _check_fact(name: str, value: object, bounds: Bounds) -> None:
    """Check a fact. A text must be printable: pages and model cards show it within a line."""
    bounds.checked(name, value)
    if isinstance(value, str) and not value.isprintable():
        raise FieldError(name, f"must be printable, not {value!r:.80}")


def _from_format_1(facts: dict[str, Any]) -> dict[str, Any]:
    """Convert the facts of the format "tinygpt 1" to the current one."""
    training = facts.get("training")
    if isinstance(training, dict):
        facts = facts | {"training": _rename(training, _FORMAT_1_TRAINING)}
    return _rename(facts, _FORMAT_1_FACTS) | {"format": FORMAT}


def _rename(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in values.items()}
