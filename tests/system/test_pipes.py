"""Standard streams that nothing reads any more."""

import errno
import os

import pytest

from tinygpt.system.pipes import is_closed_pipe, lead_to_nowhere


def test_a_closed_pipe_is_told_from_other_errors_on_every_system(monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(OSError) as closed:  # noqa: PT011  its kind is what is_closed_pipe is about
        os.write(writer, b"x")
    os.close(writer)
    assert is_closed_pipe(closed.value)
    invalid, full = OSError(errno.EINVAL, "Invalid argument"), OSError(errno.ENOSPC, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        windows = [is_closed_pipe(error) for error in (invalid, full)]
        patch.setattr(os, "name", "posix")
        others = [is_closed_pipe(error) for error in (invalid, full)]
    assert (windows, others) == ([True, False], [False, False])


def test_what_a_stream_holds_and_gets_goes_to_nowhere(monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        stream.write("held")
        with pytest.raises(OSError, match=r"."):
            stream.flush()
        lead_to_nowhere(stream)
        print("more", file=stream, flush=True)
