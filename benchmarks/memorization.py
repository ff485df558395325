"""Measure how much of what a model writes occurs word for word in its training text.

python -m benchmarks.memorization [--weights FOLDER|USER/NAME]   write 20 texts and search for them
python -m benchmarks.memorization --index FILE                   make the index that the page uses, and its error rate

The training text can be recovered from the index: keep that of a private text to yourself.
"""

import time
from io import BytesIO
from pathlib import Path

import numpy as np

from benchmarks.command import header, make_parser, one_line_errors
from tinygpt.config import SampleConfig
from tinygpt.data.dataset import Dataset, load_dataset
from tinygpt.data.download import DEFAULT_URL
from tinygpt.data.memorization import MIN_LENGTH, build_index, lookup, measure_memorization
from tinygpt.fields import Integer
from tinygpt.flags import SHIPPED
from tinygpt.hub.pull import find_weights
from tinygpt.inference.generation import stream
from tinygpt.inference.loading import open_checkpoint
from tinygpt.system.atomic import write_atomically


def main() -> None:
    """Run the command."""
    parser = make_parser("memorization", __doc__)
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--data", nargs="+", default=DEFAULT_URL, metavar="FILE")
    parser.add_argument("--temperature", type=float, default=0.8, metavar="X")
    parser.add_argument("--texts", type=int, default=20, metavar="N", help="texts to write (default: 20)")
    parser.add_argument("--length", type=int, default=5000, metavar="N", help="characters of each (default: 5000)")
    parser.add_argument(
        "--index",
        type=Path,
        metavar="FILE",
        help="only make the index of the training text, from which that text can be recovered",
    )
    args = parser.parse_args()
    start = time.perf_counter()
    with one_line_errors(parser):
        Integer(1, 1000).checked("texts", args.texts)
        settings = {"max_new_tokens": args.length, "temperature": args.temperature}
        samples = [SampleConfig(**settings, seed=seed) for seed in range(1, args.texts + 1)]
        dataset = load_dataset(args.data)
        if args.index:
            print(header("none, nothing is random"))
            make_index(args.index, dataset)
            return
        engine, tokenizer = open_checkpoint(find_weights(args.weights))
        texts = ["".join(stream(engine, tokenizer, "\n", sample)) for sample in samples]
    longest, fraction = measure_memorization(texts, dataset.tokenizer.decode(dataset.train.tolist()))
    print(header(f"1 to {args.texts}"))
    print(f"written   {args.texts * args.length:,} characters at temperature {args.temperature:g}")
    print(f"memorized {100 * fraction:.2f} % of them, in spans of at least {MIN_LENGTH} characters")
    print(f"longest   {len(longest)} characters: {longest!r}")
    print(f"time      {time.perf_counter() - start:.0f} s")


def make_index(path: Path, dataset: Dataset) -> None:
    """Write the index of the training text to a file, and print how often it gives a wrong answer.

    It is asked about every passage of the validation text, and of the training text reversed.
    """
    training_text, others = (dataset.tokenizer.decode(part.tolist()) for part in (dataset.train, dataset.validation))
    index = build_index(training_text)
    content = BytesIO()
    np.save(content, index)
    write_atomically(path, content.getvalue())
    known = {training_text[i : i + MIN_LENGTH] for i in range(len(training_text) - MIN_LENGTH + 1)}
    unknown = wrong = 0
    for text in (others, training_text[::-1]):
        for i, found in enumerate(lookup(index, text).tolist()):
            if text[i : i + MIN_LENGTH] not in known:
                unknown, wrong = unknown + 1, wrong + found
    print(f"index     {path}, {path.stat().st_size:,} bytes for {len(known):,} passages")
    print("private   no longer: whoever has this file can recover the training text from it, character by character")
    print(f"wrong     for {wrong} of {unknown:,} passages that it does not hold: 1 in {unknown / max(1, wrong):,.0f}")


if __name__ == "__main__":
    main()
