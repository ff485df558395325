"""The runs that were trained on the page: kept, named, deleted."""

import gc
import json
import shutil
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from tinygpt import save_checkpoint
from tinygpt.checkpoint.reading import BEST, CONFIG, HISTORY, WEIGHTS
from tinygpt.page.examples import TEXT_FILE
from tinygpt.request import GenerationRequest
from tinygpt.training.run_folder import locked
from tinygpt.ui.services import own_runs
from tinygpt.ui.services.own_runs import MAX_RUNS, MAX_TITLE, OwnRuns
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.services.snapshots import read_snapshots, thin_snapshots

TEXT = "My bread waits, and I know no other bread than this one.\n" * 6 + "a river sings of salt no one knows\n"


@pytest.fixture
def home(build: Callable, dataset, tmp_path: Path) -> Path:
    """Two runs, the second one with best weights and snapshots of their own."""
    home = tmp_path / "runs"
    for seed, name in enumerate(("page-1", "page-2"), 1):
        save_checkpoint(home / name, build(seed=seed), dataset.tokenizer, facts={"steps": 64, "preset": "quick"})
        (home / name / TEXT_FILE).write_text(TEXT, encoding="utf-8")
    facts = {"steps": 8, "publish": "best"}
    for folder in (BEST, f"{HISTORY}/step-000008"):
        save_checkpoint(home / "page-2" / folder, build(seed=3), dataset.tokenizer, facts=facts)
    return home


@pytest.fixture
def registry(weights: Path) -> Registry:
    return Registry(Session(weights))


@pytest.fixture
def runs(registry: Registry, home: Path) -> OwnRuns:
    return restarted(registry, home)


def restarted(registry: Registry, home: Path) -> OwnRuns:
    runs = OwnRuns(registry, home)
    runs.load()
    return runs


def names(registry: Registry) -> list[str]:
    return [name for _, name in registry.choices()]


def sha256(session: Session) -> str:
    return session.facts["weights_sha256"]


def test_runs_are_found_again_with_their_best_weights_and_their_text(runs: OwnRuns, registry: Registry, home: Path):
    assert names(registry) == [MAIN, "page-1", "page-2", "page-2/best"]
    assert [label for label, _ in registry.choices()][1:] == ["page-1", "page-2", "page-2, step 8"]
    latest, oldest = runs.runs()
    assert (latest.name, latest.last, latest.best) == ("page-2", registry["page-2"], registry["page-2/best"])
    assert oldest.best is None
    assert latest.bytes == sum(path.stat().st_size for path in (home / "page-2").rglob("*") if path.is_file())
    assert registry["page-2/best"].examples[0].startswith("My bread waits")
    for weights in ("page-2", "page-2/best"):  # told by the run's text, of which the last tenth was not learned
        assert registry[weights].memorized_spans(f"##{TEXT[:40]}##{TEXT[-34:]}") == [(2, 42)]
        assert [each.step for each in read_snapshots(registry[weights])] == [8, 64][: 1 + (weights == "page-2")]


@pytest.mark.parametrize("damage", ["no weights", "other weights", "a pickle", "a link", "a file", "no JSON"])
def test_a_damaged_run_is_left_out_in_one_line_and_the_others_are_there(
    registry: Registry, home: Path, caplog, damage: str
):
    folder = home / "page-1"
    match damage:
        case "no weights":
            (folder / WEIGHTS).unlink()
        case "other weights":
            shutil.copy(home / "page-2" / WEIGHTS, folder)
        case "a pickle":
            (folder / WEIGHTS).write_bytes(b"\x80\x04cos\nsystem\n")
        case "a link":
            (folder / TEXT_FILE).unlink()
            (folder / TEXT_FILE).symlink_to("/etc/passwd")
        case "a file":
            shutil.rmtree(folder)
            folder.write_text("")
        case "no JSON":
            (folder / CONFIG).write_text("{")
    restarted(registry, home)
    assert names(registry) == [MAIN, "page-2", "page-2/best"]
    assert ["page-1" in record.getMessage() for record in caplog.records] == [True] * (damage != "a file")
    assert "\n" not in caplog.messages[0] if caplog.messages else damage == "a file"


