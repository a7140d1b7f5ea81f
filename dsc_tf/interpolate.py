"""Entry point of `python -m dsc_tf.interpolate`; the command is `dsc_tf.commands.interpolate`."""

from .commands.interpolate import main

if __name__ == "__main__":
    raise SystemExit(main())
