"""The model card: what a checkpoint's config.json says, for people. What it does not say is left out."""

import math
from typing import Any

from tinygpt.config import GPTConfig
from tinygpt.download import DEFAULT_SHA256
from tinygpt.shapes import count_parameters

_BLOCKS = {
    "gpt": "the classic transformer block (learned positions, LayerNorm)",
    "llama": "Llama's (rotary positions, RMSNorm, SwiGLU)",
    "qwen3": "Qwen3's (rotary positions, RMSNorm, also on queries and keys, SwiGLU)",
}


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
        rows = {
            "parameters": f"{count_parameters(config):,}",
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
    if facts.get("precision") and facts.get("device"):
        sentences.append(f"Trained in {facts['precision']} on: {facts['device']}.")
    if teachers := facts.get("teachers_sha256"):
        sentences.append(
            f"It learned from {len(teachers)} other models of the same text, whose mean expectations made up "
            f"{100 * recipe.get('teacher_share', 1):g} % of its targets; the sha256 of their weights: "
            f"{', '.join(f'`{sha256}`' for sha256 in teachers)}."
        )
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
        left_out = facts.get("left_out")
        without = f", without {left_out:,} characters that the last 10 % hold too" if left_out else ""
        sentences.append(f"The first 90 % of the text of sha256 `{facts['data_sha256']}` were trained on{without}.")
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
