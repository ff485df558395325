"""Datasets: a text is verified, encoded and split, and batches are windows of a split."""

import hashlib
import sys
from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus import NEEDS_CORPUS
from tinygpt import get_batch, load_dataset
from tinygpt.data.dataset import DEFAULT_SHA256, dataset_from_text, shuffled_starts, windows
from tinygpt.data.text_files import CORPUS_VARIABLE, TextSource


def decoded(dataset) -> tuple[str, str]:
    return tuple(dataset.tokenizer.decode(part.tolist()) for part in (dataset.train, dataset.validation))


# Reading and splitting


def test_the_first_nine_tenths_are_for_training_and_the_rest_for_validation(text, dataset):
    train, validation = decoded(dataset)
    assert train + validation == text
    assert len(train) == int(0.9 * len(text))


@given(st.text(st.characters(codec="utf-8"), min_size=2).filter(lambda text: len(set(text)) > 1))
def test_the_splits_of_any_text_decode_to_the_text(text):
    assert "".join(decoded(dataset_from_text(text, ""))) == text


def test_ids_survive_a_vocabulary_larger_than_a_byte():
    text = "".join(map(chr, range(0x100, 0x100 + 300)))
    assert "".join(decoded(dataset_from_text(text, ""))) == text


@NEEDS_CORPUS
def test_tiny_shakespeare_has_the_published_sizes():
    dataset = load_dataset()
    assert dataset.sha256 == DEFAULT_SHA256
    assert dataset.tokenizer.vocab_size == 65
    assert len(dataset.train) + len(dataset.validation) == 1_115_394
    assert (len(dataset.train), len(dataset.validation)) == (1_003_854, 111_540)


def test_a_file_is_read_and_hashed(text, text_file, dataset):
    for source in (text_file, str(text_file)):
        loaded = load_dataset(source)
        assert "".join(decoded(loaded)) == text
        assert loaded.sha256 == hashlib.sha256(text_file.read_bytes()).hexdigest() == dataset.sha256


def test_several_files_are_joined_in_the_order_given(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"this is {name}.\n" * 3)
    joined = load_dataset([tmp_path / "two", str(tmp_path / "one")])
    assert "".join(decoded(joined)) == "this is two.\n" * 3 + "this is one.\n" * 3


