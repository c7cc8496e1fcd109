"""Whether a series of sizes grows, whatever single ones of them do."""


def growth(sizes):
    """By how much the least of the later half is more than the least of the earlier one, per step.

    It is taken that what comes and goes adds to what is always there, so that the
    least of some rounds is nearly without it, while a leak is in each.
    """
    middle = len(sizes) // 2
    if middle == 0:
        return 0
    before = min(range(middle), key=sizes.__getitem__)
    after = min(range(middle, len(sizes)), key=sizes.__getitem__)
    return (sizes[after] - sizes[before]) / (after - before)
