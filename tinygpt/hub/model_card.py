"""Model cards: what a checkpoint's config.json says, in English. Facts that it lacks are omitted."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from tinygpt.config import GPTConfig
from tinygpt.data.download import learned_default_text
from tinygpt.inference.sample import Sample
from tinygpt.model.parameter_shapes import count_parameters
from tinygpt.system.shell import command_line

_DATASET = "karpathy/tiny_shakespeare"  # its name on the Hub
# A card with this line may be written anew, which the owner of one without it would not want.
_GENERATED = "<!-- Written by python -m tinygpt.hub prepare. Remove this line to keep your own changes. -->"
_BLOCKS = {
    "gpt": "classic transformer (learned positions, LayerNorm)",
    "llama": "Llama (rotary positions, RMSNorm, SwiGLU)",
    "qwen3": "Qwen3 (rotary positions, RMSNorm, also on queries and keys, SwiGLU)",
}


def model_card(
    facts: dict[str, Any],
    name: str = "user/name",
    samples: Iterable[Sample] = (),
    *,
    with_index: bool = False,
    space: str | None = None,
) -> str:
    """Return the README.md that goes with a checkpoint, given the contents of its config.json.

    Args:
        name: what the card's commands name: a repository on the Hub, or a folder.
        samples: texts that these weights wrote.
        with_index: whether the memorization index is published, too.
        space: the id of a Space on the Hub where the model can be tried.
    """
    shakespeare = learned_default_text(facts)
    parts = [
        _front_matter(facts, shakespeare, name),
        _GENERATED,
        _introduction(shakespeare, space),
        *(_sample(sample, name) for sample in samples),
        _usage(name),
        _architecture(facts),
        _validation_loss(facts, name),
        _training(facts),
        _limitations(facts, shakespeare, with_index),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def is_generated(card: bytes) -> bool:
    """Whether a README.md was written by model_card and nobody has claimed it since, so that it may be written anew."""
    return any(line.strip() == _GENERATED.encode() for line in card.splitlines())


def _front_matter(facts: dict[str, Any], shakespeare: bool, name: str) -> str:
    """The metadata that the Hub reads. The language and the license of any other text are unknown."""
    from huggingface_hub import EvalResult, ModelCardData  # late: only who publishes needs it

    known, tags, loss = {}, ["text-generation", "character-level"], facts.get("validation_loss")
    if shakespeare:
        known = {"license": "mit", "language": "en", "datasets": [_DATASET]}
        tags.append("shakespeare")
    if shakespeare and loss is not None:
        result = EvalResult(
            task_type="text-generation",
            dataset_type=_DATASET,
            dataset_name="Tiny Shakespeare, the last 10 %",
            metric_type="loss",
            metric_name="nats per character",
            metric_value=round(loss, 4),
            metric_args={"command": _loss_command(name)},
        )
        known |= {"model_name": "tinygpt", "eval_results": [result]}
    data = ModelCardData(library_name="tinygpt", pipeline_tag="text-generation", tags=tags, **known)
    return f"---\n{data.to_yaml()}\n---"


def _introduction(shakespeare: bool, space: str | None) -> str:
    text = "Tiny Shakespeare, about a million characters of his plays," if shakespeare else "one text"
    return (
        f"# A small GPT that writes {'Shakespeare, ' if shakespeare else ''}character by character\n\n"
        f"It continues any prompt one character at a time, and was trained from scratch on {text} and nothing else."
        + (f" [Try it in the browser](https://huggingface.co/spaces/{space})." if space else "")
    )


def _sample(sample: Sample, name: str) -> str:
    text, command = (sample.request.prompt + sample.text).strip("\n"), sample.command(name)
    fence = "`" * max(3, _longest_run(text) + 1)
    mark = "`" * (_longest_run(command) + 1)
    return f"{fence}text\n{text}\n{fence}\n\nWritten by {mark}{command}{mark}."


def _longest_run(text: str) -> int:
    """The length of the longest run of backticks: what encloses a text as code in Markdown has to be longer."""
    return max(map(len, re.findall("`+", text)), default=0)


def _architecture(facts: dict[str, Any]) -> str:
    rows = {}
    if model := facts.get("model"):
        config = GPTConfig(**model)
        rows = {
            "parameters": f"{count_parameters(config):,}",
            "architecture": _BLOCKS[config.family],
            "layers": config.n_layer,
            "heads": config.n_head,
            "width": config.n_embd,
            "context": f"{config.block_size:,} characters",
            "vocabulary": f"{config.vocab_size:,} characters",
        }
    if sha256 := facts.get("weights_sha256"):
        rows["sha256 of the weights"] = _code(sha256)
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"## Model\n\n| | |\n|---|---|\n{table}" if rows else ""


def _validation_loss(facts: dict[str, Any], name: str) -> str:
    nats, block_size = facts.get("validation_loss"), facts.get("validation_block_size")
    if nats is None:
        return ""
    blocks = f", in non-overlapping blocks of {block_size} characters" if block_size else ""
    return (
        f"## Validation loss\n\n**{nats:.4f} nats** ({nats / math.log(2):.4f} bits) per character, over the last 10 % "
        f"of the text{blocks}. To measure it again:\n\n```\n{_loss_command(name)}\n```"
    )


def _loss_command(name: str) -> str:
    return command_line("python", "-m", "benchmarks.loss", "--weights", name)


def _training(facts: dict[str, Any]) -> str:
    training, model = _numbers(facts.get("training")), _numbers(facts.get("model"))
    steps, batch_size, block_size = facts.get("steps"), training.get("batch_size"), model.get("block_size")
    sentences = []
    if facts.get("preset"):
        sentences.append(f"Preset {_code(facts['preset'])}.")
    if steps:
        batch = f" of {batch_size} × {block_size} characters" if batch_size and block_size else ""
        seen = f", {steps * batch_size * block_size:,} characters seen" if batch else ""
        time = f", {facts['seconds']:,.0f} seconds" if facts.get("seconds") else ""
        sentences.append(f"{steps:,} steps{batch}{seen}{time}.")
    if facts.get("precision") and facts.get("device"):
        machines = "; ".join(map(_code, facts.get("machines", [])))
        device = _code(facts["device"]) + (f" ({machines})" if machines else "")
        sentences.append(f"Trained in {_code(facts['precision'])} on: {device}.")
    if teachers := facts.get("teachers_sha256"):
        ngram = training.get("ngram_weight")
        among = f", with an n-gram model among them at a weight of {100 * ngram:g} %," if ngram else ""
        sentences.append(
            f"Distilled from {len(teachers)} teachers that were trained on the same text: the mean of their predicted "
            f"probabilities{among} made up {100 * training.get('distill_weight', 1):g} % of the targets. The sha256 of "
            f"the teachers' weights: {', '.join(map(_code, teachers))}."
        )
    if facts.get("publish") == "last":
        decay = training.get("ema_decay")
        averaged = f", averaged over the steps before it (EMA with decay {decay:g})" if decay else ""
        sentences.append(f"The weights are those of the last step{averaged}: nothing was selected by validation loss.")
    if facts.get("publish") == "best":
        sentences.append(
            "The weights are those with the lowest validation loss among the run's evaluations: selected by it, "
            "they look slightly better on it than they are."
        )
    if facts.get("data_sha256"):
        removed = facts.get("removed")
        without = f", without {removed:,} characters that also occur in the last 10 %" if removed else ""
        sentences.append(f"Trained on the first 90 % of the text with sha256 {_code(facts['data_sha256'])}{without}.")
    return "## Training\n\n" + "\n".join(sentences) if sentences else ""


def _usage(name: str) -> str:
    return f"""## Use