def test_a_link_to_a_folder_elsewhere_is_not_followed(registry: Registry, home: Path, tmp_path: Path):
    (home / "page-1").rename(tmp_path / "elsewhere")
    (home / "page-1").symlink_to(tmp_path / "elsewhere")
    runs = restarted(registry, home)
    assert "page-1" not in names(registry)
    with pytest.raises(ValueError, match="there are no weights called"):
        runs.delete("page-1")
    assert (tmp_path / "elsewhere" / WEIGHTS).exists()


def test_the_latest_run_has_the_highest_number_also_where_one_before_was_deleted(registry: Registry, home: Path):
    shutil.rmtree(home / "page-1")
    assert restarted(registry, home).create_folder().name == "page-3"


def test_a_run_that_is_renamed_while_its_weights_are_read_keeps_its_new_name(
    runs: OwnRuns, registry: Registry, home: Path, monkeypatch
):
    add = registry.add

    def rename_and_add(*args, **options):
        runs.rename("page-2", "My diary")
        add(*args, **options)

    monkeypatch.setattr(registry, "add", rename_and_add)
    runs.add(home / "page-2")
    assert [registry.title(name) for name in ("page-2", "page-2/best")] == ["My diary", "My diary, step 8"]


def test_best_weights_that_gave_way_to_the_last_ones_are_not_said_to_be_deleted(
    runs: OwnRuns, registry: Registry, home: Path
):
    before = sha256(registry["page-2/best"])
    for file in (WEIGHTS, CONFIG):
        shutil.copy(home / "page-2" / file, home / "page-2" / BEST)
    runs.add(home / "page-2")
    for act in (lambda: registry["page-2/best"], lambda: registry.of(before)):
        with pytest.raises(ValueError, match=r"^the weights “page-2, step 8” gave way to later ones of the same run: "):
            act()


def test_the_weights_that_the_page_was_started_with_are_no_run_of_their_own(home: Path, monkeypatch):
    registry = Registry(Session(home / "page-1"))
    runs = restarted(registry, home)
    monkeypatch.setattr(own_runs, "MAX_RUNS", 2)
    runs.check_room()  # for one more beside page-2
    assert names(registry) == [MAIN, "page-2", "page-2/best"]
    for act in (lambda: runs.delete(MAIN), lambda: runs.rename(MAIN, "x"), lambda: runs.delete("page-2/best")):
        with pytest.raises(ValueError, match="only what was trained on this page can be renamed, deleted"):
            act()
    assert (home / "page-1" / WEIGHTS).exists()


@pytest.mark.parametrize("name", ["page-3", "..", "../runs/page-1", "page-1/", "", None, 1, ["page-1"], {}], ids=repr)
def test_what_is_no_run_s_name_leads_nowhere(runs: OwnRuns, home: Path, name: object):
    before = sorted(home.rglob("*"))
    for act in (lambda: runs.delete(name), lambda: runs.rename(name, "x"), lambda: runs.folder(name)):
        with pytest.raises(ValueError, match="there are no weights called"):
            act()
    assert sorted(home.rglob("*")) == before


def test_a_name_stays_with_its_run_across_a_restart(runs: OwnRuns, registry: Registry, weights: Path, home: Path):
    runs.rename("page-2", "  My <b>diary</b> \n 2026 ")
    assert [label for label, _ in registry.choices()][2:] == ["My <b>diary</b> 2026", "My <b>diary</b> 2026, step 8"]
    again = Registry(Session(weights))
    restarted(again, home)
    assert again.choices()[1:] == registry.choices()[1:]
    runs.rename("page-2", "page-2")  # as before
    assert registry.title("page-2/best") == "page-2, step 8"


@pytest.mark.parametrize(
    "title",
    ["", " \n", "x" * (MAX_TITLE + 1), "a\u202eb", "a\0b", None, 7, "PAGE-1", "Built-in weights", "main"],
    ids=repr,
)
def test_a_name_that_is_too_long_unreadable_or_taken_is_refused(runs: OwnRuns, registry: Registry, title: object):
    with pytest.raises(ValueError, match="choose another"):
        runs.rename("page-2", title)
    assert registry.title("page-2") == "page-2"


@pytest.mark.parametrize("content", [b"x" * 10_000, b"\xff", b"a\0b", b"page-2", b""], ids=repr)
def test_a_damaged_name_in_a_folder_is_told_and_done_without(registry: Registry, home: Path, caplog, content: bytes):
    (home / "page-1" / "title.txt").write_bytes(content)
    (home / "page-2" / "title.txt").write_text("page-1")
    restarted(registry, home)
    assert {registry.title(name) for name in ("page-1", "page-2")} == {"page-1", "page-2"}
    assert "is called by its folder" in caplog.text


