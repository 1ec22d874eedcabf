"""Safe file access: atomic and private writes, locks, and bounded reads that follow no link.

A plan file, the state of the built-in Azure, a cache and an export hold the layout of an estate,
and azsec runs in folders that other people fill: a cloned repository can hold a symbolic link, a
FIFO or a hard link under the name that azsec is about to write. The command line, the cache of the
catalog and the state of the built-in Azure write through this package alone. It is independent of
what a file holds.
"""
