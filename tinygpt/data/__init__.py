"""Text data: the tokenizer, and datasets that are downloaded, verified, split and read in batches.

Also passages that two texts share: decontamination of the training text, and memorization by a model.
"""
