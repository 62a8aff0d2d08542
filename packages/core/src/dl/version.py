"""The version of dl, of which all members share one."""

VERSION = "0.1.0"
