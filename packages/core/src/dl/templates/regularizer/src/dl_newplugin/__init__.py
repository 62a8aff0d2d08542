"""The regularizer newplugin for dl."""
