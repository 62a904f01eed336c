"""The demonstration: real Arabic and English text out of packages of the registry, and what Daad makes of it."""
