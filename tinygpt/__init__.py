"""tinygpt: a small Shakespeare GPT to open, share and learn from."""

from tinygpt.attention import Head, MultiHeadAttention
from tinygpt.beam import beam_search
from tinygpt.checkpoint import load_checkpoint, save_checkpoint
from tinygpt.compiled import fastest
from tinygpt.config import PRESETS, GPTConfig, SampleConfig, TrainConfig
from tinygpt.data import DEFAULT_URL, get_batch, load_dataset
from tinygpt.evaluation import estimate_loss, evaluate_full
from tinygpt.generation import stream
from tinygpt.model import Block, FeedForward, GPTLanguageModel
from tinygpt.tokenizer import TextEncoderDecoder
from tinygpt.training import Trainer

__all__ = [
    "DEFAULT_URL",
    "PRESETS",
    "Block",
    "FeedForward",
    "GPTConfig",
    "GPTLanguageModel",
    "Head",
    "MultiHeadAttention",
    "SampleConfig",
    "TextEncoderDecoder",
    "TrainConfig",
    "Trainer",
    "beam_search",
    "estimate_loss",
    "evaluate_full",
    "fastest",
    "get_batch",
    "load_checkpoint",
    "load_dataset",
    "save_checkpoint",
    "stream",
]
