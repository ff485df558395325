"""Write in the terminal: tinygpt --prompt "ROMEO:" """

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain

from tinygpt.flags import Parser, add_flags, add_model_flags, explained, given
from tinygpt.hub.pull import find_weights
from tinygpt.inference.continuation import Continuation, write
from tinygpt.inference.loading import open_checkpoint
from tinygpt.output import check_output, write_output
from tinygpt.request import GenerationRequest, bounds
from tinygpt.system.pipes import is_closed_pipe, lead_to_nowhere
from tinygpt.system.shell import program


def main(arguments: Sequence[str]) -> None:
    """Continue a prompt as the arguments say."""
    args = parse(arguments)
    # Bytes that are not text are told apart below; a console may lack characters that the model knows.
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "replace")):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)
    try:
        request = requested(args)
        if args.output is not None:  # before anything is written
            check_output(args.output, len(request.prompt) + request.length)
        engine, tokenizer = open_checkpoint(find_weights(args.weights), args.device, at_once=True)
        continuations = write(engine, tokenizer, request)
        try:
            continuation = show(continuations)
        except OSError as error:
            if not is_closed_pipe(error):
                raise
            for stream in filter(None, (sys.stdout, sys.stderr)):  # the reader, `head` for one, has seen enough
                lead_to_nowhere(stream)
            return
        if args.output is not None:
            write_output(args.output, continuation.prompt, continuation.text)
        if engine.pending:
            with suppress(KeyboardInterrupt):
                print("Still compiling, so that the next start is fast. Press Ctrl-C to stop.", file=sys.stderr)
                engine.wait()
    except (ValueError, OSError) as error:
        sys.exit(f"{program()}: {explained(error)}")
    except KeyboardInterrupt:
        sys.exit(130)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog=program(),
        description="Continue a prompt in the terminal: that of --prompt, or a piped one. With app, train, hub "
        f"or export as the first argument, do something else: `{program('app')}` opens the page in the browser, "
        f"`{program('train')}` trains a model, `{program('hub')}` publishes one, `{program('export')}` writes it "
        "for other tools, and --help after each lists its flags.",
        epilog=r"In --prompt and --stop, \n is a new line.",
    )
    parser.add_argument("--output", metavar="FILE", help="also write prompt and continuation to this file")
    add_model_flags(parser)
    add_flags(parser, GenerationRequest, defaults=True)
    return parser.parse_args(arguments)


def requested(args: argparse.Namespace) -> GenerationRequest:
    """The request that flags make, or a piped prompt with them; a beam width alone asks for beams.

    Raises FieldError, a ValueError, for a flag that is out of bounds, and ValueError for what is no text.
    """
    fields = given(args, GenerationRequest)
    for name in {"prompt", "stop"} & fields.keys():
        fields[name] = decoded(f"--{name}", fields[name], sys.getfilesystemencoding()).replace(r"\n", "\n")
    if "beam_width" in fields:
        fields.setdefault("strategy", "beam")
    request = GenerationRequest(**fields)  # before a prompt is waited for
    if "prompt" in fields or sys.stdin is None or sys.stdin.isatty():
        return request
    return replace(request, prompt=piped_prompt())


def piped_prompt() -> str:
    """The prompt on standard input. Raises ValueError if it is too long or no text."""
    high = bounds("prompt").high
    text = sys.stdin.read(high + 2)  # of a pipe that never ends only the beginning
    prompt = decoded("the piped prompt", text, sys.stdin.encoding).removesuffix("\n")  # the line end that `echo` adds
    if len(prompt) > high:
        raise ValueError(f"the piped prompt must be a text of {bounds('prompt')}: more were piped")
    return prompt


def decoded(what: str, text: str, encoding: str) -> str:
    """The text. Raises ValueError if it was not in this encoding: Python then keeps bytes as lone surrogates."""
    byte = next((ord(character) - 0xDC00 for character in text if "\udc80" <= character <= "\udcff"), None)
    if byte is not None:
        remedy = f"convert it, for example with `iconv -f ENCODING -t {encoding.upper()}`"
        raise ValueError(f"{what} is not in {encoding.upper()}, it holds the byte 0x{byte:02X}: {remedy}")
    return text


@contextmanager
def ctrl_c_deferred() -> Iterator[None]:
    """Within the block, Ctrl-C waits for its end; pressed twice, it does not."""
    pressed = False

    def note(*_: object) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def show(continuations: Iterator[Continuation]) -> Continuation:
    """Print a text while it grows, notes and seed on stderr; Ctrl-C ends it early. Returns how far it came."""
    latest = first = next(continuations)
    print(*(note + "\n" for note in latest.notes), sep="", end="", file=sys.stderr)
    searching = latest.request.strategy == "beam"
    shown = 0
    try:
        for latest in chain([first], continuations):
            if not searching:
                with ctrl_c_deferred():  # or what was printed could differ from what is counted
                    print((latest.prompt + latest.text)[shown:], end="", flush=True)
                    shown = len(latest.prompt + latest.text)
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
