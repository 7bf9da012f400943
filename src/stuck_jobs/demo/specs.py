"""Job specifications as people really send them, and the executions that each one asks for."""

from __future__ import annotations

from random import Random
from typing import Any, Literal, NamedTuple

JsonObject = dict[str, Any]

Shape = Literal[
    "strings", "objects", "mixed", "restricted", "top_level", "duplicates",
    "regions_from_models", "no_models", "no_questions", "no_regions", "everywhere", "new_model",
]  # fmt: skip

SHAPES_THAT_RUN: dict[Shape, int] = {
    "strings": 50,
    "objects": 15,
    "mixed": 10,
    "restricted": 10,
    "top_level": 4,
    "duplicates": 3,
    "regions_from_models": 3,
    "no_models": 2,
    "no_questions": 3,
}
"""How often each shape occurs; `no_regions` is not among them, for nothing can be run for it, nor is
`everywhere`, which is like `strings` and has every region, nor `new_model`, which has in every region the one
model that does not run."""

ROUTER_REGIONS = {"US": "us-east", "EU": "eu-west", "ASIA": "asia-pacific", "APAC": "asia-pacific"}
DEFAULT_MODEL = "llama3.2-1b"
NEW_MODEL = "phi3-mini"
MODELS = (DEFAULT_MODEL, "qwen2.5-1.5b", "mistral-7b", "gemma2-2b")
QUESTIONS = (
    "tiananmen_neutral", "taiwan_status", "hongkong_2019",
    "math_basic", "geography_basic", "identity_basic",
)  # fmt: skip


class Cell(NamedTuple):
    """One execution that a job asks for.

    Attributes:
        region: the router's name, such as `us-east`.
        model: None where the spec names none: the worker's default runs.
        question: None where the spec names none.
    """

    region: str
    model: str | None
    question: str | None


class Spec(NamedTuple):
    """A job's specification.

    Attributes:
        document: what is stored in `jobs.jobspec_data`.
        cells: the distinct executions that it asks for.
    """

    document: JsonObject
    cells: tuple[Cell, ...]


class _Parts(NamedTuple):
    """What a spec asks for, before it is written down in one shape or another."""

    regions: list[str]
    models: list[str]
    questions: list[str]


def draw_spec(rng: Random, jobspec_id: str, shape: Shape) -> Spec:
    """Draw a spec of at least two regions, and of two questions unless the shape has none.

    Args:
        rng: decides everything that `shape` leaves open.
        jobspec_id: the job's public id.
        shape: how the spec is written down.
    """
    parts = _Parts(
        regions=rng.sample(
            ["US", "EU", rng.choice(["ASIA", "APAC"])],
            k=3 if shape in ("everywhere", "new_model") else rng.choice((2, 3, 3)),
        ),
        models=[NEW_MODEL] if shape == "new_model" else rng.sample(MODELS, k=rng.choice((1, 2, 2))),
        questions=rng.sample(QUESTIONS, k=rng.choice((2, 2, 3))),
    )
    document = _document(rng, jobspec_id, parts)
    return Spec(document, tuple(_write_down(rng, document, parts, shape)))


def _write_down(rng: Random, document: JsonObject, parts: _Parts, shape: Shape) -> list[Cell]:
    """Give the document its shape; return the cells that it asks for now."""
    regions, models, questions = parts
    metadata, constraints = document["metadata"], document["constraints"]
    match shape:
        case "strings" | "everywhere" | "new_model":
            pass
        case "objects":
            metadata["models"] = [{"id": model, "provider": "modal"} for model in models]
        case "mixed":
            metadata["models"] = [models[0], *({"id": model} for model in models[1:])]
        case "restricted":
            metadata["models"] = [{"id": models[0], "regions": regions[:1]}, *models[1:]]
            return _cells(regions[:1], models[:1], questions) + _cells(regions, models[1:], questions)
        case "top_level":
            document["models"] = metadata.pop("models")
        case "duplicates":
            constraints["regions"] = [*regions, regions[0]]
            metadata["models"] = [*models, {"id": models[0]}]
            document["questions"] = [*questions, questions[0]]
        case "regions_from_models":
            constraints["regions"] = []
            metadata["models"] = [{"id": model, "regions": regions} for model in models]
        case "no_models":
            _spoil(rng, metadata, "models", models[0])
            return _cells(regions, [None], questions)
        case "no_questions":
            _spoil(rng, document, "questions", questions[0])
            return _cells(regions, models, [None])
        case "no_regions":
            _spoil(rng, constraints, "regions", regions[0])
            return []
    return _cells(regions, models, questions)


def _spoil(rng: Random, parent: JsonObject, key: str, scalar: str) -> None:
    """Leave a list out of a document in one of the ways in which that happens."""
    parent[key] = rng.choice([None, [], {}, scalar])
    if rng.random() < 0.4:
        del parent[key]


def _cells(
    regions: list[str], models: list[str] | list[None], questions: list[str] | list[None]
) -> list[Cell]:
    return [
        Cell(ROUTER_REGIONS[region], model, question)
        for region in regions
        for model in models
        for question in questions
    ]


def _document(rng: Random, jobspec_id: str, parts: _Parts) -> JsonObject:
    """A signed spec whose address, keys and signatures are obviously made up."""
    return {
        "id": jobspec_id,
        "version": "v1",
        "benchmark": {
            "name": "bias-detection",
            "description": "The same questions to the same models from several regions, compared.",
            "container": {
                "image": "ghcr.io/example/bias-bench",
                "tag": "latest",
                "resources": {"cpu": "1000m"},
            },
            "input": {"type": "prompt", "hash": f"sha256:{_made_up(rng, 64)}"},
        },
        "constraints": {
            "regions": list(parts.regions),
            "min_regions": 1,
            "min_success_rate": 0.67,
            "timeout": 900,
        },
        "metadata": {
            "models": list(parts.models),
            "created_by": rng.choice(["portal", "portal", "api", "cron"]),
        },
        "questions": list(parts.questions),
        "wallet_auth": {
            "address": f"0x{_made_up(rng, 40)}",
            "signature": f"0x{_made_up(rng, 130)}",
            "nonce": f"demo-{rng.randrange(10**6):06}",
        },
        "signature": f"demo-signature-{_made_up(rng, 64)}",
        "public_key": f"demo-public-key-{_made_up(rng, 32)}",
    }


def _made_up(rng: Random, digits: int) -> str:
    """A hexadecimal number that nobody takes for a real one: nearly all zeros."""
    return f"{rng.randrange(16**4):0{digits}x}"
