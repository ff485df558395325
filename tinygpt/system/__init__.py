"""What operating systems do, each in its own way.

Files that are replaced in one step, standard streams that nothing reads any more, and commands for their shells.
"""
