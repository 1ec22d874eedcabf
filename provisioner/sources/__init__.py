"""Sources of blueprints and modules outside the working copy: azsec's library and git repositories.

The library is part of the distribution, so `azsec:secure-aks` is the one that this version of azsec
was tested with. A module in a git repository is read at the commit that `azsec.lock` states for its
tag, and each file by its digest: what a reviewer saw is what is composed, wherever the tag points
by then. Repositories are foreign input. Nothing of them is checked out, so no hook, filter,
symbolic link or submodule takes effect; git may speak https and ssh alone, asks nobody, and has
bounds of time and size. The command line opens these sources around the files of the working copy;
the core reads all of them by `Sources.read_text` and does not know the difference.
"""
