"""Mistakes of a caller are refused with one sentence by every engine, with `python -O` too."""

import ast
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from tests.engines.kinds import adapted
from tinygpt import SampleConfig
from tinygpt.engines.engine import Engine

ROOT = Path(__file__).parents[2]
SETTINGS = SampleConfig(seed=1)


def read(*calls: list[list[int]]) -> Callable[[Engine], object]:
    """Read these rows one call after the other."""

    def mistake(engine: Engine) -> None:
        reader = engine.open_reader(len(calls[0]))
        for rows in calls:
            reader.read(rows)

    return mistake


def write(ids: list[int], count: int, settings: SampleConfig = SETTINGS) -> Callable[[Engine], object]:
    return lambda engine: engine.open_reader(1).write(ids, count, settings, 0)


def select(*rows: int) -> Callable[[Engine], object]:
    return lambda engine: engine.open_reader(2).select(list(rows))


# The engines of these tests have windows of 8 positions and a vocabulary of 20.
MISTAKES_OF_READING = {
    "no rows": (lambda engine: engine.open_reader(0), "at least 1 row, not 0"),
    "an id too high": (read([[20]]), r"ids must be whole numbers from 0 to 19, the vocabulary, not \[\[20\]\]"),
    "an id too low": (read([[-1]]), "ids must be whole numbers from 0 to 19"),
    "an id beyond 64 bits": (read([[2**70]]), "ids must be whole numbers from 0 to 19"),
    "an id that is no whole number": (read([[1.5]]), "ids must be whole numbers from 0 to 19"),
    "no ids": (read([[]]), "no ids to read"),
    "a prompt beyond the window": (read([[1] * 9]), "the window has 8 positions, not 9"),
    "one more id than the window holds": (read([[1] * 8], [[1]]), "the window has 8 positions, not 9"),
    "several ids after the start": (read([[1]], [[1, 2]]), "ids are read one at a time, not 2"),
    "fewer rows than the batch": (read([[1], [1]], [[1]]), "this reader has 2 rows, but 1 were given"),
    "more rows than the batch": (read([[1]], [[1], [1]]), "this reader has 1 rows, but 2 were given"),
    "rows of unequal length": (read([[1, 2, 3], [1, 2]]), "rows must have equal lengths, not 3, 2"),
    "selecting no rows": (select(), "numbers from 0 to 1, at least one"),
    "selecting a row too high": (select(0, 2), r"numbers from 0 to 1, at least one, not \[0, 2\]"),
    "selecting a row too low": (select(-1), "numbers from 0 to 1, at least one"),
    "activations of no ids": (lambda engine: engine.activations([]), "no ids to read"),
    "activations of an id too high": (lambda engine: engine.activations([20]), "ids must be whole numbers"),
    "activations beyond the window": (lambda engine: engine.activations([1] * 9), "the window has 8 positions, not 9"),
}
MISTAKES_OF_WRITING = {
    "writing no ids": (write([], 1), "no ids to read"),
    "writing after an id too high": (write([20], 1), "ids must be whole numbers from 0 to 19"),
    "a count of 0": (write([1], 0), "at least 1 id must be sampled, not 0"),
    "a count below 0": (write([1], -3), "at least 1 id must be sampled, not -3"),
    "a count beyond the window": (write([1], 9), "the window has 8 positions, not 9"),
    "a top_k above the vocabulary": (write([1], 1, SampleConfig(seed=1, top_k=21)), "top_k must be at most 20"),
    "settings without a seed": (write([1], 1, SampleConfig()), "no seed"),
    "writing several rows": (
        lambda engine: engine.open_reader(2).write([1], 1, SETTINGS, 0),
        "only a reader of 1 row can write, not one of 2",
    ),
}
MISTAKES = MISTAKES_OF_READING | MISTAKES_OF_WRITING


@pytest.mark.parametrize(
    ("kind", "mistake"),
    [*product(["torch", "numba"], MISTAKES), *product(["browser"], MISTAKES_OF_READING)],  # it does not write
)
def test_a_mistake_is_refused(engine_of, build, kind, mistake):
    engine = engine_of(kind, adapted(kind, build(vocab_size=20)))
    call, message = MISTAKES[mistake]
    with pytest.raises(ValueError, match=message):
        call(engine)


def test_no_check_is_an_assertion_which_python_drops_with_O():
    for path in (ROOT / "tinygpt" / "engines").glob("*.py"):
        assert not [node.lineno for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Assert)], (
            path
        )
