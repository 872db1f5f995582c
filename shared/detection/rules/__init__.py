"""One rule is three files of one name: the statistics (.sql), what they mean (.py), and all that is data (.yml)."""
