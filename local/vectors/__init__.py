"""A local vector store: the engine that qdrant-client embeds, served over the part of Qdrant's REST API that we use, so
that several processes share it. It compares a question with every point, in Python, and is for some hundreds of points.
"""
