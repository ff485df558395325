"""Text from a trained model: loading, generation, beam search, and inspection of what it predicts at one position.

Nothing here imports torch before it is needed, so that the page starts fast.
"""
