"""What exists without anybody creating it: registry models, components, VM sizes, the public dataset."""
