"""Questions that may wait a day: queued, batched, submitted at most once, collected; what comes of them lands as
drafts for people. Activates nothing.
"""
