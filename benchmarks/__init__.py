"""The speed, memory and accuracy figures of dl: each a module that prints a table and keeps it as JSON in results/.

    make bench                    all of them (about half an hour on two cores)
    python -m benchmarks steps    one of them

Times are ratios against a plain PyTorch loop measured in the same process, round by round in turn: the machine's own
speed, and what else it does, cancels.
"""
