"""The web page: blocks.py assembles it, launch.py is its command line, and api.py adds the endpoint for programs.

Imports run downward only: launch, serving, blocks and api, tabs, components, services.
"""
