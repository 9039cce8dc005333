"""The graph: typed, immutable, in static single assignment form; its ops, its tracer and its one interpreter."""
