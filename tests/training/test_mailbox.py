"""One slot: nothing queues up."""

import threading

from rlsandbox.training.mailbox import Mailbox


def test_nothing_is_there_before_anybody_writes():
    mailbox: Mailbox[str, int] = Mailbox()
    assert mailbox.take_request() is None and mailbox.take() is None


def test_the_newest_replaces_what_nobody_took():
    mailbox: Mailbox[str, int] = Mailbox()
    mailbox.ask("old")
    mailbox.ask("new")
    assert mailbox.take_request() == "new" and mailbox.take_request() is None
    mailbox.publish(1)
    mailbox.publish(2)
    assert mailbox.take() == 2 and mailbox.take() is None


def test_between_threads_answers_come_in_order_and_the_last_one_arrives():
    mailbox: Mailbox[int, int] = Mailbox()
    done = threading.Event()

    def write() -> None:
        answer = 0
        while not done.is_set():
            request = mailbox.take_request()
            if request is not None:
                answer = request
                mailbox.publish(answer)

    writer = threading.Thread(target=write)
    writer.start()
    taken: list[int] = []
    try:
        for request in range(1, 500):
            mailbox.ask(request)
            answer = mailbox.take()
            if answer is not None:
                taken.append(answer)
        for _ in range(10**6):
            answer = mailbox.take()
            if answer is not None:
                taken.append(answer)
            if taken and taken[-1] == 499:
                break
    finally:
        done.set()
        writer.join(5)
    assert taken[-1] == 499
    assert taken == sorted(set(taken))
