"""Public formats of the systems that a rule looks at, as rows of the telemetry tables. Decides nothing about a row."""
