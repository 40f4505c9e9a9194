"""Jobs and schedules of a workspace; `execution` runs them."""
