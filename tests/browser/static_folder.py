"""The page without a server, as the exporter writes it."""

from pathlib import Path

from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.export.static_page import static_page
from tinygpt.output import write_files


def export(weights: Path, folder: Path) -> None:
    """Write the page with a checkpoint to a folder."""
    write_files(static_page(weights, read_checkpoint(weights)), folder)
