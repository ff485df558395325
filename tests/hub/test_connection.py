"""Deadlines, and errors that say what to do next."""

import errno
import time

import pytest

from tinygpt.hub.connection import DeadlineError, HubError, explained, within


def explain(error):
    return explained(error, doing="pushing", denied="not yours", slow="try again", local="set HF_HOME")


def caused(error):
    """An error as huggingface_hub raises it: with the real one as its cause."""
    outer = RuntimeError("Error while uploading 'x' to the Hub.")
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize("wrap", [lambda error: error, caused], ids=["itself", "as a cause"])
@pytest.mark.parametrize(
    ("error", "kind", "remedy"),
    [
        (
            FileNotFoundError(errno.ENOENT, "No such file", "model.safetensors"),
            OSError,
            "it was removed meanwhile, try again",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/home/x"), OSError, "set HF_HOME"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "/home/x"), OSError, "set HF_HOME"),
        (OSError(errno.ENOSPC, "No space left on device"), OSError, "make room there"),
        (OSError(errno.ENOSPC, "No space left on device", "/home/x"), OSError, "make room there"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), ConnectionError, "check the connection"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), ConnectionError, "check the connection"),
        (
            PermissionError(errno.EPERM, "Operation not permitted"),
            ConnectionError,
            "check the connection",
        ),  # a firewall
        (TimeoutError("timed out"), ConnectionError, "check the connection"),
    ],
    ids=lambda value: repr(value) if isinstance(value, OSError) else "",
)
def test_an_error_of_a_file_and_one_of_the_network_have_each_their_remedy(wrap, error, kind, remedy):
    problem = explain(wrap(error))
    assert type(problem) is kind
    assert str(problem).endswith(f"; {remedy}")
    assert str(error) in str(problem)


def test_work_ends_at_its_deadline_or_with_what_it_returns_or_raises():
    assert within(5, lambda: 3) == 3
    with pytest.raises(HubError) as caught:
        within(5, lambda: 1 / 0)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    started = time.monotonic()
    with pytest.raises(DeadlineError, match=r"took longer than 0\.1 seconds and was abandoned"):
        within(0.1, lambda: time.sleep(5))
    assert time.monotonic() - started < 4
    assert "pushing took longer than 0.1 seconds and was abandoned; try again" in str(
        explain(DeadlineError("took longer than 0.1 seconds and was abandoned"))
    )


def test_an_error_of_the_work_itself_is_not_taken_for_the_deadline():
    def work():
        raise TimeoutError("of the network")

    with pytest.raises(HubError) as caught:
        within(5, work)
    assert str(explain(caught.value)) == "pushing failed (of the network); check the connection"
