"""What tabs are made of: controls, the output pane, candidates, charts, the diagram.

Each builds gradio components or HTML; events.py holds what their events share.
"""
