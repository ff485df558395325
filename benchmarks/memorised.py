"""How much of what a model writes it has by heart: python benchmarks/memorised.py [--weights FOLDER|USER/NAME]"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from machine import describe

from tinygpt.config import MAX_LENGTH, SampleConfig, check_integer
from tinygpt.data import load_dataset
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
    parser.add_argument("--characters", type=int, default=100_000, metavar="N")
    args = parser.parse_args()
    start = time.perf_counter()
    try:
        check_integer("characters", args.characters, 1, 10_000_000)
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


if __name__ == "__main__":
    main()
