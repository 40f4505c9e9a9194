"""Azure Blob Storage, as far as the SDK's clients use it."""
