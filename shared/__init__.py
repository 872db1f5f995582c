"""The product. Imports neither azure.functions nor azure.durable_functions nor functions/, durable/ or local/."""
