"""How much of what a model writes it has by heart: python benchmarks/memorised.py [--weights FOLDER|USER/NAME]

With --index FILE it makes the index by which the page tells that, and says how often that is wrong.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from machine import describe

from tinygpt.by_heart import build_index, held
from tinygpt.config import MAX_LENGTH, SampleConfig, check_integer
from tinygpt.data import Dataset, load_dataset
from tinygpt.download import DEFAULT_URL
from tinygpt.flags import SHIPPED, Parser
from tinygpt.generation import stream
from tinygpt.hub import find_weights
from tinygpt.memorised import SHORTEST, memorised
from tinygpt.opening import open_checkpoint


def main() -> None:
    parser = Parser(prog="memorised.py", description="Write 100,000 characters and look for them in the training text.")
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--data", nargs="+", default=DEFAULT_URL, metavar="FILE")
    parser.add_argument("--temperature", type=float, default=0.8, metavar="X")
    parser.add_argument("--index", type=Path, metavar="FILE", help="only make the index of the training text")
    parser.add_argument("--characters", type=int, default=100_000, metavar="N")
    args = parser.parse_args()
    start = time.perf_counter()
    try:
        check_integer("characters", args.characters, 1, 10_000_000)
        if args.index:
            make_index(args.index, load_dataset(args.data))
            return
        model, tokenizer = open_checkpoint(find_weights(args.weights))
        dataset = load_dataset(args.data)
        training_text = dataset.tokenizer.decode(dataset.train.tolist())
        texts = []
        for seed, first in enumerate(range(0, args.characters, MAX_LENGTH), start=1):
            length = min(MAX_LENGTH, args.characters - first)
            settings = SampleConfig(max_new_tokens=length, temperature=args.temperature, seed=seed)
            texts.append("".join(stream(model, tokenizer, "\n", settings)))
    except (ValueError, OSError) as error:
        sys.exit(f"memorised.py: {error}")
    longest, share = memorised(texts, training_text)
    print(f"machine   {describe()}")
    print(f"written   {args.characters:,} characters at temperature {args.temperature:g}, seeds 1 to {len(texts)}")
    print(f"memorised {100 * share:.2f} % of them, in stretches of at least {SHORTEST} characters of the training text")
    print(f"longest   {len(longest)} characters: {longest!r}")
    print(f"time      {time.perf_counter() - start:.0f} s")


def make_index(path: Path, dataset: Dataset) -> None:
    """Write the index of the training text, and ask it for stretches of the held-out one, and of itself backwards."""
    training_text, others = (dataset.tokenizer.decode(part.tolist()) for part in (dataset.train, dataset.validation))
    index = build_index(training_text)
    with path.open("wb") as file:
        np.save(file, index)
    known = {training_text[i : i + SHORTEST] for i in range(len(training_text) - SHORTEST + 1)}
    asked = wrong = 0
    for text in (others, training_text[::-1]):
        for i, there in enumerate(held(index, text).tolist()):
            unknown = text[i : i + SHORTEST] not in known
            asked, wrong = asked + unknown, wrong + (unknown and there)
    print(f"index     {path}, {path.stat().st_size:,} bytes for {len(known):,} stretches")
    print(f"wrong     for {wrong} of {asked:,} stretches that it does not hold: 1 in {asked / max(1, wrong):,.0f}")


if __name__ == "__main__":
    main()
