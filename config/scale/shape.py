"""How much there is of everything for a number of orders."""

from dataclasses import dataclass

FULL = 500_000  # orders, at which co-ops, products and lots are as many as they get


@dataclass(frozen=True)
class Shape:
    """Counts of rows; `big_…` are those of one co-op that has far more than the others."""

    orders: int
    cooperatives: int
    products: int
    lots: int
    sessions: int
    big_sessions: int
    big_orders: int
    big_lots: int
    big_lot_codes: int
    big_lot_steps: int

    @classmethod
    def of(cls, orders: int) -> "Shape":
        share = min(1.0, orders / FULL)
        growth = max(1.0, orders / FULL)
        cooperatives = max(12, round(600 * share))
        products = max(4 * cooperatives, round(5000 * share))
        sessions = max(24, round(2000 * share * growth**0.48))
        return cls(
            orders=orders,
            cooperatives=cooperatives,
            products=products,
            lots=max(2 * products, round(11_400 * share)),
            sessions=sessions,
            big_sessions=max(4, sessions // 50),
            big_orders=max(orders * 26 // 500, 1),
            big_lots=max(40, round(600 * share)),
            big_lot_codes=max(100, round(40_000 * share)),
            big_lot_steps=max(50, round(400 * share)),
        )
