"""The `aluskort` command: a person's entry points, as functions/ are the platform's. Each command reads its arguments,
calls one thing in shared/ or local/, and shows the answer.
"""
