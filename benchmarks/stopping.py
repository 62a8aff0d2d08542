"""A callback of Lightning that ends a fit early, as the beginning of a longer one."""

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback


class StopAfter(Callback):
    """Stops after some epochs.

    Args:
        epochs: Of these.
    """

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop after the last of them."""
        trainer.should_stop = trainer.should_stop or trainer.current_epoch + 1 >= self.epochs
