"""Write in the terminal: python -m tinygpt --prompt "ROMEO:" """

import argparse
import os
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from tinygpt.config import SampleConfig
from tinygpt.flags import Parser, add_flags, add_model_flags, given
from tinygpt.hub import find_weights
from tinygpt.opening import open_checkpoint
from tinygpt.output import write_output
from tinygpt.writing import Draft, write


def main() -> None:
    args = parse()
    try:
        settings = SampleConfig(**given(args, SampleConfig))
        if args.output and not Path(args.output).absolute().parent.is_dir():
            raise ValueError(f"--output {args.output} cannot be written: its folder does not exist")
        model, tokenizer = open_checkpoint(find_weights(args.weights), args.device)
        draft = show(write(model, tokenizer, prompt_of(args), settings))
        if args.output:
            write_output(args.output, draft.prompt, draft.continuation)
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError) as error:
        sys.exit(f"tinygpt: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def parse() -> argparse.Namespace:
    parser = Parser(prog="python -m tinygpt", description="Continue a prompt in the terminal.")
    parser.add_argument("--prompt", help="text to continue (default: what is piped in, or a new line)")
    parser.add_argument("--output", metavar="FILE", help="also write prompt and continuation to this file")
    add_model_flags(parser)
    add_flags(parser, SampleConfig, renamed={"max_new_tokens": "length"})
    return parser.parse_args()


def prompt_of(args: argparse.Namespace) -> str:
    """The prompt given by flag, or piped in; the line end that `echo` adds is not part of it."""
    if args.prompt is not None or sys.stdin is None or sys.stdin.isatty():
        return args.prompt or ""
    return sys.stdin.read().removesuffix("\n")


def show(drafts: Iterator[Draft]) -> Draft:
    """Print a text while it grows, notes and seed on stderr; Ctrl-C ends it early. Returns the last draft."""
    draft = first = next(drafts)
    print(*(note + "\n" for note in draft.notes), sep="", end="", file=sys.stderr)
    searching = draft.settings.beam_width is not None
    shown = 0
    try:
        for draft in chain([first], drafts):
            if not searching:
                start, shown = shown, len(draft.prompt + draft.continuation)  # first: Ctrl-C must not print it twice
                print((draft.prompt + draft.continuation)[start:], end="", flush=True)
            elif sys.stderr.isatty():  # beams change their mind: until their last word only a count is shown
                print(f"\r[{draft}]", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
    if searching and sys.stderr.isatty():
        print(file=sys.stderr)  # the count stays, above the text
    print((draft.prompt + draft.continuation)[shown:])
    if not searching or not sys.stderr.isatty():
        print(f"[{draft}{f' · seed {draft.settings.seed}' if draft.settings.draws else ''}]", file=sys.stderr)
    return draft


if __name__ == "__main__":
    main()
