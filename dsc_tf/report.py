"""Entry point of `python -m dsc_tf.report`; the command is `dsc_tf.commands.report`."""

from .commands.report import main

if __name__ == "__main__":
    raise SystemExit(main())
