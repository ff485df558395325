"""Sessions: texts as they grow, their pace and their end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from tinygpt import SampleConfig, open_checkpoint
from tinygpt.request import GenerationRequest
from tinygpt.ui.services import session as module
from tinygpt.ui.services.session import Session, StopSignal


@pytest.fixture(scope="module")
def session(weights) -> Session:
    return Session(weights)


@pytest.fixture
def slow_clock(monkeypatch) -> None:
    """A clock by which every character takes a millisecond."""
    milliseconds = count()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(milliseconds) / 1000))


def request(**changes: object) -> GenerationRequest:
    return GenerationRequest(**{"prompt": "a", "length": 20, "seed": 5} | changes)


def test_a_text_grows_from_its_first_character_to_its_whole_length(session: Session):
    texts = [continuation.text for continuation in session.write(request(), StopSignal())]
    assert len(texts[0]) == 1
    assert len(texts[-1]) == 20
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))


def test_a_visitor_gets_a_bounded_number_of_updates_per_second(session: Session, slow_clock):
    updates = list(session.write(request(length=4000), StopSignal()))
    bound = 4 * module.UPDATES_PER_SECOND
    assert 0.9 * bound <= len(updates) <= bound + 2  # the first and the last come in any case


def test_an_update_that_is_delivered_slowly_is_followed_by_one_with_more_of_the_text(session: Session, monkeypatch):
    clock = SimpleNamespace(time=0.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.time))
    lengths = []
    for continuation in session.write(request(length=1000), StopSignal()):
        clock.time += 1.0  # far more than the pause between two updates
        lengths.append(len(continuation.text))
    assert lengths == [1, 1000]


@pytest.mark.parametrize(("others", "updates"), [(299, 3), (999, 2)])
def test_visitors_get_fewer_updates_when_there_are_many(session: Session, slow_clock, others: int, updates: int):
    texts = [session.write(request(), StopSignal()) for _ in range(others)]
    for text in texts:
        next(text)
    # 300 visitors share 150 updates per second: each gets one every two seconds.
    assert len(list(session.write(request(length=3000), StopSignal()))) == updates
    for text in texts:
        text.close()
    assert len(list(session.write(request(length=3000), StopSignal()))) > 40


def test_the_engine_is_loaded_once_however_many_threads_ask_for_it(weights):
    session = Session(weights)
    assert not session.loaded
    with ThreadPoolExecutor(8) as pool:
        engines = set(pool.map(lambda _: session.engine(), range(8)))
    assert session.loaded
    assert len(engines) == 1


def test_a_stopped_text_ends_with_what_was_written(session: Session):
    signal = StopSignal()
    continuations = session.write(request(length=5000), signal)
    first = next(continuations)
    signal.stop()
    last = [first, *continuations][-1]
    assert len(last.text) < 5000
    assert signal.reason == "stopped"


def test_an_empty_text_is_an_update_too(session: Session):
    first = next(iter(session.write(request(length=1), StopSignal()))).text
    (only,) = session.write(request(stop=first), StopSignal())
    assert only.text == ""


def test_a_text_ends_at_the_deadline(session: Session, slow_clock, monkeypatch):
    monkeypatch.setattr(module, "DEADLINE", 1.0)
    signal = StopSignal()
    updates = list(session.write(request(length=5000), signal))
    # The clock was read at the start, after each character, and after each update but the last.
    assert len(updates[-1].text) + len(updates) == 1002  # milliseconds: the first reading past the deadline
    assert signal.reason == "ended after 1 seconds"


def test_stopping_one_text_leaves_others_alone(session: Session):
    mine, other = StopSignal(), StopSignal()
    first, second = session.write(request(), mine), session.write(request(), other)
    next(first), next(second)
    mine.stop()
    list(first)
    assert len(list(second)[-1].text) == 20


def test_texts_side_by_side_are_those_written_alone(session: Session):
    requests = [request(seed=seed, length=length) for seed, length in ((1, 20), (2, 5))]

    def last(states: Iterator) -> object:
        return [*states][-1]

    alone = [last(session.write(each, StopSignal())).text for each in requests]
    together = last(session.write_together(requests, StopSignal()))
    assert [continuation.text for continuation in together] == alone


def test_a_reading_agrees_with_the_attention_maps_and_the_candidates(session: Session):
    text, settings = "The riv", SampleConfig(temperature=0.5, top_k=5, seed=3)
    engine, tokenizer = open_checkpoint(session.folder)
    attention_T = engine.activations(tokenizer.encode(text)).attention()[1, 0, -1]
    reading = session.read_character(text, 1, 0, settings, position=4)
    np.testing.assert_allclose(reading.attention.weights_T, attention_T, atol=1e-6)
    assert reading.attention.strongest == attention_T.argmax()
    assert np.array_equal(session.attention_bytes(text)[1, 0, -1], np.rint(255 * np.sqrt(attention_T)))
    expected = session.candidates("The ", "riv", settings)
    for part, other in zip(reading.candidates, expected, strict=True):
        np.testing.assert_allclose(part, other, atol=1e-5)
    assert reading.layers[-1].id == expected.raw_V.argmax()
    assert len(reading.layers) == session.config.n_layer + 1
    assert 0 <= reading.uniform < 1
    assert session.read_character(text, 1, 0, settings, position=-1).uniform is None
