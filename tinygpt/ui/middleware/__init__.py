"""ASGI middleware around gradio: it refuses dangerous requests, and rewrites the page's document.

Each module holds one concern: the page's password, routes that the page does not use, other websites, uploads,
a full queue, browsers' safety headers, and what the document says of the page.
"""
