"""HTTP itself: the CONNECT proxy, TLS, requests and replies, and how a path finds its handler."""
