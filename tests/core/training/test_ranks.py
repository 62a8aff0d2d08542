from pathlib import Path

import pytest
import torch
from lightning.pytorch.strategies import DDPStrategy
from torch import distributed

from dl.errors import BadDevices, ProcessLost
from dl.training.devices import Devices
from dl.training.ranks import (
    ALONE,
    connect,
    is_lost_connection,
    join,
    make_buffers_alike,
    reaching_others,
    spare_messages,
)

CLOSED = "[../third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:4711"


def test_one_process_shares_and_agrees_with_itself():
    assert ALONE.first and ALONE.share("anything") == "anything" and ALONE.largest(2, -3) == (2, -3)
    assert join(Devices("cpu", "1")) is ALONE and connect() is ALONE
    ALONE.leave()


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (RuntimeError(CLOSED), True),
        (distributed.DistNetworkError("gone"), True),
        (ConnectionResetError(), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("Connection closed by peer"), False),
    ],
)
def test_a_lost_connection_is_told_from_other_errors(error, lost):
    assert is_lost_connection(error) is lost
    raised = compile("raise error", str(Path(torch.__file__).with_name("somewhere.py")), "exec")
    with pytest.raises(ProcessLost if lost else type(error)), reaching_others():
        exec(raised, {"error": error})


@pytest.mark.parametrize("error", [RuntimeError(CLOSED), ConnectionResetError(), TimeoutError()])
def test_a_connection_that_a_network_loses_by_itself_is_an_error_of_its_own(error):
    with pytest.raises(type(error)), reaching_others():
        raise error


def test_as_many_processes_as_devices_are_started(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(BadDevices, match=r"3 processes of this fit were started, but .* ask for 1"):
        join(Devices("cpu", "1"))


def test_two_processes_share_and_take_the_largest(tmp_path):
    torch.multiprocessing.start_processes(talk, (str(tmp_path / "meet"),), nprocs=2, start_method="fork")


def talk(rank, place):
    distributed.init_process_group("gloo", init_method=f"file://{place}", rank=rank, world_size=2)
    ranks = connect()
    assert ranks.rank == rank and ranks.first is (rank == 0)
    assert ranks.share({"n": 3} if rank == 0 else None) == {"n": 3}
    assert ranks.largest(rank, -rank) == (1, 0)
    norm = torch.nn.BatchNorm1d(2)
    norm.running_mean += rank
    make_buffers_alike(norm)
    assert norm.running_mean.tolist() == [0, 0]
    ranks.leave()


@pytest.mark.parametrize(("own", "sent"), [(False, False), (True, True)])
def test_buffers_that_act_on_a_step_are_sent_before_it_and_statistics_are_not(own, sent):
    network, strategy = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)), DDPStrategy()
    if own:
        network.register_buffer("codes", torch.zeros(4))
    spare_messages(strategy, network)
    assert strategy._ddp_kwargs == {"broadcast_buffers": sent, "gradient_as_bucket_view": True}
