"""Queues between threads: who waits, in which order, and how a wait ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphflow as tf

SHORT = 0.05


@pytest.fixture
def session() -> Iterator[Any]:
    with tf.Graph().as_default(), tf.Session() as opened:
        yield opened


class Call(threading.Thread):
    """A call in a thread of its own; `result()` returns or raises what it did."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        super().__init__(daemon=True)
        self._function, self._args = function, args
        self._found: Any = None
        self._error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._found = self._function(*self._args)
        except Exception as e:
            self._error = e

    def waits(self) -> bool:
        self.join(SHORT)
        return self.is_alive()

    def result(self) -> Any:
        self.join(20)
        assert not self.is_alive()
        if self._error is not None:
            raise self._error
        return self._found


def queue_of(capacity: int, **options: Any) -> Any:
    return tf.FIFOQueue(capacity, tf.int32, shapes=[[]], **options)


def test_dequeue_waits_for_an_element(session: Any) -> None:
    queue = queue_of(3)
    call = Call(session.run, queue.dequeue())
    assert call.waits()
    session.run(queue.enqueue(7))
    assert call.result() == 7


def test_enqueue_waits_for_room(session: Any) -> None:
    queue = queue_of(1)
    session.run(queue.enqueue(1))
    call = Call(session.run, queue.enqueue(2))
    taken = queue.dequeue()
    assert call.waits()
    assert session.run(taken) == 1
    call.result()
    assert session.run(taken) == 2


def test_those_who_wait_are_served_in_their_order(session: Any) -> None:
    queue = queue_of(10)
    many, one = queue.dequeue_many(3), queue.dequeue()
    first = Call(session.run, many)
    assert first.waits()
    second = Call(session.run, one)
    assert second.waits()
    session.run(queue.enqueue_many([[1, 2]]))
    assert first.waits()
    assert second.waits()
    assert session.run(queue.size()) == 0  # the first one holds them already
    session.run(queue.enqueue_many([[3, 4]]))
    assert first.result().tolist() == [1, 2, 3]
    assert second.result() == 4


def test_many_elements_go_in_piece_by_piece(session: Any) -> None:
    queue = queue_of(3)
    call = Call(session.run, queue.enqueue_many([list(range(10))]))
    some = queue.dequeue_many(5)
    assert call.waits()
    assert session.run(some).tolist() == [0, 1, 2, 3, 4]
    assert session.run(some).tolist() == [5, 6, 7, 8, 9]
    call.result()


def test_what_a_cancelled_request_held_goes_back(session: Any) -> None:
    queue = queue_of(10)
    session.run(queue.enqueue_many([[1, 2]]))
    soon = tf.RunOptions(timeout_in_ms=30)
    with pytest.raises(tf.errors.DeadlineExceededError, match="Timed out waiting"):
        session.run(queue.dequeue_many(3), options=soon)
    assert session.run(queue.dequeue_many(2)).tolist() == [1, 2]


def test_close_lets_those_before_it_finish(session: Any) -> None:
    queue = queue_of(1)
    session.run(queue.enqueue(1))
    enqueue, close, closed, take = (
        queue.enqueue(2),
        queue.close(),
        queue.is_closed(),
        queue.dequeue(),
    )
    bringing = Call(session.run, enqueue)
    assert bringing.waits()
    closing = Call(session.run, close)
    assert closing.waits()
    assert not session.run(closed)
    assert [session.run(take), session.run(take)] == [1, 2]
    bringing.result()
    closing.result()
    assert session.run(closed)
    with pytest.raises(tf.errors.OutOfRangeError, match=r"requested 1, current size 0"):
        session.run(take)
    with pytest.raises(tf.errors.CancelledError, match="is closed"):
        session.run(enqueue)
    with pytest.raises(tf.errors.CancelledError, match="is already closed"):
        session.run(close)


