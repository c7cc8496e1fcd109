"""Whether a series of sizes grows, whatever single ones of them do."""
import statistics


def slope(sizes):
    """Theil and Sen's: the median of the slopes between any two, per step.

    What comes and goes moves it little, as long as that is not most of them.
    """
    slopes = [(b - a) / (j - i) for i, a in enumerate(sizes) for j, b in enumerate(sizes) if j > i]
    return statistics.median(slopes) if slopes else 0
