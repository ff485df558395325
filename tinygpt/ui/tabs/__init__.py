"""The page's tabs, one file each.

A tab's layout and the wiring of its events sit together.
"""
