"""One alert from received to closed: states, steps, agents, approval, persistence. Models only through the gateway."""
