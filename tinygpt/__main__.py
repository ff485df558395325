"""Write in the terminal: python -m tinygpt --prompt "ROMEO:" """

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from tinygpt.flags import Parser, add_flags, add_model_flags, explained, given
from tinygpt.hub.client import find_weights
from tinygpt.inference.continuation import Continuation, write
from tinygpt.inference.loading import open_checkpoint
from tinygpt.output import write_output
from tinygpt.request import GenerationRequest


def main() -> None:
    args = parse()
    try:
        if args.output and not Path(args.output).absolute().parent.is_dir():
            raise ValueError(f"--output {args.output} cannot be written: its folder does not exist")
        request = requested(args)
        engine, tokenizer = open_checkpoint(find_weights(args.weights), args.device)
        continuation = show(write(engine, tokenizer, request))
        if args.output:
            write_output(args.output, continuation.prompt, continuation.text)
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError) as error:
        sys.exit(f"tinygpt: {explained(error)}")
    except KeyboardInterrupt:
        sys.exit(130)


def parse() -> argparse.Namespace:
    parser = Parser(prog="python -m tinygpt", description="Continue a prompt in the terminal.")
    parser.add_argument("--output", metavar="FILE", help="also write prompt and continuation to this file")
    add_model_flags(parser)
    add_flags(parser, GenerationRequest, defaults=True)
    return parser.parse_args()


def requested(args: argparse.Namespace) -> GenerationRequest:
    """The request that flags make, or a piped prompt with them; a beam width alone asks for beams.

    Raises FieldError for a flag that is out of bounds.
    """
    fields = given(args, GenerationRequest)
    if "beam_width" in fields:
        fields.setdefault("strategy", "beam")
    request = GenerationRequest(**fields)  # before a prompt is waited for
    if "prompt" in fields or sys.stdin is None or sys.stdin.isatty():
        return request
    return replace(request, prompt=sys.stdin.read().removesuffix("\n"))  # the line end that `echo` adds


def show(continuations: Iterator[Continuation]) -> Continuation:
    """Print a text while it grows, notes and seed on stderr; Ctrl-C ends it early. Returns how far it came."""
    latest = first = next(continuations)
    print(*(note + "\n" for note in latest.notes), sep="", end="", file=sys.stderr)
    searching = latest.request.strategy == "beam"
    shown = 0
    try:
        for latest in chain([first], continuations):
            if not searching:
                start, shown = shown, len(latest.prompt + latest.text)  # first: Ctrl-C must not print it twice
                print((latest.prompt + latest.text)[start:], end="", flush=True)
            elif sys.stderr.isatty():  # beams change their mind: until their last word only a count is shown
                print(f"\r[{latest}]", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
    if searching and sys.stderr.isatty():
        print(file=sys.stderr)  # the count stays, above the text
    print((latest.prompt + latest.text)[shown:])
    if not searching or not sys.stderr.isatty():
        seed = f" · seed {latest.request.seed}" if latest.request.uses_seed else ""
        print(f"[{latest}{seed}]", file=sys.stderr)
    return latest


if __name__ == "__main__":
    main()
