"""The version of dl, shared by all members."""

VERSION = "0.1.0"
