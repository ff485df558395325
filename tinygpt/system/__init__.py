"""What operating systems do, each in its own way.

Files that are replaced in one step, and standard streams that nothing reads any more.
"""
