"""The app.py of a Space: the page on a CPU or on ZeroGPU. It is copied there by python -m tinygpt.hub space."""

import os

try:
    import spaces  # installed on Spaces; before torch
except ImportError:
    spaces = None

from tinygpt.ui.launch import main

# The package reads it so. It may be installed on other hardware, too, whose GPU can be used.
_ZERO_GPU = os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")

if spaces:

    @spaces.GPU
    def on_gpu() -> None:
        """ZeroGPU wants a function to lend a GPU to. A model this small writes on the processor."""


if __name__ == "__main__":
    main(zero_gpu=_ZERO_GPU)
