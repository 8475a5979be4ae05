"""The nodes of a NIR graph in their order, and where its branches meet."""

from types import ModuleType
from typing import Any

from numsnn.validate import require


class Graph:
    """``nodes`` by name, ``order``: each behind all that lead to it, ``next`` of a node.

    Raises NumsnnError for an edge to or from a node that is not there, and for a cycle.
    """

    def __init__(self, nir: ModuleType, graph: Any) -> None:
        self.nir, self.nodes = nir, graph.nodes
        self.after: dict[str, list[str]] = {name: [] for name in self.nodes}
        for edge in graph.edges:
            for name in edge:
                require(
                    name in self.nodes,
                    f"from_nir: the edge {tuple(edge)} names the node {name!r}; there are "
                    f"{', '.join(self.nodes)}",
                )
            self.after[edge[0]].append(edge[1])
        self.order = self._order()

    def only(self, kind: str) -> str:
        """The name of the one node of a type."""
        found = [n for n, node in self.nodes.items() if isinstance(node, getattr(self.nir, kind))]
        require(len(found) == 1, f"from_nir: expected one node of type {kind}, found {len(found)}")
        return found[0]

    def next(self, name: str) -> list[str]:
        targets = self.after[name]
        require(targets, f"from_nir: nothing follows the node {name!r}, and it is no Output")
        return targets

    def meeting(self, heads: list[str]) -> str:
        """The first node that every path from every head leads through."""
        common = set.intersection(*(self._on_every_path(head) for head in heads))
        require(common, f"from_nir: the branches that begin at {sorted(heads)} never meet")
        return min(common, key=self.order.index)

    def _order(self) -> list[str]:
        waiting = dict.fromkeys(self.nodes, 0)
        for targets in self.after.values():
            for target in targets:
                waiting[target] += 1
        ready = [name for name, count in waiting.items() if count == 0]
        order: list[str] = []
        while ready:
            order.append(ready.pop())
            for target in self.after[order[-1]]:
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        left = sorted(set(self.nodes) - set(order))
        require(
            not left, f"from_nir: the nodes {left} stand on a cycle; recurrence has no layer here"
        )
        return order

    def _on_every_path(self, start: str) -> set[str]:
        """start, and the nodes without which no end can be reached from it."""
        through: dict[str, set[str]] = {}
        for name in reversed(self.order):
            rest = [through[target] for target in self.after[name]]
            through[name] = {name} | (set.intersection(*rest) if rest else set())
        return through[start]