def test_close_can_fail_those_who_wait(session: Any) -> None:
    queue = queue_of(1)
    session.run(queue.enqueue(1))
    call = Call(session.run, queue.enqueue(2))
    assert call.waits()
    session.run(queue.close(cancel_pending_enqueues=True))
    with pytest.raises(tf.errors.CancelledError, match="Enqueue operation was cancelled"):
        call.result()
    assert session.run(queue.dequeue()) == 1


def test_elements_of_a_failed_request_stay_in_order(session: Any) -> None:
    queue = queue_of(10)
    session.run(queue.enqueue_many([[1, 2]]))
    three, small = queue.dequeue_many(3), queue.dequeue_up_to(3)
    call = Call(session.run, three)
    assert call.waits()
    session.run(queue.close())
    with pytest.raises(tf.errors.OutOfRangeError, match="insufficient elements"):
        call.result()
    assert session.run(small).tolist() == [1, 2]
    with pytest.raises(tf.errors.OutOfRangeError):
        session.run(small)


def test_closing_the_session_ends_every_wait() -> None:
    with tf.Graph().as_default():
        queue, full = queue_of(1), queue_of(1)
        session = tf.Session()
        session.run(full.enqueue(1))
        calls = [Call(session.run, queue.dequeue()), Call(session.run, full.enqueue(2))]
        assert all(call.waits() for call in calls)
        session.close()
        for call, word in zip(calls, ("Dequeue", "Enqueue"), strict=True):
            with pytest.raises(tf.errors.CancelledError, match=f"{word} operation was cancelled"):
                call.result()
        with pytest.raises(RuntimeError, match="closed Session"):
            session.run(queue.size())


def test_config_limits_how_long_runs_wait() -> None:
    with tf.Graph().as_default():
        queue = queue_of(1)
        with (
            tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=20)) as session,
            pytest.raises(tf.errors.DeadlineExceededError),
        ):
            session.run(queue.dequeue())


def test_one_run_may_bring_and_take(session: Any) -> None:
    queue = queue_of(1)
    bring, one, two = queue.enqueue_many([[1, 2, 3]]), queue.dequeue(), queue.dequeue_many(2)
    for _ in range(20):
        _, first, others = session.run([bring, one, two])
        assert sorted([first, *others]) == [1, 2, 3]


def test_a_failing_step_ends_the_waits_of_its_run(session: Any) -> None:
    queue = queue_of(1)
    index = tf.placeholder(tf.int32, [])
    bring = queue.enqueue(tf.gather([1, 2], index))
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not in"):
        session.run([bring, queue.dequeue()], {index: 9})


def test_a_variable_keeps_its_order_beside_waiting_steps(session: Any) -> None:
    queue = queue_of(1)
    v = tf.Variable([1.0, 2.0])
    session.run(v.initializer)
    doubled = v.value() * 2.0
    added = v.assign_add([1.0, 1.0])
    bring, take = queue.enqueue(3), queue.dequeue()
    for n in range(5):
        _, _, before, after = session.run([bring, take, doubled, added])
        assert before.tolist() == [2.0 + 2 * n, 4.0 + 2 * n]
        assert after.tolist() == [2.0 + n, 3.0 + n]


def test_nothing_is_lost_between_many_threads(session: Any) -> None:
    queue = queue_of(4)
    numbers = tf.placeholder(tf.int32, [None])
    bring, take = queue.enqueue_many([numbers]), queue.dequeue()
    makers = [Call(session.run, bring, {numbers: range(k, 400, 8)}) for k in range(8)]
    takers = [Call(lambda: [int(session.run(take)) for _ in range(100)]) for _ in range(4)]
    found = [n for call in takers for n in call.result()]
    assert sorted(found) == list(range(400))
    for call in makers:
        call.result()


def test_elements_share_no_memory_with_feeds_or_each_other(session: Any) -> None:
    queue = tf.FIFOQueue(9, tf.float32, shapes=[[2]])
    given = np.array([[1, 2], [3, 4]], np.float32)
    p = tf.placeholder(tf.float32, [2, 2])
    session.run(queue.enqueue_many([p]), {p: given})
    given[:] = 0
    first, second = session.run(queue.dequeue()), session.run(queue.dequeue())
    assert first.tolist() == [1, 2]
    assert second.tolist() == [3, 4]
    assert first.base is None
    first[:] = 9
    assert second.tolist() == [3, 4]


