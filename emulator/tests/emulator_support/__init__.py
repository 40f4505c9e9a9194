"""What tests against the emulator share, those of this distribution and those of others in the same repository."""
