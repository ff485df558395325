"""sample.json: a text that the weights beside it wrote, with the request that writes it again, for a page to open with.

Its fields are `request`, the fields of a GenerationRequest that differ from their defaults, with `prompt` and `seed` in
any case (the seed in digits, because JavaScript's numbers cannot hold 64 bits); `text`, what follows the prompt;
`confidence`, a digit for each character of the text, which earlier versions did not write; and `weights_sha256`.
"""

import json
import logging
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tinygpt.checkpoint.files import one_line, read_bytes
from tinygpt.checkpoint.reading import Checkpoint
from tinygpt.data.download import learned_default_text
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.engines.engine import Engine
from tinygpt.flags import flag
from tinygpt.inference.continuation import prepare, write
from tinygpt.request import GenerationRequest, default
from tinygpt.system.shell import command_line

SAMPLE = "sample.json"
MAX_SAMPLE_BYTES = 200_000

# The text of the README. Of 350 characters, it is those up to the end of a speech.
_SHAKESPEARE = {"prompt": "JULIET:", "seed": 1564}
_DIGITS = re.compile("[0-9]+")
_SETTINGS = {"length": 350, "temperature": 0.6, "seed": 1337}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sample:
    """A request with its seed, and the text that weights wrote for it."""

    request: GenerationRequest
    text: str
    weights_sha256: str
    confidence: str = ""  # as in a Continuation; "" if unknown

    def json(self) -> bytes:
        """The content of sample.json."""
        request = _differing(self.request) | {"seed": str(self.request.seed)}
        fields = {"request": request, "text": self.text}
        fields |= {"confidence": self.confidence} if self.confidence else {}
        fields["weights_sha256"] = self.weights_sha256
        return (json.dumps(fields, indent=2, ensure_ascii=False) + "\n").encode()

    def until_line_end(self) -> "Sample":
        """The beginning of the sample, at least half of it, up to the end of a speech or of a line, if there is one.

        Its request asks for no more than that. A beam search's is unchanged: it finds a text as a whole.
        """
        ends = [self.text.rfind(end) for end in ("\n\n", "\n")]
        end = next((end for end in ends if end >= max(1, len(self.text) // 2)), None)
        if end is None or self.request.strategy == "beam":
            return self
        request = replace(self.request, length=end)
        return replace(self, request=request, text=self.text[:end], confidence=self.confidence[:end])

    def command(self, weights: str) -> str:
        """The command that writes the text again, given what --weights is to name."""
        given = {name: value for name, value in _differing(self.request).items() if value is not None}
        flags = [part for name, value in given.items() for part in (flag(name), str(value).replace("\n", r"\n"))]
        return command_line("python", "-m", "tinygpt", "--weights", weights, *flags)


def sample_request(facts: dict[str, Any], fields: dict[str, Any]) -> GenerationRequest:
    """The request for the sample of weights with these facts: `fields`, and for what they lack our choice.

    Weights that learned Shakespeare continue a speaker's name. Others begin on a new line, since nothing is known of
    their text but its characters; without line ends among these, they continue the first one.
    """
    vocabulary = facts["vocabulary"]
    chosen = {"prompt": "" if "\n" in vocabulary else vocabulary[0]}
    if learned_default_text(facts):
        chosen = _SHAKESPEARE
    return GenerationRequest(**_SETTINGS | chosen | fields)


def second_request(request: GenerationRequest) -> GenerationRequest:
    """The request for the text that a model card shows beside the sample: at the temperature of training, 1."""
    return GenerationRequest(**_SETTINGS | {"prompt": request.prompt, "temperature": 1.0})


def write_sample(
    engine: Engine, tokenizer: TextEncoderDecoder, request: GenerationRequest, weights_sha256: str
) -> Sample:
    """Write what a request asks for. Raises FieldError as `write` does."""
    *_, written = write(engine, tokenizer, request)
    return Sample(written.request, written.text, weights_sha256, written.confidence)


def read_sample(folder: Path) -> Sample | None:
    """The sample beside weights, or None without one. Raises ValueError for a file that is not one, and OSError."""
    path = folder / SAMPLE
    if not path.exists():
        return None
    try:
        fields = json.loads(read_bytes(path, MAX_SAMPLE_BYTES))
        request, text, sha256 = (fields[name] for name in ("request", "text", "weights_sha256"))
        confidence = fields.get("confidence", "")
        if not all(isinstance(each, str) for each in (text, sha256, confidence)):
            raise ValueError("text, confidence and weights_sha256 must be strings")
        if confidence and not (_DIGITS.fullmatch(confidence) and len(confidence) == len(text)):
            raise ValueError("confidence must have a digit for each character of the text")
        return Sample(GenerationRequest(**request), text, sha256, confidence)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"{path} is not a sample ({one_line(error)}): remove it, and it is written anew") from None


def opening_sample(folder: Path, checkpoint: Checkpoint) -> Sample | None:
    """The sample beside a checkpoint for a page to open with; None if there is none that these weights wrote.

    A file that cannot be shown is logged.
    """
    tokenizer = TextEncoderDecoder(checkpoint.vocabulary)
    try:
        sample = read_sample(folder)
        if sample and sample.weights_sha256 == checkpoint.facts["weights_sha256"]:
            prepare(checkpoint.config, tokenizer, sample.request)  # checks it
            tokenizer.encode(sample.text)
            return sample
    except (OSError, ValueError) as error:
        _log.warning("The page opens without a sample: %s", error)
    return None


def _differing(request: GenerationRequest) -> dict[str, Any]:
    """The prompt, the seed, and the fields that differ from their defaults."""
    return {
        name: value for name, value in asdict(request).items() if name in ("prompt", "seed") or value != default(name)
    }
