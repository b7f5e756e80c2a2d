"""Outputs: committed signals go on to automation software and to other centres, in order, from the journal."""
