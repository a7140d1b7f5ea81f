"""Entry point of `python -m dsc_tf.train`; the command is `dsc_tf.commands.train`."""

from .commands.train import main

if __name__ == "__main__":
    raise SystemExit(main())
