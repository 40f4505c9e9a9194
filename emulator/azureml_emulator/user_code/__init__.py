"""What runs beside the code that a user brings: the driver that hands a scoring script its mini-batches."""
