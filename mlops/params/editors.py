"""The JSON schema of a block, which editors show: pydantic makes it of the same types, limits and descriptions."""

from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, create_model

from mlops.params.block import Block, Key

_MODELS: dict[type[Block], type[BaseModel]] = {}


def json_schema(block: type[Block]) -> dict[str, Any]:
    """JSON schema of a block and those within."""
    return _model(block).model_json_schema()


def _model(block: type[Block]) -> type[BaseModel]:
    """A pydantic model with the same keys, one for each block."""
    if block in _MODELS:
        return _MODELS[block]
    fields: dict[str, Any] = {name: (_typed(kind), _field(said)) for name, (kind, said) in block.keys.items()}
    config = ConfigDict(extra="forbid", allow_inf_nan=False)
    _MODELS[block] = create_model(block.__name__, __config__=config, __doc__=block.__doc__, **fields)
    return _MODELS[block]


def _field(said: Key) -> Any:
    default = {} if said.required or said.default_factory else {"default": said.default}
    made = {"default_factory": said.default_factory} if said.default_factory else default
    return Field(**made, description=said.description or None, **said.limits)


def _typed(kind: Any) -> Any:
    """The type with models in place of blocks."""
    if isinstance(kind, type) and issubclass(kind, Block):
        return _model(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return Annotated[_typed(inner[0]), Field(**inner[1].limits)]
    if origin in (tuple, dict):
        return origin[tuple(one if one is ... else _typed(one) for one in inner)]
    if type(None) in inner or (origin is not None and len(inner) > 1 and not isinstance(inner[0], str)):
        return Union[tuple(map(_typed, inner))]  # noqa: UP007 - of a number of types that is not known here
    return kind
