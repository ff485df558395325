"""Uploading files to a repository on the Hub."""

import hashlib
import random

import pytest

from tests.hub.calls import on_stderr, upload_files, upload_space, with_short_deadline
from tests.hub.checkpoints import refusal
from tinygpt.hub.connection import seconds_for

LARGE = random.Random(1).randbytes(1_200_000)


@pytest.fixture
def files(tmp_path):
    """A large file as a path, and a small one as its content."""
    (tmp_path / "large.safetensors").write_bytes(LARGE)
    return {"README.md": b"---\nlicense: mit\n---\nHello.\n", "sub/large.safetensors": tmp_path / "large.safetensors"}


@pytest.mark.parametrize(
    ("function", "prefix", "sdk"),
    [(upload_files, "", None), (upload_space, "spaces/", "gradio")],
    ids=["model", "space"],
)
def test_files_are_uploaded_as_one_commit_to_a_model_or_a_space(call, hub, repo, files, function, prefix, sdk):
    name = prefix + repo
    assert call(function, files, repo) == f"{hub.url}/{name}"
    assert hub.repos[name].sdk == sdk
    assert len(hub.repos[name].commits) == 2  # the first one made the repository
    uploaded = hub.repos[name].files()
    assert uploaded.keys() - {".gitattributes"} == files.keys()
    assert (uploaded["README.md"], uploaded["sub/large.safetensors"]) == (files["README.md"], LARGE)


def test_the_progress_of_large_files_is_shown_on_stderr_with_their_whole_names(call, repo, files):
    shown = call(on_stderr, upload_files, files, repo)
    assert "Uploading sub/large.safetensors, 1,200,000 bytes\n" in shown
    assert "100%" in shown
    assert "README.md" not in shown


@pytest.mark.parametrize("fault", ["fails", "stalls"])
def test_after_a_fault_before_the_commit_the_old_files_are_there_and_nothing_is_sent_twice(
    call, hub, repo, files, fault
):
    call(upload_files, {"old.txt": b"old"}, repo)
    if fault == "stalls":
        hub.stalls_at = ("/commit/main",)
        message = refusal(TimeoutError, call, with_short_deadline, upload_files, files, repo)
        assert "what has arrived is not sent again" in message
    else:
        hub.fails_at = ("/commit/main",)
        refusal((ValueError, OSError), call, upload_files, files, repo)
    large = f"/lfs/{hashlib.sha256(LARGE).hexdigest()}"
    assert hub.paths("PUT").count(large) == 1
    assert hub.repos[repo].files().keys() == {".gitattributes", "old.txt"}
    hub.mend()
    call(upload_files, files, repo)
    assert hub.paths("PUT").count(large) == 1
    assert hub.repos[repo].files().keys() == {".gitattributes", "old.txt", *files}


@pytest.mark.parametrize("at", ["/api/repos/create", "/preupload/", "/info/lfs/", "PUT /lfs/", "/lfs-verify"])
def test_a_stalled_step_ends_at_its_deadline(call, hub, repo, files, at):
    hub.stalls_at = (at,)
    assert "took longer than 0.3 seconds" in refusal(
        TimeoutError, call, with_short_deadline, upload_files, {"README.md": b"Hi.\n"} | files, repo
    )
    assert hub.stalled.wait(30)


def test_a_file_that_is_gone_is_named_and_the_hub_is_not_asked(call, hub, repo, files):
    files["sub/large.safetensors"].unlink()
    message = refusal(OSError, call, upload_files, files, repo)
    assert "large.safetensors" in message
    assert message.endswith("; it was removed meanwhile, try again")
    assert repo not in hub.repos


def test_the_deadline_grows_with_the_size():
    assert seconds_for(0) < 60
    assert seconds_for(30_000_000) >= 30_000_000 / 50_000
