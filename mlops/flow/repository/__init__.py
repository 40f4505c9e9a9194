"""Makes a team's repository and keeps it up to date."""
