"""What the page's controls are called, and hints on them."""

LABELS = {  # by the fields of a request
    "prompt": "Prompt",
    "length": "Length",
    "temperature": "Temperature",
    "top_k": "Top-k",
    "top_p": "Top-p",
    "seed": "Seed",
    "stop": "Stop at",
    "strategy": "Strategy",
    "beam_width": "Beam width",
}

STRATEGIES = {"sample": "Sampling", "greedy": "Greedy", "beam": "Beam search"}  # by the values of a request's strategy
STRATEGY_INFO = "sampling draws letters, greedy takes the likeliest, beam search looks ahead"