def test_queues_of_one_name_are_one_queue_and_must_agree(session: Any) -> None:
    first, same = queue_of(5, shared_name="s"), queue_of(5, shared_name="s")
    session.run(first.enqueue(3))
    assert session.run(same.size()) == 1
    own = queue_of(5)
    assert session.run(own.size()) == 0
    others = {
        "has capacity 5 but requested capacity was 6": queue_of(6, shared_name="s"),
        "has component types int32 but requested component types were float": tf.FIFOQueue(
            5, tf.float32, shapes=[[]], shared_name="s"
        ),
        r"has component shapes \[\[\]\] but requested component shapes were": tf.FIFOQueue(
            5, tf.int32, shapes=[[2]], shared_name="s"
        ),
        "Expected FIFOQueue, found RandomShuffleQueueV2": tf.RandomShuffleQueue(
            5, 1, tf.int32, shapes=[[]], shared_name="s"
        ),
    }
    for says, queue in others.items():
        with pytest.raises(tf.errors.InvalidArgumentError, match=says):
            session.run(queue.queue_ref.op)
        with pytest.raises(tf.errors.InvalidArgumentError, match=says):
            session.run(queue.size())


def test_shared_shuffle_queues_must_agree_about_the_shuffling(session: Any) -> None:
    def shuffle(least: int, seed: int) -> Any:
        return tf.RandomShuffleQueue(9, least, tf.int32, seed=seed, shared_name="r")

    session.run(shuffle(1, 3).size())
    with pytest.raises(tf.errors.InvalidArgumentError, match="has min_after_dequeue 1 but"):
        session.run(shuffle(2, 3).size())
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"random seeds \(87654321, 3\)"):
        session.run(shuffle(1, 4).size())


def test_shuffle_queue_keeps_its_least(session: Any) -> None:
    queue = tf.RandomShuffleQueue(20, 5, tf.int32, shapes=[[]], seed=7)
    session.run(queue.enqueue_many([list(range(8))]))
    take, close = queue.dequeue_many(4), queue.close()
    call = Call(session.run, take)
    assert call.waits()
    assert session.run(queue.size()) == 5
    session.run(close)  # a closed queue gives all
    assert len(call.result()) == 4


def test_priority_queue_returns_what_is_left(session: Any) -> None:
    queue = tf.PriorityQueue(9, tf.string, shapes=[[]])
    session.run(queue.enqueue_many([[3, 1, 2], ["c", "a", "b"]]))
    session.run(queue.close())
    numbers, texts = session.run(queue.dequeue_up_to(9))
    assert numbers.tolist() == [1, 2, 3]
    assert texts.tolist() == [b"a", b"b", b"c"]


def test_accumulator_waits_for_enough_gradients(session: Any) -> None:
    accumulator = tf.ConditionalAccumulator(tf.float32, shape=[2])
    p = tf.placeholder(tf.float32, [2])
    add, take = accumulator.apply_grad(p), accumulator.take_grad(2)
    call = Call(session.run, take)
    session.run(add, {p: [1, 2]})
    assert call.waits()
    session.run(add, {p: [3, 6]})
    assert call.result().tolist() == [2, 4]
    session.run(add, {p: [9, 9]})  # of step 0, and the accumulator is at 1
    assert session.run(accumulator.num_accumulated()) == 0


def test_interrupts_leave_the_queue_as_it_was(session: Any) -> None:
    queue = queue_of(9)
    take = queue.dequeue()
    for _ in range(3):
        with pytest.raises(tf.errors.DeadlineExceededError):
            session.run(take, options=tf.RunOptions(timeout_in_ms=5))
    session.run(queue.enqueue_many([[1, 2]]))
    time.sleep(SHORT)
    assert session.run(queue.size()) == 2
