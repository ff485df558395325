"""The tests that read the real corpus run where there is a copy of it: none of them downloads."""

import os

import pytest

from tinygpt.download import CORPUS_VARIABLE

NEEDS_CORPUS = pytest.mark.skipif(
    not os.environ.get(CORPUS_VARIABLE), reason=f"set {CORPUS_VARIABLE} to the Tiny Shakespeare file to run this"
)
