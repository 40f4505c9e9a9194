"""The settings of a repository on GitHub, as its REST interface keeps them."""
