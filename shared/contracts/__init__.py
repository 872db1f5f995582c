"""What crosses a boundary: frozen models, one file per noun, and topics.json, the one topic catalogue. No I/O."""
