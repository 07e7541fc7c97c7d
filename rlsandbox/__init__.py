"""Draw a world, train an agent on it, see everything."""
