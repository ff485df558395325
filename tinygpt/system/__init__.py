"""What operating systems do, each in its own way.

Files replaced in one step, streams that nothing reads any more, commands for shells, errors, the processor's name.
"""
