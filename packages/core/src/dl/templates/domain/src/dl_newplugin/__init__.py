"""The domain newplugin for dl: signals, one in a file."""
