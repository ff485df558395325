"""What a page says of itself and its weights, whether ui/ serves it or export/ writes it: title, preview, examples.

Nothing here needs gradio.
"""
