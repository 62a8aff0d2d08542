"""The task newplugin for dl."""
