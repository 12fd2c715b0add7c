"""The service under load: `python -m tests.bench.service` (`make load`)."""
