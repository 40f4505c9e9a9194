"""One module a part of the emulated surface; `routes` says which path goes where."""
