"""Where nothing is traced: for tests, and functions without instrumentation."""
