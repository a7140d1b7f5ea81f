"""Entry point of `python -m dsc_tf.downscale`; the command is `dsc_tf.commands.downscale`."""

from .commands.downscale import main

if __name__ == "__main__":
    raise SystemExit(main())
