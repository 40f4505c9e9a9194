"""What every service stands on: the store, the clock, operations, Resource Manager's forms, errors, faults."""
