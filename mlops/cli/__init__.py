"""One module a verb: it parses, calls the flow of the same name, and shows the outcome."""
