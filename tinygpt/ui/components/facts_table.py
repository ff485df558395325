"""What is known about some weights: their model, their training and their loss."""

import math

from tinygpt.page.masthead import uncertainty
from tinygpt.ui.components.status import duration
from tinygpt.ui.services.session import Session

Fact = tuple[str, str, str]  # its name, what is to be said, and the exact figures, "" if there are no others


def facts(session: Session) -> list[Fact]:
    """The known facts about a session's weights."""
    config, saved = session.config, session.facts
    rows = [
        ("Size", f"{session.parameters:,} parameters", ""),
        (
            "Model",
            f"{config.n_layer} blocks, each with {config.n_head} attention heads",
            f"width {config.n_embd}, architecture {config.family}",
        ),
        ("Sees at once", f"{config.block_size} characters", ""),
        ("Alphabet", f"{config.vocab_size} characters", ""),
    ]
    if "preset" in saved:
        rows.append(("Preset", saved["preset"], ""))
    if "steps" in saved:
        took = f" in {duration(saved['seconds'])}" if "seconds" in saved else ""
        rows.append(("Training", f"{saved['steps']:,} steps{took}", ""))
    if (loss := saved.get("validation_loss")) is not None:
        blocks = f", in blocks of {saved['validation_block_size']}" if "validation_block_size" in saved else ""
        figures = (
            f"{loss:.4f} nats or {loss / math.log(2):.4f} bits per character, "
            f"measured on the last tenth of the text{blocks}"
        )
        rows.append(("On text it never saw", uncertainty(loss), figures))
    return [*rows, ("Fingerprint", f"{saved['weights_sha256'][:16]}…", "the beginning of the weights’ sha256")]
