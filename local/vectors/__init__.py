"""A local vector store: Qdrant Edge's engine behind the part of Qdrant's REST API that we use, shared by processes."""
