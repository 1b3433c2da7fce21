"""Orders through the service without HTTP: what one process of the web could do at most.

Run by bench.rush as a process of its own, as many times as there are cores; prints one JSON line.
"""

import argparse
import json
import random
import threading
import time

from bench.rows import FEE_VND, PRICE_VND


def main() -> None:
    asked = arguments()
    import django

    django.setup()
    from django.db import connection

    from orders.services.placing import Buyer, Seen, place

    done = [0] * asked.threads
    begin = threading.Barrier(asked.threads + 1)
    stop = threading.Event()

    def order(number: int) -> None:
        draw = random.Random(f"{asked.seed}/{number}")
        connection.ensure_connection()
        begin.wait()
        while not stop.is_set():
            place(
                session_id=asked.session,
                lines=[(draw.choice(asked.offers), 1)],
                buyer=Buyer(
                    buyer_name="Giàng A Sử",
                    buyer_phone=f"+849{draw.randrange(10**8):08d}",
                    commune_id=draw.choice(asked.communes),
                    address_line="Bản Tà Chơ, nhà 12",
                    payment_method="cod",
                ),
                seen=Seen(PRICE_VND, FEE_VND),
            )
            done[number] += 1
        connection.close()

    threads = [threading.Thread(target=order, args=(n,)) for n in range(asked.threads)]
    for thread in threads:
        thread.start()
    begin.wait()
    began_at = time.monotonic()
    time.sleep(asked.seconds)
    stop.set()
    for thread in threads:
        thread.join()
    print(json.dumps({"orders": sum(done), "seconds": time.monotonic() - began_at}))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--session", type=int, required=True)
    parser.add_argument("--offers", type=int, nargs="+", required=True)
    parser.add_argument("--communes", nargs="+", required=True)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
