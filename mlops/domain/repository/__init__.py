"""A team's repository: its answers, its files, and the commit of this program that it calls."""
