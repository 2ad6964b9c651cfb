SUBSET = ()


def tasks():
    return []
