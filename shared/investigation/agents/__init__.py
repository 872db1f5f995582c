"""The six agents: each reads a GraphState and returns it with its own fields filled. None moves the state."""