def test_what_is_deleted_is_gone_also_after_a_restart_and_its_texts_say_so(
    runs: OwnRuns, registry: Registry, weights: Path, home: Path
):
    runs.rename("page-2", "My diary")
    known = [sha256(registry[name]) for name in ("page-2", "page-2/best")]
    runs.delete("page-2")
    assert names(registry) == [MAIN, "page-1"]
    assert [path.name for path in home.iterdir()] == ["page-1"]
    for each in known:
        with pytest.raises(ValueError, match=r"^the weights “My diary.*” were deleted: write it anew with others$"):
            registry.of(each[:12])
    for act in (lambda: registry["page-2"], lambda: runs.delete("page-2")):
        with pytest.raises(ValueError, match=r"^the weights “My diary” were deleted: choose others in the menu$"):
            act()
    runs.delete("page-1")
    assert runs.create_folder().name == "page-3"  # nobody takes other weights for those
    (home / "page-3").rmdir()
    again = Registry(Session(weights))
    restarted(again, home)
    assert names(again) == [MAIN]


def test_a_text_is_written_to_its_end_while_its_weights_are_deleted_and_nothing_of_them_stays(
    runs: OwnRuns, registry: Registry
):
    session = registry["page-2"]
    assert read_snapshots(session)[0].session
    growing = session.write(GenerationRequest(length=50, seed=5), StopSignal())
    next(growing)
    runs.delete("page-2")
    *_, last = growing
    assert len(last.text) == 50
    assert session.memorized_spans(last.text) is None  # unknown by now
    gone = weakref.ref(session)
    del session, growing
    gc.collect()
    assert gone() is None


def test_what_is_being_trained_is_not_deleted(runs: OwnRuns, registry: Registry, home: Path):
    before = sorted(home.rglob("*"))
    runs.hold("page-1")
    with pytest.raises(ValueError, match="“page-1” is being trained further just now"):
        runs.delete("page-1")
    runs.release("page-1")
    with locked(home / "page-1"), pytest.raises(OSError, match="another training is writing to"):  # in a terminal
        runs.delete("page-1")
    assert sorted(path for path in home.rglob("*") if path.name != ".lock") == before
    assert "page-1" in names(registry)
    runs.delete("page-1")


def test_links_within_a_run_are_deleted_and_not_what_they_lead_to(runs: OwnRuns, home: Path, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    for name in ("link", f"{HISTORY}/link"):
        (home / "page-2" / name).symlink_to(tmp_path / "elsewhere")
    runs.delete("page-2")
    assert not (home / "page-2").exists()
    assert (tmp_path / "elsewhere" / "file").exists()


def test_where_many_are_kept_it_is_said_which_to_delete(runs: OwnRuns, registry: Registry, home: Path, caplog):
    runs.rename("page-1", "My diary")
    for number in range(3, MAX_RUNS + 2):
        (home / f"page-{number}").mkdir()
    with pytest.raises(ValueError, match=f"at most {MAX_RUNS} are kept: below, delete .* the oldest, “My diary”$"):
        runs.check_room()
    restarted(Registry(registry[MAIN]), home)
    assert f"Of the {MAX_RUNS + 1} runs in {home}, the latest {MAX_RUNS} are on the page" in caplog.text
    runs.delete("page-1")
    (home / "page-3").rmdir()
    runs.check_room()
    (home / "page-3").mkdir()
    runs.delete("page-2")
    (home / "page-30").mkdir()
    with pytest.raises(ValueError, match=r"delete folders there .*, such as .*page-3$"):  # none is on the page
        runs.check_room()


def test_of_many_snapshots_those_stay_that_tell_most_of_the_run(home: Path):
    history = home / "page-2" / HISTORY
    for step in (1, 6, 50, 400, 800, 1200, 1600):
        (history / f"step-{step:06}").mkdir()
        (history / f"step-{step:06}" / CONFIG).write_text(json.dumps({}))
    thin_snapshots(home / "page-2")
    assert sorted(path.name for path in history.iterdir()) == [f"step-{step:06}" for step in (1, 6, 50, 400, 800, 1600)]
