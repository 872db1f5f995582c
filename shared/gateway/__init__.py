"""The only way to a model: screens and redacts what goes out, holds the spend limit, checks what comes back.
Owns prompts, the model client and the spend ledger. It proposes nothing and decides nothing about an alert.
"""
