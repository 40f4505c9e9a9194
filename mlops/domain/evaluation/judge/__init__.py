"""A language model as judge of answers, where a team has one: what it is asked, what it says, how far to trust it."""
