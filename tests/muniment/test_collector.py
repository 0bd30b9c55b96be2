"""The collector's rest ends with the last of those who asked for it."""

import gc
import threading

from muniment.collector import collector_at_work, collector_paused, collector_seldom


def test_the_collector_rests_until_the_last_has_done() -> None:
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_rest_is_interrupted_for_what_takes_long_and_goes_on_after_it() -> None:
    with collector_paused(), collector_paused():
        with collector_at_work():
            assert gc.isenabled()
            with collector_paused():
                assert not gc.isenabled()
            assert gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_who_works_on_ends_nobody_elses_rest() -> None:
    def work_on() -> None:
        with collector_at_work():
            seen.append(gc.isenabled())

    seen: list[bool] = []
    with collector_paused():
        other = threading.Thread(target=work_on)
        other.start()
        other.join()
        assert seen == [False]
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_was_off_is_not_put_to_work() -> None:
    gc.disable()
    try:
        with collector_paused(), collector_at_work():
            assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_collector_passes_seldom_until_the_last_has_done() -> None:
    before = gc.get_threshold()
    with collector_seldom():
        with collector_seldom():
            assert gc.get_threshold()[0] > before[0]
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before


def test_a_collector_that_never_passes_is_left_so() -> None:
    before = gc.get_threshold()
    gc.set_threshold(0)
    try:
        with collector_seldom():
            assert gc.get_threshold()[0] == 0
    finally:
        gc.set_threshold(*before)
