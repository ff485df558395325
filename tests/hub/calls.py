"""Functions to call in the process whose huggingface_hub speaks to our server. Nothing here imports torch."""

import io
import os
import shutil
from contextlib import redirect_stderr, redirect_stdout
from logging import StreamHandler
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from tinygpt.hub import connection, download, pull
from tinygpt.hub.push import push
from tinygpt.hub.upload import upload


def with_short_deadline(function, *args):
    with patch.multiple(connection, ANSWER_SECONDS=0.3, BYTES_PER_SECOND=1e12):
        return function(*args)


def with_short_answer_deadline(function, *args):
    with patch.object(download, "ANSWER_DEADLINE", 0.1):
        return function(*args)


def with_token(token, function, *args):
    with patch.dict(os.environ, {"HF_TOKEN": token}):
        return function(*args)


def messages(function, *args):
    """The message of the error that a call raises, and what it prints and logs."""
    from huggingface_hub.utils import logging

    out, log = io.StringIO(), io.StringIO()
    handler = StreamHandler(log)
    logger = logging.get_logger()
    logger.addHandler(handler)
    try:
        with redirect_stdout(out), redirect_stderr(out), pytest.raises((ValueError, OSError)) as caught:
            function(*args)
    finally:
        logger.removeHandler(handler)
    return str(caught.value), out.getvalue(), log.getvalue()


def on_stderr(function, *args):
    """What a call prints to stderr."""
    with redirect_stderr(io.StringIO()) as err:
        function(*args)
    return err.getvalue()


def with_endpoint(url, function, *args):
    from huggingface_hub import constants

    with patch.object(constants, "ENDPOINT", url):
        return function(*args)


def with_cache(path, function, *args):
    from huggingface_hub import constants

    with patch.object(constants, "HF_HUB_CACHE", path):
        return function(*args)


def with_full_disk(function, *args):
    with patch.object(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000)):
        return function(*args)


def push_private(run, repo):
    return push(run, repo, private=True)


def push_with_index(run, repo):
    return push(run, repo, with_index=True)


def push_with_space(run, repo):
    return push(run, repo, space="ann/demo")


def find_weights(source):
    return pull.find_weights(source)


def with_bug(source):
    """find_weights with an error of our own in it."""
    with patch.object(pull.Repository, "download", lambda self: {}["no such key"]):
        return pull.find_weights(source)


def with_snapshots(source):
    return pull.find_weights(source, snapshots=True)


def nothing(names):
    """Of the files in a repository, those that an upload replaces."""
    return set()


def upload_space(files, repo):
    return upload(files, repo, message="Make a Space", replaced=nothing, sdk="gradio")


def upload_files(files, repo):
    return upload(files, repo, message="Upload files", replaced=nothing)
