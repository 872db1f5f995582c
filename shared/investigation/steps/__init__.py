"""The steps of an investigation. Each may be repeated: made again, it changes nothing."""
