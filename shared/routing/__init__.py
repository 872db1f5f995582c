"""Which model answers a question, at what price and in what state of health: pure decisions, tables as data.
Owns tiers, prices, circuit breakers and degradation levels. It calls nothing and stores nothing; the gateway does.
"""
