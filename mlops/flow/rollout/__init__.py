"""The parts of a promotion, one file each; `mlops.flow.promote` puts them in order."""
