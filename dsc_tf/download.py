"""Entry point of `python -m dsc_tf.download`; the command is `dsc_tf.commands.download`."""

from .commands.download import main

if __name__ == "__main__":
    raise SystemExit(main())
