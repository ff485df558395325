"""Command-line flags are the fields of settings, and their errors are one line."""

from dataclasses import fields

import pytest

from tinygpt import GPTConfig, TrainConfig, __version__
from tinygpt.fields import FieldError
from tinygpt.flags import Parser, add_flags, explained, given
from tinygpt.request import GenerationRequest, bounds, default, names


def parsed(config: type, *arguments: str, **options) -> dict:
    parser = Parser(prog="prog")
    add_flags(parser, config, **options)
    return given(parser.parse_args(arguments), config)


@pytest.mark.parametrize("config", [GPTConfig, TrainConfig, GenerationRequest])
def test_every_field_has_a_flag_that_gives_its_value_back(config):
    for item in fields(config):
        if item.name == "compile":
            continue  # takes no value
        value = {"top_k": 3, "top_p": 0.5, "seed": 7, "stop": "END", "beam_width": 2}.get(item.name, item.default)
        assert parsed(config, f"--{item.name.replace('_', '-')}", str(value)) == {item.name: value}


def test_a_field_that_is_true_or_false_has_a_flag_for_either():
    assert parsed(TrainConfig, "--compile") == {"compile": True}
    assert parsed(TrainConfig, "--no-compile") == {"compile": False}


def test_only_flags_that_were_given_appear():
    assert parsed(GPTConfig) == {}
    assert parsed(GPTConfig, "--n-layer", "3", "--family", "qwen3") == {"n_layer": 3, "family": "qwen3"}


def test_a_skipped_field_has_no_flag(capsys):
    with pytest.raises(SystemExit):
        parsed(GPTConfig, "--vocab-size", "3", skip=("vocab_size",))
    assert "unrecognized arguments: --vocab-size" in capsys.readouterr().err


def test_the_help_tells_bounds_and_where_they_are_in_force_defaults(capsys):
    parser = Parser(prog="prog")
    add_flags(parser, GenerationRequest, defaults=True)
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for name in ("length", "temperature", "beam_width"):
        assert f"({bounds(name)}; default: {default(name)})" in shown
    assert "--strategy {sample,greedy,beam}" in shown
    assert all(f"--{name.replace('_', '-')}" in shown for name in names())


def test_an_error_names_the_flag_of_its_field():
    assert explained(FieldError("top_k", "must be less")) == "--top-k must be less"
    assert explained(ValueError("top_k")) == "top_k"
    assert explained(FieldError("vocab_size", "must be less"), skip=("vocab_size",)) == "vocab_size must be less"


def test_every_program_tells_its_version(capsys):
    with pytest.raises(SystemExit) as caught:
        Parser(prog="prog").parse_args(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"tinygpt {__version__}\n"


def test_the_help_of_a_field_is_the_help_of_its_flag(capsys):
    parser = Parser(prog="prog")
    add_flags(parser, TrainConfig)
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(["--help"])
    assert caught.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for item in fields(TrainConfig):
        assert f"--{item.name.replace('_', '-')}" in shown
        assert " ".join(item.metadata["help"].split()) in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["--n-layer", "many"],
        ["--n-layer", "2.5"],
        ["--n-layer"],
        ["--dropout", "half"],
        ["--family", "bert"],
        ["--color", "blue"],
        ["stray"],
    ],
    ids=" ".join,
)
def test_a_wrong_flag_is_one_line_and_a_failure(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        parsed(GPTConfig, *arguments)
    out, err = capsys.readouterr()
    assert caught.value.code == 2
    assert out == ""
    assert err.startswith("prog: ")
    assert err.count("\n") == 1
    assert arguments[0] in err
    assert "--help" in err
