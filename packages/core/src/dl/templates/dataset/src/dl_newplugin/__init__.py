"""The data set newplugin for dl."""