def test_line_ends_are_newlines_and_a_byte_order_mark_is_dropped(tmp_path):
    path = tmp_path / "windows.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert "".join(decoded(load_dataset(path))) == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b" \n\n\t ", "is empty"),
        (b"aaaaaaaaaaaaaaaaaaaaaaa", "repeats one character"),
        (b"caf\xe9 au lait", "is not UTF-8 text .* at byte 3"),
        (b"\x7fELF\x00\x01\x02 program", "is binary"),
        (b"\x80\x04\x95pickle", "is binary"),
    ],
    ids=["empty", "blank", "one-character", "latin-1", "binary", "pickle"],
)
def test_a_file_that_is_no_text_to_learn_from_is_refused(tmp_path, content, complaint):
    path = tmp_path / "input.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=complaint):
        load_dataset(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.txt cannot be read .*: check the path") as caught:
        load_dataset(tmp_path / "absent.txt")
    assert "--" not in str(caught.value)


def test_a_text_of_another_hash_is_refused(text_file, monkeypatch):
    with pytest.raises(ValueError, match="not the expected text"):
        load_dataset(text_file, sha256="0" * 64)
    monkeypatch.setenv(CORPUS_VARIABLE, str(text_file))
    with pytest.raises(ValueError, match="not the expected text"):
        load_dataset()


@pytest.mark.parametrize("size", [0, 50, 5000])
def test_a_file_that_is_written_to_while_it_is_read_is_refused(tmp_path, monkeypatch, size):
    path = tmp_path / "growing.txt"
    path.write_bytes(b"some words\n" * 100)
    opened, openings = TextSource.open, []

    def open_changed(source):
        openings.append(source)
        if len(openings) == 3:  # for its hash, for its characters, and for their ids
            path.write_bytes(b"other words\n" * size)
        return opened(source)

    monkeypatch.setattr(TextSource, "open", open_changed)
    with pytest.raises(ValueError, match=r"changed while it was read|is empty"):
        load_dataset(path)


@pytest.mark.parametrize("repeated", ["the same file twice", "an excerpt after it", "an excerpt before it"])
def test_passages_of_the_validation_text_are_removed_from_the_training_text(tmp_path, text, repeated):
    """No 200 consecutive characters of the validation text occur in the training text."""
    excerpt = text[len(text) // 3 :]
    files = {"the same file twice": [text, text], "an excerpt after it": [text, excerpt]}.get(repeated, [excerpt, text])
    for name, content in zip("ab", files, strict=True):
        (tmp_path / name).write_text(content, encoding="utf-8", newline="\n")
    dataset = load_dataset([tmp_path / "a", tmp_path / "b"])
    train, validation = decoded(dataset)
    assert validation in "".join(files)
    assert not any(validation[i : i + 200] in train for i in range(len(validation) - 199))
    assert dataset.removed > 0.9 * len(validation)
    assert len(train) + dataset.removed == int(0.9 * sum(map(len, files)))


def test_nothing_is_removed_from_a_single_file_or_from_files_that_share_nothing(tmp_path, text):
    half = len(text) // 2
    for name, content in (("a", text[:half]), ("b", text[half:].upper())):
        (tmp_path / name).write_text(content, encoding="utf-8", newline="\n")
    assert load_dataset([tmp_path / "a", tmp_path / "b"]).removed == 0
    assert load_dataset(tmp_path / "a").removed == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell the peak of the memory in other ways")
def test_reading_a_large_text_takes_at_most_three_times_its_size_in_memory(run, tmp_path):
    size = 12_000_000  # bytes
    paths = []
    for alphabet in ("abcdefgh \n", "жизнь и судьба\n", "plain text with a 🪶 in it\n"):
        paths.append(tmp_path / f"{len(paths)}.txt")
        line = alphabet * 1000
        paths[-1].write_text(line * (size // len(line.encode())), encoding="utf-8")
    program = """
import sys
from pathlib import Path
from tinygpt.data import text_files
from tinygpt.data.dataset import get_batch, load_dataset

def memory(kind):  # VmRSS now, or VmHWM at most since it was reset
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(kind))

text_files._CHUNK = 1 << 16  # as much smaller than the text as the real chunks are than texts of gigabytes
load_dataset(Path(sys.argv[1]).parent / "small.txt")
for path in sys.argv[1:]:
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    dataset = load_dataset(path)
    get_batch(dataset.train, 8, 64)
    print(memory("VmHWM") - before)
    del dataset
"""
    (tmp_path / "small.txt").write_text("what is imported late is imported now\n" * 9)
    ended = run("-c", program, *paths)
    assert ended.returncode == 0, ended.stderr
    assert all(0 < int(taken) < 3 * size for taken in ended.stdout.split()), ended.stdout


# Batches


@given(st.integers(1, 8), st.integers(1, 20), st.integers(0, 2**32))
def test_targets_are_the_inputs_shifted_by_one(batch_size, block_size, seed):
    numbers = torch.arange(21 + seed % 50)
    x_BT, y_BT = get_batch(numbers, batch_size, block_size, torch.Generator().manual_seed(seed))
    assert x_BT.shape == y_BT.shape == (batch_size, block_size)
    assert x_BT.dtype == y_BT.dtype == torch.int64
    assert torch.equal(y_BT, x_BT + 1)  # the data are consecutive numbers
    assert torch.equal(x_BT, x_BT[:, :1] + torch.arange(block_size))


def test_every_window_of_the_split_can_be_sampled():
    x_BT, y_BT = get_batch(torch.arange(7), 500, 4, torch.Generator().manual_seed(0))
    assert set(x_BT[:, 0].tolist()) == {0, 1, 2}
    assert y_BT.max() == 6


def test_one_seed_gives_the_same_batches_and_leaves_the_global_state_alone(dataset):
    before = torch.get_rng_state()
    first, again, other = (get_batch(dataset.train, 4, 8, torch.Generator().manual_seed(seed))[0] for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


@given(st.integers(1, 5), st.integers(1, 9), st.integers(0, 2**31))
def test_an_epoch_of_shuffled_batches_reads_every_position_at_most_once_and_nearly_all(batch_size, block_size, seed):
    numbers = torch.arange(10 * block_size + seed % 40)
    blocks = (len(numbers) - 1) // block_size - 1
    batches = [
        windows(numbers, shuffled_starts(numbers, batch_size, block_size, step, seed), block_size)
        for step in range(2 * blocks)
    ]
    x_NT = torch.cat([x_BT for x_BT, _ in batches])
    assert all(torch.equal(y_BT, x_BT + 1) for x_BT, y_BT in batches)
    for first in (0, blocks):
        read = x_NT[first : first + blocks].flatten().tolist()
        assert len(set(read)) == len(read) == blocks * block_size
    assert not torch.equal(x_NT[:blocks], x_NT[blocks : 2 * blocks])


def test_a_shuffled_batch_depends_on_its_number_and_the_seed_alone(dataset):
    one, again, next_one, other = (
        shuffled_starts(dataset.train, 4, 8, step, seed) for step, seed in ((3, 1), (3, 1), (4, 1), (3, 2))
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, next_one)
    assert not torch.equal(one, other)


def test_runs_of_adjacent_seeds_share_no_epoch(dataset):
    blocks = (len(dataset.train) - 1) // 8 - 1
    epochs = [shuffled_starts(dataset.train, blocks, 8, number, seed) for seed in (1, 2, 3) for number in (0, 1, 2)]
    assert not any(torch.equal(one, other) for one, other in combinations(epochs, 2))


def test_shuffled_batches_can_be_taken_from_the_shortest_splits():
    for length in (9, 10, 16, 17, 18):
        numbers = torch.arange(length)
        x_BT, y_BT = windows(numbers, shuffled_starts(numbers, 3, 8, 5, 0), 8)
        assert torch.equal(y_BT, x_BT + 1)


def test_a_split_not_longer_than_a_block_is_refused():
    get_batch(torch.arange(9), 1, 8)
    for sample in (lambda data: get_batch(data, 1, 8), lambda data: shuffled_starts(data, 1, 8, 0, 0)):
        with pytest.raises(ValueError, match=r"too short: .* 8 characters .* needs 9; .* a smaller block_size$"):
            sample(torch.arange(8))


def test_a_byte_order_mark_is_no_character_in_any_of_several_files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text("some words of a text\n", encoding="utf-8-sig")
    assert "\ufeff" not in load_dataset([tmp_path / "a", tmp_path / "b"]).tokenizer.vocabulary
