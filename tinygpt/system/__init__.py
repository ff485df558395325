"""What operating systems do, each in its own way.

Files that are replaced in one step, standard streams that nothing reads any more, commands for their shells, and the
name of the processor.
"""
