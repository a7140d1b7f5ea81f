"""Entry point of `python -m dsc_tf.evaluate`; the command is `dsc_tf.commands.evaluate`."""

from .commands.evaluate import main

if __name__ == "__main__":
    raise SystemExit(main())
