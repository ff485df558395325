"""What visitors do who train on the page."""

from tinygpt.request import GenerationRequest
from tinygpt.ui.services.session import Session, StopSignal
from tinygpt.ui.services.training_jobs import TrainingJob, TrainingJobs


def trained(training_jobs: TrainingJobs, text: bytes, preset: str, steps: int) -> TrainingJob:
    """A job, after its visitor has followed it to its end."""
    job = training_jobs.start(text, preset, steps)
    for _ in training_jobs.follow(job.id):
        pass
    return job


def begun(training_jobs: TrainingJobs, text: str, preset: str = "quick", steps: int = 10_000) -> TrainingJob:
    """A job that has done its first step."""
    job = training_jobs.start(text.encode(), preset, steps)
    for _ in training_jobs.follow(job.id):
        if job.step:
            return job
    raise AssertionError("the job ended before its first step")


def written(session: Session) -> str:
    return [*session.write(GenerationRequest(length=20, seed=5), StopSignal())][-1].text
