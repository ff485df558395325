"""Weights on the Hugging Face Hub: push, pull, and the card that introduces them.

The Hub's library is imported inside the functions, so that a local folder never needs it.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import torch

from tinygpt.checkpoint import CONFIG, WEIGHTS, load_checkpoint, read_facts
from tinygpt.config import GPTConfig
from tinygpt.data import DEFAULT_SHA256
from tinygpt.model import GPTLanguageModel

METRICS = "metrics.jsonl"
CARD = "README.md"

DEADLINE = 50.0  # seconds for one push, or one search with its download

_ON_THE_HUB = re.compile(r"(?P<repo_id>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", re.ASCII)
_LOG_IN = "run `hf auth login` or set HF_TOKEN"
_BLOCKS = {
    "gpt": "the classic transformer block (learned positions, LayerNorm)",
    "llama": "Llama's (rotary positions, RMSNorm, SwiGLU)",
    "qwen3": "Qwen3's (rotary positions, RMSNorm, also on queries and keys, SwiGLU)",
}

T = TypeVar("T")


class NotACheckpointError(ValueError):
    """A repo on the Hub that holds another kind of model, or none."""


def push(folder: str | Path, repo_id: str, *, private: bool = False) -> str:
    """Publish the checkpoint in `folder` as one commit, and return the repo's URL.

    Only the weights, config.json, metrics.jsonl and README.md go up, the last two where they are;
    without a README.md the model card takes its place. The repo is created if need be; `private`
    says how, and changes nothing about one that exists. Nothing in `folder` is ever written to.

    Raises ValueError for an id that is none, for a checkpoint that does not load or for what the
    Hub refuses, FileNotFoundError without a checkpoint, PermissionError without the right to write
    there, TimeoutError after 50 seconds, and ConnectionError for everything else.
    """
    check_repo_id(repo_id)
    load_checkpoint(folder)  # what nobody could open is not published
    files = _published(Path(folder), repo_id)
    try:
        return _within_deadline(partial(_upload, files, repo_id, private))
    except Exception as error:  # the library lets many kinds through, its HTTP client's own among them
        slow = f'`hf upload {repo_id} {folder} . --include "*.json*" --include {WEIGHTS}`'
        raise _explained(
            error,
            doing=f"pushing {folder} to {repo_id}",
            denied=f"you may not write to {repo_id} on the Hub: {_LOG_IN} to a token with write access",
            slow=f"look whether it has arrived, try again, or on a slow line take {slow}",
        ) from error


def find_weights(source: str | Path) -> Path:
    """The folder of a checkpoint: a path on this machine, or the Hub's `user/name` or `user/name@revision`.

    A path that exists comes first and is returned as it is. From the Hub only the published files
    are fetched, into the library's own cache; what is there is not fetched again, except a damaged
    download, and serves when the Hub does not answer.

    Raises FileNotFoundError when there is neither, PermissionError when the Hub wants a login,
    NotACheckpointError, a ValueError, for another kind of model, TimeoutError after 50 seconds, and
    ConnectionError, unless a copy is cached, for everything else.
    """
    if Path(source).exists():
        return Path(source)
    repo_id, revision = _on_the_hub(source)
    absent = f"{source} is neither a folder here nor a model on the Hub that you may read"
    try:
        return _within_deadline(partial(_download, repo_id, revision))
    except NotACheckpointError:
        raise
    except Exception as error:  # as in push
        problem = _explained(
            error,
            doing=f"{source} is no folder here, and fetching it from the Hub",
            denied=f"{absent}: check the name, or if it is private, {_LOG_IN}",
            slow=f"try again, or on a slow line run `hf download {repo_id} --revision {revision}` first",
        )
        cached = _cached(repo_id, revision)
        if cached and isinstance(problem, ConnectionError | TimeoutError):
            return cached
        raise problem from error


def check_repo_id(repo_id: str) -> None:
    """Raise ValueError, without asking the Hub, unless `repo_id` can be the name of a model there."""
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    form = f"{repo_id!r} is not a name on the Hub: it must look like user/name"
    if repo_id.count("/") != 1:
        raise ValueError(form)
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise ValueError(f"{form} ({_one_line(error)})") from None


def _published(folder: Path, repo_id: str) -> dict[str, bytes]:
    """The files that a push uploads. Raises ValueError when a run replaces them meanwhile."""
    facts = read_facts(folder)
    # Not the file: after a crash in a save, the config that counts may still lie under another name.
    files = {WEIGHTS: (folder / WEIGHTS).read_bytes(), CONFIG: json.dumps(facts, indent=2, ensure_ascii=False).encode()}
    if hashlib.sha256(files[WEIGHTS]).hexdigest() != facts["weights_sha256"]:
        raise ValueError(f"{folder / WEIGHTS} was replaced while it was read: push it again when its run has ended")
    for name in (METRICS, CARD):
        if (folder / name).is_file():
            files[name] = (folder / name).read_bytes()
    if CARD not in files:
        files[CARD] = model_card(facts, repo_id).encode()
    return files


def _upload(files: dict[str, bytes], repo_id: str, private: bool) -> str:
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi()
    url = api.create_repo(repo_id, private=private, exist_ok=True)
    additions = [CommitOperationAdd(name, content) for name, content in files.items()]
    api.create_commit(repo_id, additions, commit_message="Publish a tinygpt checkpoint")
    return str(url)


def _on_the_hub(source: str | Path) -> tuple[str, str]:
    """The repo's id and the revision that a source names."""
    name = source.as_posix() if isinstance(source, Path) else source
    match = _ON_THE_HUB.fullmatch(name)
    try:
        check_repo_id(match["repo_id"] if match else name)
    except ValueError as error:
        raise FileNotFoundError(f"{source} is neither a folder here nor a model on the Hub: {error}") from None
    return match["repo_id"], match["revision"] or "main"


