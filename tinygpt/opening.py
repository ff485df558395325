"""A stored model, opened for writing by what writes fastest here."""

from pathlib import Path

from tinygpt.compiled import compiled
from tinygpt.generation import LanguageModel
from tinygpt.stored import Stored, read_stored
from tinygpt.tokenizer import TextEncoderDecoder


def open_checkpoint(folder: str | Path, device: str = "auto") -> tuple[LanguageModel, TextEncoderDecoder]:
    """The model and tokenizer in a folder, for one text a core. Raises as read_stored and open_model do."""
    stored = read_stored(folder)
    return open_model(stored, device), TextEncoderDecoder(stored.vocabulary)


def open_model(stored: Stored, device: str = "auto") -> LanguageModel:
    """Compiled on the processor where that can be done, which needs no torch; else, and on other devices, torch.

    Raises ValueError for a device that is not there.
    """
    if device in ("auto", "cpu") and (model := compiled(stored.config, stored.tensors)):
        return model
    from tinygpt.checkpoint import build_model
    from tinygpt.device import choose_device, one_core_a_stream

    model = build_model(stored).to(choose_device(device))
    one_core_a_stream()
    return model
