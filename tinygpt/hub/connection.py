"""What speaking with the Hub has in common: names of repositories, deadlines, and errors that say what to do next.

huggingface_hub is imported inside the functions: it takes a while, and a local folder never needs it.
"""

import errno
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait

from tinygpt.background import T, in_background

ANSWER_SECONDS = 50.0  # for all that is sent or received in one step, besides its bytes
BYTES_PER_SECOND = 50_000  # of a connection that is slow but works
LOG_IN = "run `hf auth login` or set HF_TOKEN"

_FULL_DISK = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class HubError(Exception):
    """Raised for whatever huggingface_hub raises, which is the cause: errors of HTTP and files, and of bad answers."""


class DeadlineError(TimeoutError):
    """Raised for a step that has not ended in time. Its message has no subject."""


def check_repo_id(repo_id: str) -> None:
    """Raise ValueError unless `repo_id` is well-formed. Needs no network."""
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    form = f"{repo_id!r} is not a valid name on the Hub: it must have the form user/name"
    if repo_id.count("/") != 1 or not repo_id.isascii():  # older versions of huggingface_hub let letters like é pass
        raise ValueError(form)
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise ValueError(f"{form} ({one_line(error)})") from None


def seconds_for(size: int) -> float:
    """The seconds within which `size` bytes have to be sent or received."""
    return ANSWER_SECONDS + size / BYTES_PER_SECOND


def within(seconds: float, work: Callable[[], T]) -> T:
    """Return what `work` returns, which does nothing but call huggingface_hub.

    huggingface_hub has no limit of time: it waits for some answers forever, and retries others for minutes. A thread
    cannot be stopped, so after the deadline it goes on in the background, at most until the process ends.

    Raises HubError for any error in it, so that an error of our own is never taken for one of the Hub, and
    DeadlineError when it takes longer than so many seconds.
    """
    result, deadline = in_background(work), time.monotonic() + seconds
    while not result.done():
        if (left := deadline - time.monotonic()) <= 0:
            raise DeadlineError(f"took longer than {round(seconds, 1):g} seconds and was abandoned")
        wait([result], min(left, 0.5))  # Windows handles Ctrl-C only between two waits
    try:
        return result.result()
    except Exception as error:
        raise HubError from error


def explained(error: HubError | OSError, *, doing: str, denied: str, slow: str, local: str) -> Exception:
    """Turn an error of huggingface_hub, or of a local file, into a built-in one that says in one line what to do next.

    `doing` names what failed; `denied` is the message when the Hub refuses access or knows no such repository;
    `slow` says what to do after a timeout, and `local` when a local file cannot be read or written.
    """
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, HubError):
        error = error.__cause__
    causes = list(_causes(error))
    status = next((cause.response.status_code for cause in causes if isinstance(cause, HfHubHTTPError)), None)
    if isinstance(error, DeadlineError):
        return TimeoutError(f"{doing} {error}; {slow}")
    if isinstance(causes[-1], UnicodeEncodeError):  # everything else that is sent is ASCII
        return PermissionError(f"{doing} failed: what you are logged in with is not a token of the Hub; {LOG_IN}")
    if status in (401, 403):
        return PermissionError(f"{denied} (the Hub answered {status})")
    if status == 404:
        return FileNotFoundError(f"{denied} (the Hub answered {status})")
    if status == 412:
        return ConnectionError(f"{doing} failed: somebody else has changed it meanwhile; try again")
    if status and status < 500 and status not in (408, 429):
        return ValueError(f"{doing} was rejected (the Hub answered {status}: {one_line(error)})")
    if status:
        return ConnectionError(f"{doing} failed (the Hub answered {status}); try again later")
    if problem := next(filter(_is_local, causes), None):
        gone = isinstance(problem, FileNotFoundError)
        full = isinstance(problem, OSError) and problem.errno in _FULL_DISK
        remedy = "it was removed meanwhile, try again" if gone else "make room there" if full else local
        return OSError(f"{doing} failed ({one_line(problem)}); {remedy}")
    return ConnectionError(f"{doing} failed ({one_line(causes[-1])}); check the connection")


def one_line(error: BaseException) -> str:
    """The text of an error, which may quote what was sent, without the token."""
    from huggingface_hub import get_token

    text = str(error).replace(get_token() or "\0", "***")
    text = re.sub(r"(?i)\b(bearer )[^\s'\"]+", r"\1***", text)  # a token that is written in another way
    return " ".join(text.split())[:300] or type(error).__name__


def _is_local(error: BaseException) -> bool:
    """Whether an error is about a file of this machine. Those of the network have a number, too, but name no file."""
    return isinstance(error, OSError) and bool(error.errno) and bool(error.filename or error.errno in _FULL_DISK)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__
