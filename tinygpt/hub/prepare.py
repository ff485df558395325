"""The command that makes a finished run a folder to publish: python -m tinygpt.hub prepare RUN OUT"""

import argparse
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tinygpt.checkpoint.files import read_bytes
from tinygpt.checkpoint.reading import read_checkpoint, read_facts
from tinygpt.config import GPTConfig
from tinygpt.data.tokenizer import TextEncoderDecoder
from tinygpt.flags import add_flags, given
from tinygpt.hub.files import (
    CARD,
    INDEX_FILES,
    OPTIONAL_FILES,
    copy_published,
    is_published,
    names_in,
    published_files,
)
from tinygpt.hub.model_card import is_generated, model_card
from tinygpt.inference.loading import open_engine
from tinygpt.inference.sample import SAMPLE, Sample, read_sample, sample_request, second_request, write_sample
from tinygpt.model.parameter_shapes import count_parameters
from tinygpt.output import size_table
from tinygpt.request import GenerationRequest
from tinygpt.system.atomic import folder_written_whole, write_atomically
from tinygpt.system.os_errors import explained
from tinygpt.system.shell import command_line

_EPILOG = """
The flags on what to write choose the sample. Without them it has a length of 350 and a temperature of 0.6, and
continues "JULIET:" if the weights learned Tiny Shakespeare, or else begins on a new line. It ends with a speech or a
line, and may be shorter than --length. The card also shows a second text, at temperature 1.
"""
_NO_FLAGS = ("top_k", "top_p", "stop", "strategy", "beam_width", "seed")


