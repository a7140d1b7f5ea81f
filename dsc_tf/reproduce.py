"""Entry point of `python -m dsc_tf.reproduce`; the command is `dsc_tf.commands.reproduce`."""

from .commands.reproduce import main

if __name__ == "__main__":
    raise SystemExit(main())
