"""The version of dl, shared by all members, and its names on the package index."""

VERSION = "0.1.0"
PROJECT = "dl-workbench"  # on the package index: the usual set; each member is a distribution of its own
CORE = f"{PROJECT}-core"