def _download(repo_id: str, revision: str) -> Path:
    """The folder of the cached snapshot, once all of it is there and whole."""
    from huggingface_hub import HfApi

    # One short question first: the downloads below retry for long when there is no answer.
    listed = {file.rfilename for file in HfApi().model_info(repo_id, revision=revision, timeout=DEADLINE / 5).siblings}
    if not listed >= {WEIGHTS, CONFIG}:
        raise NotACheckpointError(f"{repo_id} on the Hub is no tinygpt checkpoint: it lacks {WEIGHTS} or {CONFIG}")
    names = [name for name in (WEIGHTS, METRICS, CARD) if name in listed]
    folder = _fetched(repo_id, revision, names)
    # The library checks the length alone. What is damaged again is refused when it is loaded.
    return folder if _is_whole(folder) else _fetched(repo_id, revision, names, again=True)


def _fetched(repo_id: str, revision: str, names: list[str], again: bool = False) -> Path:
    # File by file: the library's own download of many has threads that a process waits for at its end.
    from huggingface_hub import hf_hub_download

    # By the revision's name, so that the cache knows what it stood for; the rest is of the same commit.
    config = Path(hf_hub_download(repo_id, CONFIG, revision=revision, force_download=again))
    if b'"weights_sha256"' not in config.read_bytes():  # before a large model of another kind is fetched
        raise NotACheckpointError(f"{repo_id} on the Hub is no tinygpt checkpoint: its {CONFIG} is of another kind")
    for name in names:
        hf_hub_download(repo_id, name, revision=config.parent.name, force_download=again)
    return config.parent


def _is_whole(folder: Path) -> bool:
    try:
        read_facts(folder)
    except ValueError:
        return False
    return True


def _cached(repo_id: str, revision: str) -> Path | None:
    """What an earlier download of this revision left, if it is complete."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        paths = [hf_hub_download(repo_id, name, revision=revision, local_files_only=True) for name in (CONFIG, WEIGHTS)]
    except LocalEntryNotFoundError:
        return None
    return Path(paths[0]).parent


def _within_deadline(work: Callable[[], T]) -> T:
    """What `work` returns or raises. Raises TimeoutError when that takes longer than DEADLINE.

    The library has no such limit: it waits for some answers for ever, and retries others for
    minutes. A thread cannot be stopped, so a late one is left behind. It ends with the process,
    and if that lives on, it may still finish what it began.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # handed over, whatever it is, to the one who waits
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    return outcome.result(DEADLINE)


def _explained(error: Exception, *, doing: str, denied: str, slow: str) -> Exception:
    """The same in one line: what went wrong and what to do next."""
    from huggingface_hub.errors import HfHubHTTPError

    causes = list(_causes(error))
    status = next((cause.response.status_code for cause in causes if isinstance(cause, HfHubHTTPError)), None)
    if isinstance(error, TimeoutError):
        return TimeoutError(f"{doing} took longer than {DEADLINE:g} seconds and was given up; {slow}")
    if status in (401, 403):
        return PermissionError(f"{denied} (the Hub answered {status})")
    if status == 404:
        return FileNotFoundError(f"{denied} (the Hub answered {status})")
    if status and status < 500 and status not in (408, 429):
        return ValueError(f"{doing} was refused (the Hub answered {status}: {_one_line(error)})")
    if status:
        return ConnectionError(f"{doing} failed (the Hub answered {status}); try again later")
    if isinstance(error, OSError) and error.errno:  # of this machine: a full disk, a folder that is not ours
        return OSError(f"{doing} failed: {error}")
    return ConnectionError(f"{doing} failed ({_one_line(causes[-1])}); check the connection")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


# The model card: what config.json says, for people. What it does not say is left out.


