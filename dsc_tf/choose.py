"""Entry point of `python -m dsc_tf.choose`; the command is `dsc_tf.commands.choose`."""

from .commands.choose import main

if __name__ == "__main__":
    raise SystemExit(main())
