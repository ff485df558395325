"""A training run that takes milliseconds: what it leaves in its folder is damaged, and its process killed."""

import hashlib
from pathlib import Path
from random import Random

import numpy as np
import torch

from tinygpt import GPTConfig, TrainConfig, Trainer
from tinygpt.data.dataset import dataset_from_text
from tinygpt.data.memorization import INDEX, build_index
from tinygpt.training.state import STATE

torch.set_num_threads(1)
_WORDS = ["the", "queen", "sings", "and", "a", "river", "waits", "for", "bread;", "who", "knows?\n"]
TEXT = " ".join(Random(1).choices(_WORDS, k=600))
_DATASET = dataset_from_text(TEXT, hashlib.sha256(TEXT.encode()).hexdigest())


def train(folder: Path, **changes) -> Trainer:
    """Train to the last step: a new run or, if the folder has a training state, the one that it is of."""
    shape = {"block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 16, "dropout": 0.1, "family": "qwen3"}
    settings = {"batch_size": 4, "max_iters": 12, "eval_interval": 1, "eval_iters": 1, "ema_decay": 0.9}
    model = GPTConfig(vocab_size=_DATASET.tokenizer.vocab_size, **shape)
    trainer = Trainer(model, TrainConfig(**settings | changes), _DATASET, folder, preset="tiny", source=["tiny.txt"])
    if (folder / STATE).exists():
        trainer.resume()
    for _ in trainer.run():
        pass
    trainer.finish()
    return trainer


def save_whole_run(folder: Path) -> Trainer:
    """Train three steps, and save all files that the folder of a run can have."""
    trainer = train(folder, max_iters=3)
    np.save(folder / INDEX, build_index(TEXT))
    return trainer
