"""Results panels: one module a panel, from data to blocks. `registry.PANELS` is the only list."""