With the tinygpt code, in the browser or in the terminal:

```
{command_line("python", "app.py", "--weights", name)}
{command_line("python", "-m", "tinygpt", "--weights", name)} --prompt "ROMEO:"
```

From Python:

```python
from tinygpt import open_checkpoint, stream

engine, tokenizer = open_checkpoint({json.dumps(name)})
print("".join(stream(engine, tokenizer, "ROMEO:")))
```"""


def _limitations(facts: dict[str, Any], shakespeare: bool, with_index: bool) -> str:
    vocabulary = facts.get("vocabulary")
    known = f"its {len(vocabulary)} characters" if vocabulary else "the characters of its training text"
    style = "Shakespeare's style" if shakespeare else "the style of its training text"
    lines = [
        f"- It writes nonsense in {style}: spelling, names and line breaks are mostly right, meaning is not.",
        f"- It knows {known} and no others.",
        "- It may repeat passages of its training text word for word.",
    ]
    if with_index:
        lines.append(
            "- Its training text can be recovered from `memorization.npy`, the index of it that is beside the weights."
        )
    if shakespeare:
        lines.append("- That text is in the public domain.")
    return "## Limitations\n\n" + "\n".join(lines)


def _numbers(values: dict[str, Any] | None) -> dict[str, int | float]:
    """Those of some settings that are numbers, since a config.json from elsewhere may hold anything."""
    return {name: value for name, value in (values or {}).items() if isinstance(value, int | float)}


def _code(value: object) -> str:
    """A value as code in Markdown, without the characters that would end the code or the cell of a table."""
    shown = "".join(character for character in str(value) if character.isprintable() and character not in "`|")
    return f"`{shown}`"
