"""What crosses distributions: SCU -> server -> medium, documents, architecture, robustness, benches."""
