"""Hypergradients by the implicit function theorem. Lorraine, Vicol, Duvenaud 2020, arXiv:1911.02590.

At a minimum w of the training loss T(w, λ), the validation loss V(w) changes with λ by
-∂V/∂w · [∂²T/∂w²]⁻¹ · ∂²T/∂w∂λ. The inverse is never formed: p = [∂²T/∂w²]⁻¹ ∂V/∂w is found with products of the Hessian
and vectors, each about the cost of two backward passes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from tunesmith.errors import InvalidStudy
from tunesmith.training.framework import torch

Method: TypeAlias = Literal["cg", "neumann"]
Product: TypeAlias = Callable[[Any], Any]


def implicit_gradient(
    parameters: Sequence[Any],
    hyper: Sequence[Any],
    train_loss: Any,
    val_loss: Any,
    *,
    method: Method = "cg",
    iterations: int = 10,
    damping: float = 0.0,
) -> list[Any]:
    """The gradients of `val_loss` with respect to the tensors `hyper`, through the weights that `train_loss` leads to.

    `train_loss` and `val_loss` are scalar tensors with their graphs; the first depends on `parameters` and `hyper`.
    `damping` is added to the Hessian's diagonal. With `iterations=0` the Hessian counts as the identity (the T1-T2
    approximation of Luketina et al. 2016).
    """
    outer = _flat(torch.autograd.grad(val_loss, parameters, allow_unused=True), parameters)
    inner = _flat(torch.autograd.grad(train_loss, parameters, create_graph=True, allow_unused=True), parameters)
    if not inner.requires_grad:
        raise InvalidStudy(
            "The gradient of the training loss is constant, so that no hyperparameter can act through it."
        )

    def product(vector: Any) -> Any:
        found = torch.autograd.grad(inner, parameters, vector, retain_graph=True, allow_unused=True)
        return _flat(found, parameters) + damping * vector

    solve = {"cg": conjugate_gradients, "neumann": neumann_series}[method]
    adjoint = solve(product, outer, iterations) if iterations else outer
    found = torch.autograd.grad(inner, hyper, -adjoint, allow_unused=True)
    return [None if gradient is None else gradient.detach() for gradient in found]


def conjugate_gradients(product: Product, target: Any, iterations: int) -> Any:
    """x with H x = target, from `iterations` products H v; H is symmetric.

    Stops where H is not positive along a direction, as far from a minimum it may be: what was found until then counts.
    """
    solution = torch.zeros_like(target)
    residual = target.clone()
    direction = residual.clone()
    square = residual.dot(residual)
    enough = 1e-20 * square
    for count in range(iterations):
        if square <= enough:
            break
        turned = product(direction)
        curvature = direction.dot(turned)
        if not curvature > 0:
            return solution if count else target
        length = square / curvature
        solution = solution + length * direction
        residual = residual - length * turned
        before, square = square, residual.dot(residual)
        direction = residual + square / before * direction
    return solution


def neumann_series(product: Product, target: Any, iterations: int) -> Any:
    """a Σ (I - a H)ʲ target for j = 0 ... `iterations`, which tends to H⁻¹ target; a is 1 / the largest eigenvalue.

    Shorter series weigh down directions of small curvature, which regularizes. Costs five products more, for a.
    """
    vector = target / target.norm().clamp_min(1e-30)
    largest = 0.0
    for _ in range(5):
        turned = product(vector)
        largest = float(turned.norm())
        vector = turned / max(largest, 1e-30)
    size = 1 / max(1.1 * largest, 1e-30)  # the power iteration comes from below
    term = target.clone()
    total = target.clone()
    for _ in range(iterations):
        term = term - size * product(term)
        total = total + term
    return size * total


def _flat(tensors: Sequence[Any], like: Sequence[Any]) -> Any:
    return torch.cat(
        [(torch.zeros_like(p) if t is None else t).reshape(-1) for t, p in zip(tensors, like, strict=True)]
    )
