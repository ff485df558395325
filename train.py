"""Train a model: python train.py. The body is tinygpt/commands/train.py."""

import sys

from tinygpt.__main__ import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
