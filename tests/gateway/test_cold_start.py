"""Garbage collection is off while a function loads, and on from then on."""

import gc

from shared import gc_control


def test_what_was_loaded_is_never_collected_and_later_garbage_is():
    gc.unfreeze()
    gc_control.disable()
    assert not gc.isenabled()
    gc_control.freeze()
    try:
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
