"""Weights on the Hugging Face Hub.

client.py pushes and pulls, prepare.py makes what is pushed, and space.py a Space of the page with some weights.
"""
