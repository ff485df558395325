"""Time the torch engine on any device: a single text, and many that it writes side by side in one batch.

Greedy, from an empty context until it is full. The key-value cache is allocated once, for a whole window, and is used
again in every round.
"""

from statistics import median

import torch

from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.machine import seconds
from tinygpt.checkpoint.torch_checkpoint import load_checkpoint
from tinygpt.engines.device import choose_device
from tinygpt.engines.torch_engine import TorchEngine
from tinygpt.fields import Integer
from tinygpt.flags import DEVICES, SHIPPED
from tinygpt.hub.pull import find_weights
from tinygpt.training.machine import describe_machine


def main() -> None:
    """Run the command."""
    parser = make_parser("batch", __doc__)
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="default: the fastest one available")
    parser.add_argument("--batch", type=int, default=64, metavar="N", help="texts side by side (default: 64)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="measurements of each (default: 5)")
    args = parser.parse_args()
    with one_line_errors(parser):
        Integer(2, 4096).checked("batch", args.batch)
        Integer(1, 1000).checked("rounds", args.rounds)
        device = choose_device(args.device)
        model, _ = load_checkpoint(find_weights(args.weights), device)
    print(header("none, nothing is random", describe_machine(device)))
    for dtype in (torch.float32, torch.bfloat16):
        engine = TorchEngine(model.to(dtype))
        for batch in (1, args.batch):
            name = f"{batch} text{'s' * (batch > 1)} in {str(dtype).removeprefix('torch.')}"
            step = median_step(engine, batch, args.rounds)
            rate = f"{batch / step:10,.0f} characters per second, {1000 * step:.2f} ms for one of each text"
            print(f"{name:22} {rate}", flush=True)
    if device.type == "cuda":
        print(f"memory    {torch.cuda.max_memory_allocated(device) / 1e6:,.1f} MB of the GPU at most")


def median_step(engine: TorchEngine, batch: int, rounds: int) -> float:
    """The median of the seconds that one more character of every text takes."""
    reader = engine.open_reader(batch)

    def write() -> None:
        reader.clear()
        ids_B = [0] * batch
        for _ in range(engine.config.block_size):
            ids_B = reader.read([[id] for id in ids_B]).argmax(axis=1).tolist()

    write()  # what is loaded and allocated at the first time
    return median(seconds(write) for _ in range(rounds)) / engine.config.block_size


if __name__ == "__main__":
    main()
