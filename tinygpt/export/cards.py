"""The README.md of each export: what it is, and how to open it. The examples run as they stand."""

from tinygpt.checkpoint.reading import Checkpoint
from tinygpt.data.download import learned_default_text
from tinygpt.data.tokenizer import TextEncoderDecoder


def transformers_card(checkpoint: Checkpoint) -> str:
    """The model card of a folder for the transformers library."""
    context, prompt = checkpoint.config.block_size, _prompt(checkpoint)
    return f"""{_front_matter(checkpoint, "transformers")}

# A small GPT that writes character by character

```python
from transformers import pipeline

write = pipeline("text-generation", model=".")  # or the path of this folder, or its name on the Hub
print(write({prompt!r})[0]["generated_text"])
```

With more in hand:

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model, tokenizer = AutoModelForCausalLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")
inputs = tokenizer({prompt!r}, return_tensors="pt")
print(tokenizer.decode(model.generate(**inputs, do_sample=False)[0]))
```

- A token is a character. The model knows {checkpoint.config.vocab_size}; others are dropped from a prompt.
- **A text has at most {context} characters, the prompt included**: the model's context, up to which it writes by
  default. It was not trained past it: keep `max_new_tokens` and a server's `max_tokens` within it. To continue a longer
  text, pass `truncation=True, max_length={max(1, context // 2)}` to the tokenizer, which keeps the end.
- There is no token that ends a text, and none to pad with: give texts of several lengths one by one.
- Without a prompt, `generate()` and the pipeline start from a newline.

{_origin(checkpoint)}
"""


def onnx_card(checkpoint: Checkpoint) -> str:
    """The README.md beside model.onnx, with a complete example."""
    prompt = _prompt(checkpoint)
    return f"""{_front_matter(checkpoint, "onnx")}

# A small GPT that writes character by character

It needs `pip install onnxruntime` and nothing else:

```python
import json

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1  # for a small model, as more threads wait for each other
session = onnxruntime.InferenceSession("model.onnx", options, providers=["CPUExecutionProvider"])
facts = {{name: json.loads(fact) for name, fact in session.get_modelmeta().custom_metadata_map.items()}}
vocabulary, block_size = facts["vocabulary"], facts["block_size"]
empty = {{each.name: np.zeros((1, each.shape[1], 0, each.shape[3]), "float32") for each in session.get_inputs()[1:]}}


def uniform(seed, i):  # output number i of SplitMix64, as a number in [0, 1)
    z = (seed + (i + 1) * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return ((z ^ (z >> 31)) >> 11) / 2**53


def sample(logits, temperature, u):
    if temperature == 0:
        return int(np.argmax(logits))
    weights = np.exp((logits - logits.max()) / temperature)
    cumulative = np.cumsum(weights / weights.sum())
    return int(np.searchsorted(cumulative, u * cumulative[-1], side="right"))


def write(prompt, length, temperature=0.8, seed=0):
    window = [vocabulary.index(character) for character in prompt or "\\n"][-block_size:]
    unread, cache = window, empty
    for i in range(length):
        logits, *present = session.run(None, {{"input_ids": np.array([unread]), **cache}})
        cache = dict(zip(empty, present))
        id = sample(logits[0, -1].astype("float64"), temperature, uniform(seed, i))
        yield vocabulary[id]
        window, unread = [*window, id], [id]
        if len(window) > block_size:  # full: its last half is read again, as a new one
            window = unread = window[-max(1, block_size // 2) :]
            cache = empty


for character in write({prompt!r}, 500, seed=7):
    print(character, end="", flush=True)
```

This writes what `python -m tinygpt` writes for the same prompt, temperature and seed.

| | name | shape |
|---|---|---|
| in | `input_ids` | (batch, sequence), int64: any number of ids, which continue what the cache holds |
| in | `past_key_values.LAYER.key`, `.value` | (batch, heads, past, head size), float32; past is 0 in a new window |
| out | `logits` | (batch, sequence, vocabulary): of the character after each id |
| out | `present.LAYER.key`, `.value` | (batch, heads, past + sequence, head size): the next call's cache |

A window has at most {checkpoint.config.block_size} positions: past them, running the model fails. The texts of a batch
have equal lengths. `config.json` and the file's own metadata hold the vocabulary, in which a character's position is
its id, the context and the model's shape.

{_origin(checkpoint)}
"""


def static_card(checkpoint: Checkpoint, title: str) -> str:
    """The README.md of the page without a server."""
    return f"""# {title}

A page that continues any prompt one character at a time. Everything is in this folder: the model runs in the visitor's
browser, and what is typed never leaves it.

Any web server can serve these files, at any address. Opened as a file, without one, the page does not work. On your
own machine:

```bash
python -m http.server
```

Then open <http://localhost:8000>. After the first visit, over https or on your own machine, the page also opens without
a network, and browsers offer to install it.

The model is in `model/`, the code of the page in `web/`. The code is under the MIT license (`LICENSE`), the fonts are
under the SIL Open Font License (`web/fonts/OFL.txt`).

The weights are those of a checkpoint of tinygpt ({checkpoint.config.family}) with the sha256
`{checkpoint.facts["weights_sha256"]}`.
"""


def _front_matter(checkpoint: Checkpoint, library: str) -> str:
    """The metadata that the Hub reads. The language and the license of any other text are unknown."""
    known = ["license: mit", "language: en"] if learned_default_text(checkpoint.facts) else []
    lines = [f"library_name: {library}", "pipeline_tag: text-generation", *known, "tags:", "- character-level"]
    return "\n".join(["---", *lines, "---"])


def _origin(checkpoint: Checkpoint) -> str:
    return (
        f"Exported in float32 from a checkpoint of tinygpt ({checkpoint.config.family}); the sha256 of its weights is "
        f"`{checkpoint.facts['weights_sha256']}`."
    )


def _prompt(checkpoint: Checkpoint) -> str:
    """A prompt in characters of the vocabulary, shorter than the context."""
    prompt, _ = TextEncoderDecoder(checkpoint.vocabulary).normalize("ROMEO:")
    return prompt[: checkpoint.config.block_size - 1] or checkpoint.vocabulary[0]
