"""What an export reads and writes: nothing is overwritten, and nothing is left half done."""

from pathlib import Path

import pytest

from tinygpt.export.folders import written_whole

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
            f"tinygpt.export: {out} exists and is not an empty folder: name another one, or remove it first\n"
        )
        assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == before


def test_what_a_killed_export_leaves_is_no_export_and_the_next_one_removes_it(start, tmp_path):
    out = tmp_path / "out"
    process = start(
        "-c",
        "import sys, time, pathlib; from tinygpt.export.folders import written_whole\n"
        "with written_whole(pathlib.Path(sys.argv[1])) as folder:\n"
        "    (folder / 'half.txt').write_text('half', encoding='utf-8'); print('there', flush=True); time.sleep(60)",
        out,
    )
    assert process.stdout.readline() == "there\n"
    process.kill()
    process.wait()
    assert not out.exists()
    out.mkdir()  # an empty folder may be written to
    with written_whole(out) as folder:
        (folder / "whole.txt").write_text("whole", encoding="utf-8")
    assert [path.name for path in out.iterdir()] == ["whole.txt"]
    assert list(tmp_path.glob(".*.part")) == []


def test_an_error_while_it_is_written_leaves_the_empty_folder_as_it_was(tmp_path):
    out = tmp_path / "out"
    out.mkdir()

    def fail() -> None:
        with written_whole(out) as folder:
            (folder / "half.txt").touch()
            raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        fail()
    assert list(tmp_path.rglob("*")) == [out]