def add_command(commands: Any) -> None:
    """Add the command and its flags to those of `python -m tinygpt.hub`."""
    parser = commands.add_parser(
        "prepare", help="make a finished run a folder to publish, with a card and a sample", epilog=_EPILOG
    )
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="the folder of a run")
    parser.add_argument(
        "out", type=Path, metavar="OUT", help="the new folder; if it is RUN, card and sample are added to it"
    )
    parser.add_argument(
        "--with-index",
        action="store_true",
        help="copy memorization.npy too, from which the training text can be recovered",
    )
    parser.add_argument(  # unlike elsewhere, a fixed one by default
        "--seed", metavar="N", default=argparse.SUPPRESS, help="of the sample; if not given, the same for every run"
    )
    add_flags(parser, GenerationRequest, skip=_NO_FLAGS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Prepare a folder, and print what it holds."""
    fields = given(args, GenerationRequest)
    if "prompt" in fields:
        fields["prompt"] = fields["prompt"].replace(r"\n", "\n")
    sample = prepare(args.run_folder, args.out, fields, with_index=args.with_index)
    print(report(args.out, sample))


def prepare(folder: Path, out: Path, fields: dict[str, Any] | None = None, *, with_index: bool = False) -> Sample:
    """Make the checkpoint in `folder` a folder to publish, and return its sample.

    `out` gets the files that are published, a model card and a sample; it appears in one step, or not at all. Where
    `out` is `folder` itself, only card and sample are written. A README.md that somebody wrote is kept as it is, and a
    generated one is written anew; a sample is kept as long as it is one of these weights, and no other is asked for.

    Args:
        fields: those fields of the request for the sample that are not to be our choice.
        with_index: copy memorization.npy too, from which the training text can be recovered.

    Raises ValueError and FileNotFoundError for a checkpoint that does not load, FieldError for a field out of bounds,
    FileExistsError for an `out` that holds other files, and OSError when it cannot be written.
    """
    fields = fields or {}
    GenerationRequest(**fields)  # before anything else is done
    folder, out = folder.resolve(), out.resolve()
    if out == folder:
        _check_only_published(folder)
        with explained(f"{out} could not be written", "prepare the run in another folder"):
            return add_card_and_sample(folder, fields, name=folder.name)
    with folder_written_whole(out) as part:
        copy_published(folder, part, with_index=with_index)
        return add_card_and_sample(part, fields, name=out.name)


def report(out: Path, sample: Sample) -> str:
    """What README and docs say of the weights in a prepared folder: loss, training, sample, files."""
    facts = read_facts(out)
    nats, machines = facts.get("validation_loss"), facts.get("machines")
    loss = "not measured: finish the run" if nats is None else f"{nats:.4f} nats ({nats / math.log(2):.4f} bits)"
    parts = [f"{facts[name]:,.0f} {name}" for name in ("steps", "seconds") if name in facts]
    rows = {
        "validation loss": loss,
        "parameters": f"{count_parameters(GPTConfig(**facts['model'])):,}",
        "training": ", ".join(parts) or "not recorded",
        "trained on": "; ".join(machines) if machines else "not recorded",
        "weights' sha256": facts["weights_sha256"],
        "text's sha256": facts.get("data_sha256", "not recorded"),
    }
    lines = [f"{name:<16} {value}" for name, value in rows.items()]
    lines += ["", f"The sample, written by: {sample.command(str(out))}", "", sample.request.prompt + sample.text, ""]
    lines += [size_table({name: path.stat().st_size for name, path in published_files(out).items()})]
    lines += ["", "To publish:  " + command_line("python", "-m", "tinygpt.hub", "push", out, "USER/NAME")]
    return "\n".join(lines)


@contextmanager
def copied_to_publish(folder: Path, *, name: str, with_index: bool = False, space: str | None = None) -> Iterator[Path]:
    """A temporary copy of what is published of a checkpoint, with card and sample, which exists within the block.

    `name` and `space` are as for add_card_and_sample. Raises as `prepare` does.
    """
    # A thread of an upload that was abandoned may still have one of the copies open, which Windows then cannot remove.
    with TemporaryDirectory(prefix="tinygpt-", ignore_cleanup_errors=True) as temporary:
        copy = Path(temporary)
        with explained(f"the files to publish could not be copied to {copy}", "make room there, or set TMPDIR"):
            copy_published(folder, copy, with_index=with_index)
            add_card_and_sample(copy, {}, name=name, space=space)
        yield copy


def add_card_and_sample(folder: Path, fields: dict[str, Any], *, name: str, space: str | None = None) -> Sample:
    """Add card and sample to the published files in a folder, and return the sample. Raises as `prepare` does.

    Args:
        fields: as for `prepare`.
        name: what the card is to name: a folder, or a repository on the Hub.
        space: the id of a Space that the card links to.
    """
    checkpoint = read_checkpoint(folder)
    facts, tokenizer = checkpoint.facts, TextEncoderDecoder(checkpoint.vocabulary)
    before, card = read_sample(folder), folder / CARD
    sample = before if before and before.weights_sha256 == facts["weights_sha256"] and not fields else None
    renewed = not card.is_file() or is_generated(read_bytes(card, OPTIONAL_FILES[CARD]))
    if sample and not renewed:
        return sample
    engine = open_engine(checkpoint, at_once=True)
    if sample is None:
        request = sample_request(facts, fields)
        sample = write_sample(engine, tokenizer, request, facts["weights_sha256"]).until_line_end()
        write_atomically(folder / SAMPLE, sample.json())
    if renewed:
        second = write_sample(engine, tokenizer, second_request(sample.request), facts["weights_sha256"])
        samples = dict.fromkeys((sample, second.until_line_end()))  # once, if they are the same
        with_index = any((folder / index).is_file() for index in INDEX_FILES)
        write_atomically(card, model_card(facts, name, samples, with_index=with_index, space=space).encode())
    return sample


def _check_only_published(folder: Path) -> None:
    """Raise FileExistsError, naming them, if a folder holds files that are not published."""
    if others := [name for name in names_in(folder) if not is_published(name)]:
        problem = f"{folder} also holds {_listed(others)}, which must not be published"
        raise FileExistsError(f"{problem}: prepare the run in another folder than its own")


def _listed(names: list[str]) -> str:
    """Some names, the first of many."""
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5:,} more" if len(names) > 5 else shown
