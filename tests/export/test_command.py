"""What an export reads and writes: nothing is overwritten, and nothing is left half done."""

from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="pip install -r requirements-export.txt")


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
