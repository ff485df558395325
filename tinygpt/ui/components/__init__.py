"""What tabs are made of: controls, the output pane, candidates, charts, and the data that scripts draw.

Each builds gradio components or HTML; events.py holds what their events share.
"""
