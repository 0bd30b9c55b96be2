"""The product's rules: what is kept, how it is proved, when we could not see."""
