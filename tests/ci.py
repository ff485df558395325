"""Mark the tests that take long and rarely fail: they run where the variable CI is set, as .ci/run sets it."""

import os

import pytest

ONLY_IN_CI = pytest.mark.skipif(not os.environ.get("CI"), reason="takes long; set CI=true to run it")
