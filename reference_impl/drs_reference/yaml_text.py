"""YAML that says what JSON can say: times stay texts, nothing stands twice, no aliases."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml

__all__ = ["load"]


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        # A few lines of aliases of aliases write out to gigabytes.
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read here; write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for name, times in Counter(
            str(self.construct_object(key)) for key, _ in node.value
        ).items():
            if times > 1:
                raise yaml.YAMLError(f"{name[:80]} stands twice in one mapping")
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str) -> Any:
    """The value of a document in YAML or JSON. Raises ``yaml.YAMLError`` or ``RecursionError``."""
    return yaml.load(text, _Loader)
