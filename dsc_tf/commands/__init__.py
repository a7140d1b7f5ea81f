"""The commands, one module each: settings, `run(config)` and `main()`."""
