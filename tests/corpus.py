"""Mark the tests that read the real corpus: they run where a copy of it is given, and never download it."""

import os

import pytest

from tinygpt.data.download import CORPUS_VARIABLE

NEEDS_CORPUS = pytest.mark.skipif(
    not os.environ.get(CORPUS_VARIABLE), reason=f"set {CORPUS_VARIABLE} to the Tiny Shakespeare file to run this"
)
