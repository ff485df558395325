"""The front end's files: scripts, stylesheet and fonts.

The page loads them; there is no Python here.
"""
