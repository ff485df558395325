"""Weights on the Hugging Face Hub.

pull.py finds weights, push.py uploads them, prepare.py makes what is pushed, and space.py a Space of the page with
some weights.
"""
