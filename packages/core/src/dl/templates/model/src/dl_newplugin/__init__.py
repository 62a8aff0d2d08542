"""The network newplugin for dl."""
