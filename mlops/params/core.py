"""How pydantic's core reads and writes a block: its schema, made of the types and limits that the block states.

It knows the types that `params.yaml` needs, and refuses others when a block is first read.
"""

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic_core import CoreConfig, CoreSchema, SchemaSerializer, SchemaValidator, core_schema

from mlops.params.block import Block, Key

B = TypeVar("B", bound=Block)
_PLAIN: dict[Any, str] = {str: "str", int: "int", float: "float", bool: "bool", Any: "any"}
_READERS: dict[type[Block], SchemaValidator] = {}
_WRITERS: dict[type[Block], SchemaSerializer] = {}


def reader(block: type[Block]) -> SchemaValidator:
    """What checks plain values."""
    if block not in _READERS:
        _READERS[block] = SchemaValidator(_schema(block))
    return _READERS[block]


def writer(block: type[Block]) -> SchemaSerializer:
    """What makes plain values."""
    if block not in _WRITERS:
        _WRITERS[block] = SchemaSerializer(_schema(block))
    return _WRITERS[block]


def made(block: type[B], values: Mapping[str, object]) -> B:
    """A block of values that are right already."""
    found = block.__new__(block)
    slots = ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
    for slot, value in zip(slots, (dict(values), set(values), None, None), strict=True):
        object.__setattr__(found, slot, value)
    return found


def _schema(block: type[Block]) -> CoreSchema:
    fields = {name: core_schema.model_field(_keyed(kind, said)) for name, (kind, said) in block.keys.items()}
    config = CoreConfig(
        title=block.__name__, extra_fields_behavior="forbid", str_strip_whitespace=True, allow_inf_nan=False
    )
    inner = core_schema.model_fields_schema(fields, model_name=block.__name__)
    whole: CoreSchema = core_schema.model_schema(block, inner, config=config)
    for asked in block.asked:
        whole = core_schema.no_info_after_validator_function(asked, whole)
    return whole


def _keyed(kind: Any, said: Key) -> CoreSchema:
    typed = _typed(kind, said.limits)
    if said.required:
        return typed
    if said.default_factory:
        return core_schema.with_default_schema(typed, default_factory=said.default_factory)
    return core_schema.with_default_schema(typed, default=said.default)


def _typed(kind: Any, limits: Any) -> CoreSchema:
    """The schema of a type; limits of what may be absent are those of what is there."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _typed(inner[0], {**inner[1].limits, **limits})
    if origin in (Union, UnionType):
        there = [one for one in inner if one is not NoneType]
        made = (
            _typed(there[0], limits)
            if len(there) == 1
            else core_schema.union_schema([_typed(one, {}) for one in there])
        )
        return core_schema.nullable_schema(made) if len(there) < len(inner) else made
    if origin is Literal:
        return core_schema.literal_schema(list(inner))
    if origin is tuple and inner[1:] == (...,):
        return core_schema.tuple_schema([_typed(inner[0], {})], variadic_item_index=0, **limits)
    if origin is dict:
        return core_schema.dict_schema(_typed(inner[0], {}), _typed(inner[1], {}), **limits)
    if isinstance(kind, type) and issubclass(kind, Block):
        return _schema(kind)
    if kind in _PLAIN:
        plain: Any = {"type": _PLAIN[kind], **limits}
        return plain  # type: ignore[no-any-return]
    raise TypeError(f"params.yaml has no values of {kind}")
