"""A member of the exchange: it takes in what others publish, trusting nobody's word for it."""
