"""Who may do what: roles, permissions, tokens, kill switches. Not how a request carries a token: that is api/."""
