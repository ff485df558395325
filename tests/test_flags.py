"""flags.py: command-line flags are the fields of the configs, and their errors are one line."""

from dataclasses import fields

import pytest

from tinygpt import GPTConfig, SampleConfig, TrainConfig
from tinygpt.flags import Parser, add_flags, given


def parsed(config: type, *arguments: str, **options) -> dict:
    parser = Parser(prog="prog")
    add_flags(parser, config, **options)
    return given(parser.parse_args(arguments), config)


@pytest.mark.parametrize("config", [GPTConfig, TrainConfig, SampleConfig])
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


def test_a_field_can_have_a_flag_of_another_name():
    renamed = {"max_new_tokens": "length"}
    assert parsed(SampleConfig, "--length", "9", renamed=renamed) == {"max_new_tokens": 9}


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
        ["--colour", "blue"],
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
