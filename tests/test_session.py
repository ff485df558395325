"""What the page does, without gradio."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from types import SimpleNamespace

import pytest

from tinygpt import SampleConfig
from tinygpt.ui import session as module
from tinygpt.ui.session import Session, StopSignal, parse_settings


@pytest.fixture(scope="module")
def session(weights) -> Session:
    return Session(weights)


def settings(**changes: object) -> SampleConfig:
    usual = {
        "length": 20,
        "temperature": 0.8,
        "top_k": None,
        "top_p": None,
        "seed": "5",
        "stop": "",
        "strategy": "sample",
        "beam_width": 4,
    }
    return parse_settings(**(usual | changes))


def test_the_last_draft_holds_the_whole_text(session: Session):
    drafts = list(session.write("a", settings(), StopSignal()))
    assert len(drafts[-1].continuation) == 20
    assert drafts[0].continuation == ""
    assert all(b.continuation.startswith(a.continuation) for a, b in pairwise(drafts))


def test_drafts_come_a_few_times_a_second_however_fast_the_model_writes(session: Session):
    drafts = list(session.write("a", settings(length=1500), StopSignal()))
    assert len(drafts) <= module.UPDATES * drafts[-1].seconds + 3


def test_each_visitor_gets_fewer_drafts_the_more_there_are(session: Session, monkeypatch):
    milliseconds = count()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(milliseconds) / 1000))

    def drafts() -> int:
        return len(list(session.write("a", settings(length=3000), StopSignal())))

    alone = drafts()
    assert alone == pytest.approx(3 * module.UPDATES, rel=0.1)
    monkeypatch.setattr(session, "_under_way", {object() for _ in range(1000)})
    assert drafts() == 2  # the first and the last


def test_the_model_is_made_once_however_many_ask_for_it_at_the_same_time(weights):
    session = Session(weights)
    assert not session.ready
    with ThreadPoolExecutor(8) as pool:
        models = set(pool.map(lambda _: session.open(), range(8)))
    assert session.ready
    assert len(models) == 1


def test_a_wish_to_stop_ends_the_text_with_what_there_is(session: Session):
    signal = StopSignal()
    drafts = session.write("a", settings(length=5000), signal)
    first = next(drafts)
    signal.reason = "stopped"
    last = [first, *drafts][-1]
    assert len(last.continuation) < 5000


def test_a_text_nobody_reads_ends_by_itself(session: Session, monkeypatch):
    monkeypatch.setattr(module, "DEADLINE", 0.0)
    signal = StopSignal()
    drafts = list(session.write("a", settings(length=5000), signal))
    assert len(drafts[-1].continuation) < 5000
    assert signal.reason == "ended after 0 seconds"


def test_stopping_one_text_leaves_another_alone(session: Session):
    mine, other = StopSignal(), StopSignal()
    first, second = session.write("a", settings(), mine), session.write("a", settings(), other)
    next(first), next(second)
    mine.reason = "stopped"
    list(first)
    assert len(list(second)[-1].continuation) == 20


def test_a_seed_may_be_digits_in_a_text_with_all_their_64_bits():
    assert settings(seed=str(2**64 - 1)).seed == 2**64 - 1
    assert settings(seed=" 7 ").seed == 7
    assert settings(seed="").seed is None


def test_strategies_become_settings():
    assert settings(strategy="greedy").temperature == 0
    assert settings(strategy="beam").beam_width == 4
    assert settings().beam_width is None


@pytest.mark.parametrize("seed", ["seven", "-1", "1.5", "²", str(2**64), "9" * 30])
def test_a_seed_that_is_no_seed_is_refused(seed: str):
    with pytest.raises(ValueError, match=r"^seed must be"):
        settings(seed=seed)
