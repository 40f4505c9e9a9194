"""One module a verb: observe, decide, apply. They give an outcome; the command line renders it."""
