"""training/muon.py: its steps are those of torch's Muon."""

import pytest
import torch

from tinygpt.training.muon import BatchedMuon, orthogonalize

SHAPES = [(8, 8), (24, 8), (8, 8), (8, 24), (24, 8)]


def parameters(seed: int = 0) -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def test_steps_are_those_of_torch_whatever_the_shapes_and_the_missing_gradients():
    ours, theirs = parameters(), parameters()
    settings = {"lr": 0.05, "weight_decay": 0.3, "ns_steps": 3}
    optimizers = BatchedMuon(ours, **settings), torch.optim.Muon(theirs, **settings)
    for step in range(4):
        for one, other, gradient in zip(ours, theirs, parameters(seed=step + 1), strict=True):
            one.grad = other.grad = gradient.detach()
        ours[step].grad = theirs[step].grad = None
        for optimizer in optimizers:
            optimizer.step()
    for one, other, before in zip(ours, theirs, parameters(), strict=True):
        assert (one - before).norm() > 0.1
        torch.testing.assert_close(one, other, atol=0.01, rtol=0)
    states = [[state["momentum_buffer"] for state in optimizer.state.values()] for optimizer in optimizers]
    torch.testing.assert_close(sorted(states[0], key=torch.norm), sorted(states[1], key=torch.norm))


@pytest.mark.parametrize("shape", [(24, 8), (8, 24)])  # square ones may have directions of almost no length
def test_all_directions_of_an_orthogonalized_matrix_are_about_as_long(shape):
    matrices_NRC = (
        torch.randn(5, *shape, generator=torch.Generator().manual_seed(0))
        * torch.tensor([1e-3, 1e3, 1, 1, 1])[:, None, None]
    )
    values = torch.linalg.svdvals(orthogonalize(matrices_NRC, 5).float())
    assert 0.4 < values.min() <= values.max() < 1.6
