"""What several tests of the page's services share."""

from pathlib import Path

import pytest

from tinygpt.ui.services import training_jobs as module
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.training_jobs import TrainingJobs


@pytest.fixture
def registry(weights: Path) -> Registry:
    return Registry(Session(weights))


@pytest.fixture
def training_jobs(registry: Registry, tmp_path: Path, monkeypatch) -> TrainingJobs:
    monkeypatch.setattr(module, "REPORT_INTERVAL", 0.01)
    return TrainingJobs(registry, tmp_path / "runs")
