"""Open the page: python app.py. Its body is tinygpt/ui/launch.py."""

import sys

try:
    import spaces  # only on Hugging Face's ZeroGPU, and there before torch
except ImportError:
    spaces = None

from tinygpt.ui.launch import main

if spaces:

    @spaces.GPU
    def on_gpu() -> None:
        """ZeroGPU wants a function to lend a GPU to. A model this small writes on the processor."""


if __name__ == "__main__":
    try:
        main(zero_gpu=spaces is not None)
    except KeyboardInterrupt:
        sys.exit(130)
