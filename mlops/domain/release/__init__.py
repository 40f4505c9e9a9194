"""What a commit needs: the plan, what differs from what is released, what a scheduled run carries on."""
