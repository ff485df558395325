"""training/console.py: signals that end a run, and output that nobody reads any more. Real signals, real pipes."""

import os
import signal
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.runs import assert_same_run, finished, resumed
from tinygpt.training.cli import report
from tinygpt.training.console import say, stop_on_signals
from tinygpt.training.progress_bar import run_with_progress_bar
from tinygpt.training.trainer import Progress

ENDING = [name for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends a process of Windows at once")
@pytest.mark.parametrize("name", ENDING)
def test_a_signal_that_would_end_the_process_stops_the_run_saved_and_it_resumes_as_if_not_stopped(
    train, tmp_path, capfd, name
):
    number = signal.Signals[name]
    before = signal.getsignal(number)
    trainer = train(tmp_path / "run")
    with stop_on_signals(trainer):
        for progress in trainer.run():
            if progress.step == 3:
                os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before
    assert not report(trainer)
    out, err = capfd.readouterr()
    assert out == f"Stopped at step 3 and saved. To resume: python -m tinygpt train --resume --out {tmp_path / 'run'}\n"
    assert ("Finishing this step" in err) == (name == "SIGINT")
    resumed(train(tmp_path / "run"))
    finished(train(tmp_path / "whole"))
    assert_same_run(tmp_path / "whole", tmp_path / "run")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no nohup")
def test_a_signal_that_is_ignored_stays_ignored_as_under_nohup(train, tmp_path):
    trainer, before = train(tmp_path), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals(trainer):
            for _ in trainer.run():
                os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert trainer.step == 6


def test_a_second_ctrl_c_ends_the_run_at_once(train, tmp_path):
    trainer = train(tmp_path)

    def press_it_twice() -> None:
        with stop_on_signals(trainer):
            for _ in trainer.run():
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        press_it_twice()
    assert trainer.step == 1


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Callable[[], None]]:
    """piped("stdout") makes a standard stream a pipe, and returns the function that closes its reading end."""

    def pipe(name: str) -> Callable[[], None]:
        reader, writer = os.pipe()
        monkeypatch.setattr(sys, name, os.fdopen(writer, "w"))
        return lambda: os.close(reader)

    return pipe


@pytest.mark.parametrize("names", [["stdout"], ["stderr"], ["stdout", "stderr"]], ids=" and ".join)
def test_a_run_whose_output_nobody_reads_stops_saved_and_says_so_where_it_can(train, tmp_path, piped, capsys, names):
    trainer = train(tmp_path, max_iters=50, eval_interval=1)
    streams, run = [piped(name) for name in names], trainer.run

    def close_after_two_steps() -> Iterator[Progress]:
        for progress in run():
            if progress.step == 2:
                for close in streams:
                    close()
            yield progress

    trainer.run = close_after_two_steps
    run_with_progress_bar(trainer, None)
    assert trainer.step == 2
    assert not report(trainer)
    if len(names) == 1:
        said = "".join(capsys.readouterr())
        assert "Nothing reads this output any more: finishing this step, then saving." in said
        assert f"Stopped at step 2 and saved. To resume: python -m tinygpt train --resume --out {tmp_path}" in said
    again = train(tmp_path, max_iters=50, eval_interval=1)
    again.resume()
    assert again.step == 2


def test_what_cannot_be_printed_on_standard_output_goes_to_standard_error(piped, capsys):
    piped("stdout")()
    say("The weights are in runs/default.")
    assert capsys.readouterr().err == "\nThe weights are in runs/default.\n"
