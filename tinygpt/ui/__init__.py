"""The web page: blocks.py assembles it, launch.py is the body of app.py, and api.py adds the endpoint for programs.

Imports run downward only: launch, serving, blocks and api, tabs, components, services.
"""
