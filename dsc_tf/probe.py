"""Entry point of `python -m dsc_tf.probe`; the command is `dsc_tf.commands.probe`."""

from .commands.probe import main

if __name__ == "__main__":
    raise SystemExit(main())
