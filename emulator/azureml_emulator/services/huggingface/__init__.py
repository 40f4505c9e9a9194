"""The data set host: the files of `ultrachat_200k` in the layout of the Hugging Face hub."""
