"""The published loss of a checkpoint: python benchmarks/loss.py [--weights FOLDER|USER/NAME] [--data FILE]"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from machine import describe

from tinygpt.checkpoint import load_checkpoint, read_facts
from tinygpt.data import DEFAULT_URL, load_dataset
from tinygpt.evaluation import evaluate_full
from tinygpt.flags import SHIPPED, Parser
from tinygpt.hub import find_weights


def main() -> None:
    parser = Parser(prog="loss.py", description="Measure a checkpoint on the whole validation split.")
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--data", nargs="+", default=DEFAULT_URL, metavar="FILE")
    args = parser.parse_args()
    try:
        folder = find_weights(args.weights)
        model, tokenizer = load_checkpoint(folder)
        dataset = load_dataset(args.data)
        if dataset.tokenizer.vocabulary != tokenizer.vocabulary:
            raise ValueError("the text has other characters than the model was trained on; pass its text with --data")
    except (ValueError, OSError) as error:
        sys.exit(f"loss.py: {error}")
    start = time.perf_counter()
    loss = evaluate_full(model, dataset.validation)
    print(f"machine   {describe()}")
    print(f"weights   {args.weights}, sha256 {read_facts(folder)['weights_sha256']}")
    print(f"text      sha256 {dataset.sha256}, no seed: nothing is drawn")
    print(f"loss      {loss}")
    print(f"time      {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
