"""Entry point of `python -m dsc_tf.pretrain`; the command is `dsc_tf.commands.pretrain`."""

from .commands.pretrain import main

if __name__ == "__main__":
    raise SystemExit(main())
