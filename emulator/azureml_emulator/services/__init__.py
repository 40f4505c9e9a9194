"""One folder for each service that is emulated: its calls, and what its resources are."""
