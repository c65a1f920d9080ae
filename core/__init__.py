"""The science of Parallax: imaging, AI, statistics, study rules and reports. Knows neither web nor database."""

__version__ = "0.1.0"
