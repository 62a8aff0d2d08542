import asyncio

from dl_serve.batcher import Batcher


def test_works_that_wait_are_answered_together_and_one_failure_is_its_own():
    sizes = []

    def compute(works):
        return [ValueError("odd") if work % 2 else work * 10 for work in works]

    async def ask():
        batcher = Batcher(compute, 3, sizes.append)
        found = await asyncio.gather(*(batcher.answer(work) for work in range(4)), return_exceptions=True)
        await batcher.drain()
        return found

    found = asyncio.run(ask())
    assert (found[0], found[2], str(found[1]), str(found[3])) == (0, 20, "odd", "odd")
    assert sizes == [3, 1]
