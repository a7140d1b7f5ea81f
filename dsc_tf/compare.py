"""Entry point of `python -m dsc_tf.compare`; the command is `dsc_tf.commands.compare`."""

from .commands.compare import main

if __name__ == "__main__":
    raise SystemExit(main())
