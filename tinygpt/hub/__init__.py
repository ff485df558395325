"""Weights on the Hugging Face Hub.

client.py pushes and pulls, model_card.py writes the card that goes along.
"""
