"""The investigation of one alert as a durable orchestration; its order is shared/investigation/flow.py."""
