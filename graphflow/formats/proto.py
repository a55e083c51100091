"""TensorFlow 1.15.5's protocol buffer messages, built from `messages.txt` at first use.

In comes a name (`proto.GraphDef`, `proto.DataType`), out comes a real protobuf message class or
enum wrapper of package `tensorflow`. They live in a descriptor pool of their own: the default pool
belongs to an installed TensorFlow, whose files of the same names would collide. Importing this
module is free; protobuf itself is imported when the first name is asked for.

    >>> from graphflow.formats import proto
    >>> proto.VersionDef(producer=134).SerializeToString().hex()
    '088601'
"""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

_ROOT = "tensorflow"
_BLOCK = re.compile(r"(enum )?([\w.]+)\s*\{([^}]*)\}")
_FIELD = re.compile(r"(-?\d+) (\w+)(?: (map<(\w+),([\w.]+)>|[\w.]+)(\*?)(?: in (\w+))?)?")
# Numbers of FieldDescriptorProto.Type.
_SCALARS = {
    "double": 1, "float": 2, "int64": 3, "uint64": 4, "int32": 5, "fixed64": 6, "fixed32": 7,
    "bool": 8, "string": 9, "bytes": 12, "uint32": 13, "sint64": 18,
}  # fmt: skip
_MESSAGE, _ENUM = 11, 14
_OPTIONAL, _REPEATED = 1, 3


class _Table:
    """The parsed `messages.txt`: files by package, messages by name."""

    def __init__(self, text: str) -> None:
        self.files: dict[str, FileDescriptorProto] = {}
        self.messages: dict[str, DescriptorProto] = {}
        self.enums: set[str] = set()
        blocks = _BLOCK.findall(re.sub(r"#.*", "", text))
        for is_enum, name, body in blocks:
            if is_enum:
                self._declare_enum(name, body)
            else:
                self.messages[name] = self._scope(name).add(name=name.rpartition(".")[2])
        for is_enum, name, body in blocks:
            if not is_enum:
                for field in _FIELD.finditer(body):
                    self._add_field(self.messages[name], *field.groups())

    def _scope(self, name: str, *, enum: bool = False) -> Any:
        """The list a type of that name is declared in: of a file, or of an outer message."""
        outer = name.rpartition(".")[0]
        if outer in self.messages:
            message = self.messages[outer]
            return message.enum_type if enum else message.nested_type
        file = self._file(f"{_ROOT}.{outer}" if outer else _ROOT)
        return file.enum_type if enum else file.message_type

    def _file(self, package: str) -> FileDescriptorProto:
        from google.protobuf import descriptor_pb2

        if package not in self.files:
            self.files[package] = descriptor_pb2.FileDescriptorProto(
                name=f"graphflow/{package}.proto", package=package, syntax="proto3"
            )
        return self.files[package]

    def _declare_enum(self, name: str, body: str) -> None:
        self.enums.add(name)
        enum = self._scope(name, enum=True).add(name=name.rpartition(".")[2])
        for field in _FIELD.finditer(body):
            enum.value.add(number=int(field[1]), name=field[2])

    def _add_field(
        self,
        message: DescriptorProto,
        number: str,
        name: str,
        kind: str,
        key: str | None,
        value: str,
        star: str,
        oneof: str | None,
    ) -> None:
        # Any: the descriptors' enums are typed more narrowly than the plain numbers they take.
        field: Any = message.field.add(number=int(number), name=name)
        field.label = _REPEATED if star or key else _OPTIONAL
        if key:
            entry = message.nested_type.add(name=name.title().replace("_", "") + "Entry")
            entry.options.map_entry = True
            self._add_field(entry, "1", "key", key, None, "", "", None)
            self._add_field(entry, "2", "value", value, None, "", "", None)
            field.type = _MESSAGE
            field.type_name = entry.name
            return
        if kind in _SCALARS:
            field.type = _SCALARS[kind]
        else:
            field.type = _ENUM if kind in self.enums else _MESSAGE
            field.type_name = f".{kind}" if kind.startswith("google.") else f".{_ROOT}.{kind}"
        if oneof:
            names = [declared.name for declared in message.oneof_decl]
            if oneof not in names:
                message.oneof_decl.add(name=oneof)
                names.append(oneof)
            field.oneof_index = names.index(oneof)


_lock = threading.Lock()  # two pools would mean two unequal classes of each name
_types: dict[str, Any] = {}


def _build() -> dict[str, Any]:
    """Returns every top-level message class and enum wrapper by its name."""
    from google.protobuf import any_pb2, descriptor_pool, message_factory
    from google.protobuf.internal import enum_type_wrapper

    table = _Table(Path(__file__).with_name("messages.txt").read_text(encoding="utf-8"))
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
    root = table.files.pop(_ROOT)
    for file in table.files.values():
        pool.AddSerializedFile(file.SerializeToString())
    root.dependency.extend([any_pb2.DESCRIPTOR.name, *(file.name for file in table.files.values())])
    pool.AddSerializedFile(root.SerializeToString())

    types: dict[str, Any] = {}
    for file in (root, *table.files.values()):
        for message in file.message_type:
            descriptor = pool.FindMessageTypeByName(f"{file.package}.{message.name}")
            types[message.name] = message_factory.GetMessageClass(descriptor)
        for enum in file.enum_type:
            found = pool.FindEnumTypeByName(f"{file.package}.{enum.name}")
            types[enum.name] = enum_type_wrapper.EnumTypeWrapper(found)
    return types


def __getattr__(name: str) -> Any:
    if not name.startswith("_"):
        with _lock:
            if not _types:
                _types.update(_build())
        if name in _types:
            globals()[name] = _types[name]
            return _types[name]
    raise AttributeError(f"module {__name__!r} has no message {name!r}")


def __dir__() -> list[str]:
    __getattr__("GraphDef")
    return sorted(_types)
