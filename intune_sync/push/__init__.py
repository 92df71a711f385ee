"""The writes: what is to be sent to Intune, who sends it, and how it is proven that it arrived."""
