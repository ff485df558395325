"""What an export reads and writes: nothing is overwritten, and nothing is left half done."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.ci import needed
from tests.disks import files_of_at_most
from tests.server import ROOT
from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.checkpoint.torch_checkpoint import annotate_checkpoint
from tinygpt.data.download import DEFAULT_SHA256
from tinygpt.export.__main__ import FORMATS
from tinygpt.export.cards import onnx_card, transformers_card

needed("onnx")


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ("user/name", "download it first: `hf download user/name --local-dir name`"),
        ("user/name@v1", "download it first: `hf download user/name --revision v1 --local-dir name`"),
        ("nowhere", "nowhere is not a folder: name the one that holds model.safetensors and config.json"),
        ("empty", "does not exist"),
        ("out/kept.txt", "out/kept.txt is not a folder"),
    ],
)
def test_what_is_no_checkpoint_here_is_refused_with_the_next_step(called, tmp_path, monkeypatch, weights, told):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    done = called("tinygpt.export", "onnx", weights, "new")
    assert done.returncode == 1
    assert done.stderr.startswith("tinygpt.export: ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert not Path("new").exists()


def test_a_folder_or_a_file_that_is_there_is_not_written_to(save, called, tmp_path):
    weights, _, _ = save("gpt")
    note = tmp_path / "notes" / "kept.txt"
    note.parent.mkdir()
    note.write_text("kept", encoding="utf-8")
    for out in (note.parent, note, weights):
        before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
        done = called("tinygpt.export", "onnx", weights, out)
        assert done.returncode == 1
        assert done.stderr == (
            f"tinygpt.export: {out} is there already, and is not an empty folder: choose another one\n"
        )
        assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == before


def test_what_is_to_be_installed_is_what_the_requirements_list():
    listed = (ROOT / "requirements-export.txt").read_text(encoding="utf-8").splitlines()
    assert {format.needs for format in FORMATS.values() if format.needs} <= set(listed)


@pytest.mark.parametrize("card", [transformers_card, onnx_card])
@pytest.mark.parametrize("facts", [{}, {"data_sha256": DEFAULT_SHA256}], ids=["own text", "Shakespeare"])
def test_a_card_begins_with_metadata_that_the_hub_can_read(save, card, facts: dict):
    weights, _, _ = save("gpt")
    annotate_checkpoint(weights, **facts)
    _, front_matter, _ = card(read_checkpoint(weights)).split("---\n", 2)
    parsed = yaml.safe_load(front_matter)
    assert parsed["library_name"] in ("transformers", "onnx")
    assert parsed["pipeline_tag"] == "text-generation"
    assert parsed["tags"] == ["character-level"]
    known = {"license": "mit", "language": "en"} if facts else {}
    assert {name: parsed[name] for name in ("license", "language") if name in parsed} == known


@pytest.mark.parametrize(("format", "family"), [("transformers", "qwen3"), ("onnx", "llama")])
def test_the_command_prints_what_it_wrote_and_three_lines_that_open_it(save, called, tmp_path, capsys, format, family):
    out = tmp_path / "new folder" / "out"
    done = called("tinygpt.export", format, save(family)[0], out)
    assert (done.returncode, done.stderr) == (0, "")
    listing, lines = re.fullmatch(r"((?: *[\d,]+  .*\n)+)\n.*\n\n((?:    .*\n){3})", done.stdout).groups()
    sizes = {str(path): path.stat().st_size for path in sorted(out.iterdir())}
    sizes["in all"] = sum(sizes.values())
    assert listing == "".join(f"{size:>12,}  {name}\n" for name, size in sizes.items())
    exec("\n".join(line.strip() for line in lines.splitlines()), {})
    opened = capsys.readouterr().out
    if format == "onnx":
        assert opened.startswith("[('input_ids', ['batch', 'sequence'])")
    else:
        assert len(opened) == 12 + 1  # a text that fills the context, and a line end


@pytest.mark.parametrize("format", FORMATS)
def test_on_a_full_disk_nothing_is_left_and_one_line_says_why(save, called, tmp_path, format):
    weights, _, _ = save("gpt", block_size=4000)
    (tmp_path / "new").mkdir()
    with files_of_at_most(100_000):
        done = called("tinygpt.export", format, weights, tmp_path / "new" / "out")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tinygpt.export: ")
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(("format", "needs"), [("transformers", "transformers>=5,<6"), ("onnx", "onnx>=1.18,<2")])
def test_without_the_library_one_line_says_what_to_install(save, called, tmp_path, monkeypatch, format, needs):
    monkeypatch.setitem(sys.modules, format, None)  # as where it is not installed
    done = called("tinygpt.export", format, save("gpt")[0], tmp_path / "out")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f'tinygpt.export: another package is needed: run pip install "{needs}" (')
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
