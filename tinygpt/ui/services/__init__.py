"""What the page does, without gradio: sessions, the registry of weights, training jobs, share links.

All of it can be tested without a browser.
"""
