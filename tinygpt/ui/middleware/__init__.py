"""ASGI middleware that refuses dangerous requests before gradio sees them.

Each module holds one concern: the page's password, routes that the page does not use,
other websites, uploads, a full queue, and browsers' safety headers.
"""