def model_card(facts: dict[str, Any], repo_id: str = "user/name") -> str:
    """The README.md of published weights, from the facts of their config.json alone."""
    shakespeare = facts.get("data_sha256") == DEFAULT_SHA256
    parts = [
        _front_matter(shakespeare),
        _introduction(shakespeare),
        _architecture(facts),
        _measured(facts, repo_id),
        _trained(facts),
        _used(repo_id),
        _limits(facts, shakespeare),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(shakespeare: bool) -> str:
    lines = ["library_name: tinygpt", "pipeline_tag: text-generation"]
    tags = ["text-generation", "character-level"]
    if shakespeare:  # of any other text we know neither the language nor the terms
        lines += ["license: mit", "language: en", "datasets:", "- karpathy/tiny_shakespeare"]
        tags.append("shakespeare")
    return "\n".join(["---", *lines, "tags:", *(f"- {tag}" for tag in tags), "---"])


def _introduction(shakespeare: bool) -> str:
    text = "Tiny Shakespeare, about a million characters of his plays," if shakespeare else "one text"
    return (
        f"# A small GPT that writes {'Shakespeare, ' if shakespeare else ''}character by character\n\n"
        f"It continues any prompt one character at a time, and was trained from scratch on {text} and nothing else."
    )


def _architecture(facts: dict[str, Any]) -> str:
    rows = {}
    if model := facts.get("model"):
        config = GPTConfig(**model)
        with torch.device("meta"):  # counted without memory
            parameters = sum(parameter.numel() for parameter in GPTLanguageModel(config).parameters())
        rows = {
            "parameters": f"{parameters:,}",
            "block": _BLOCKS[config.family],
            "layers": config.n_layer,
            "heads": config.n_head,
            "width": config.n_embd,
            "context": f"{config.block_size:,} characters",
            "vocabulary": f"{config.vocab_size:,} characters",
        }
    if sha256 := facts.get("weights_sha256"):
        rows["sha256 of the weights"] = f"`{sha256}`"
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"## Model\n\n| | |\n|---|---|\n{table}" if rows else ""


def _measured(facts: dict[str, Any], repo_id: str) -> str:
    nats, block_size = facts.get("validation_loss"), facts.get("validation_block_size")
    if nats is None:
        return ""
    blocks = f", in blocks of {block_size} characters that do not overlap" if block_size else ""
    return (
        f"## Validation loss\n\n**{nats:.4f} nats** ({nats / math.log(2):.4f} bits) a character, over the last 10 % "
        f"of the text{blocks}. To measure it again:\n\n```\npython benchmarks/loss.py --weights {repo_id}\n```"
    )


def _trained(facts: dict[str, Any]) -> str:
    recipe, model = facts.get("training") or {}, facts.get("model") or {}
    steps, batch_size, block_size = facts.get("steps"), recipe.get("batch_size"), model.get("block_size")
    sentences = []
    if facts.get("preset"):
        sentences.append(f"Preset `{facts['preset']}`.")
    if steps:
        each = f" of {batch_size} × {block_size} characters" if batch_size and block_size else ""
        seen = f", {steps * batch_size * block_size:,} characters seen" if each else ""
        time = f", {facts['seconds']:,.0f} seconds" if facts.get("seconds") else ""
        sentences.append(f"{steps:,} steps{each}{seen}{time}.")
    if facts.get("publish") == "last":
        decay = recipe.get("average_decay")
        averaged = f", averaged with those before (decay {decay:g})" if decay else ""
        sentences.append(f"The weights are the last step's{averaged}: nothing was picked by the validation loss.")
    if facts.get("publish") == "best":
        sentences.append(
            "The weights are those with the lowest validation loss among the run's evaluations: "
            "picked by it, they look a little better on it than they are."
        )
    if facts.get("data_sha256"):
        sentences.append(f"The first 90 % of the text of sha256 `{facts['data_sha256']}` were trained on.")
    return "## Training\n\n" + "\n".join(sentences) if sentences else ""


def _used(repo_id: str) -> str:
    return f"""## Use

With the tinygpt code, in the browser or in the terminal:

```
python app.py --weights {repo_id}
python -m tinygpt --weights {repo_id} --prompt "ROMEO:"
```

From Python:

```python
from tinygpt import load_checkpoint
from tinygpt.hub import find_weights

model, tokenizer = load_checkpoint(find_weights("{repo_id}"))
```"""


def _limits(facts: dict[str, Any], shakespeare: bool) -> str:
    vocabulary = facts.get("vocabulary")
    known = f"its {len(vocabulary)} characters" if vocabulary else "the characters of its text"
    manner = "Shakespeare's manner" if shakespeare else "the manner of its text"
    lines = [
        f"- It writes nonsense in {manner}: spelling, names and line breaks mostly hold, sense does not.",
        f"- It knows {known} and no others.",
        "- It may repeat stretches of its text word for word.",
    ]
    if shakespeare:
        lines.append("- That text is in the public domain.")
    return "## Limits\n\n" + "\n".join(lines)
