"""Entry point of `python -m dsc_tf.predict`; the command is `dsc_tf.commands.predict`."""

from .commands.predict import main

if __name__ == "__main__":
    raise SystemExit(main())
