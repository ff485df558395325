"""The loss curves of a finished training run, with a mark for each of its snapshots, as data."""

from collections.abc import Sequence

from tinygpt.page.masthead import uncertainty
from tinygpt.system.shell import own_command
from tinygpt.ui.components.events import Data
from tinygpt.ui.components.status import Line
from tinygpt.ui.services.evaluations import Evaluation, lowest, overfits
from tinygpt.ui.services.snapshots import Snapshot

# The names of the curves.
UNSEEN, LEARNED = "on text it never saw", "on the text it learns from"
_OFTEN = 8  # times that a text is read: it is short for its model


def about_lowest(evaluations: Sequence[Evaluation], times_read: float) -> str:
    """When the loss on text that the model never saw was lowest, and why it rose if it did; "" without evaluations.

    `times_read` says how often the model has read the text that it learns from, on average.
    """
    best = lowest(evaluations)
    if best is None:
        return ""
    if not overfits(evaluations):
        return f"Lowest on text it never saw: step {best.step:,}."
    short = f" That is normal for a short text: it has read this one about {_rounded(times_read)} times."
    return (
        f"Lowest on text it never saw: step {best.step:,}. Since then that curve has risen while the other one fell: "
        "the model learns the text by heart, word for word, which does not help with any other text (overfitting)."
        f"{short if times_read >= _OFTEN else ''}"
    )


def lowest_mark(evaluations: Sequence[Evaluation]) -> list[Data]:
    """A mark where the loss on text that the model never saw was lowest, if it has risen since."""
    if not overfits(evaluations):
        return []
    best = lowest(evaluations)
    label = f"Lowest at step {best.step:,}: {uncertainty(best.validation)}."
    return [{"x": best.step, "y": best.validation, "label": label, "still": True}]


def curves_of(evaluations: Sequence[Evaluation]) -> list[Data]:
    """The validation and training losses of a run's evaluations as curves."""
    return [
        {"name": UNSEEN, "points": [(each.step, each.validation) for each in evaluations]},
        {"name": LEARNED, "points": [(each.step, each.train) for each in evaluations]},
    ]


def loss_chart(
    evaluations: Sequence[Evaluation], snapshots: Sequence[Snapshot], *, times_read: float = 0, shipped: bool = False
) -> Data:
    """The curves, the validation curve first, with a mark for each snapshot whose loss was measured, and a note.

    Losses are estimated only now and then. Before the first estimate, the validation curve joins the snapshots. Where
    there are none, the note says so; with `shipped`, it says that those of the shipped weights are in the repository.
    Where the loss on text that the model never saw rose in the end, there is a mark where it was lowest, too, and the
    note says why (see about_lowest).
    """
    if not evaluations:
        note = "These weights came without a record of their losses (metrics.jsonl), so there is no curve to show."
        return {"curves": [], "marks": [], "note": [("note", note)]}
    points = [(snapshot.step, snapshot.loss) for snapshot in snapshots if snapshot.loss is not None]
    validation, *others = curves_of(evaluations)
    early = [point for point in points if point[0] < validation["points"][0][0]]
    curves = [validation | {"points": [*early, *validation["points"]]}, *others]
    marks = [{"x": step, "y": loss, "label": _label(step, loss)} for step, loss in points]
    why = [("status", about_lowest(evaluations, times_read))] if overfits(evaluations) else []
    note = [*why, *_note(snapshots, points, shipped)]
    return {"curves": curves, "marks": lowest_mark(evaluations) + marks, "note": note}


def _label(step: int, loss: float) -> str:
    return f"Step {step:,}: {uncertainty(loss)} ({loss:.4f} nats per character). Show what it wrote."


def _rounded(times: float) -> str:
    """A number of times as people say it: 8, 140, 2,300."""
    digits = max(0, len(str(round(times))) - 2)
    return f"{round(times, -digits):,.0f}"


def _note(snapshots: Sequence[Snapshot], points: list[tuple[int, float]], shipped: bool) -> list[Line]:
    notes = ["The curves are estimates from random passages of the text."]
    if points:
        notes.append(
            "The points are the steps whose texts you see, measured on the whole text that the model never saw; "
            "before the first estimate, the curve joins them."
        )
    if not snapshots and shipped:
        to_open = own_command("app", "--weights", "COPY/weights")
        notes.append(
            "The snapshots of this run, each of which can write, are too large for the package. tinygpt’s repository "
            f"has them: to open those in your COPY of it, run {to_open}"
        )
    elif not snapshots:
        notes.append("These weights came without snapshots of their run, so there is no point to choose.")
    return [("status", " ".join(notes))]
