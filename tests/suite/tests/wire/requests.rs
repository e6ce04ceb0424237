//! What a caller may add to a request, and what is refused.
