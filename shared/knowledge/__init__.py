"""What the SOC already knows: indicators, earlier incidents, risk signals, false-positive patterns. Judges nothing."""
