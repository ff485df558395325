"""Checkpoints: a folder with model.safetensors and config.json. Reading is strict, writing is atomic.

`reading` needs no torch; `torch_checkpoint` saves models and loads them.
"""
