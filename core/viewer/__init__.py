"""The reading component: source in src/, built once into dist/."""
