"""The page: what it does (session, render) and what it looks like (blocks, a file for each tab)."""
