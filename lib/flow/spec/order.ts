/**
 * Puts steps into an order in which each comes after what it depends on (Kahn's algorithm).
 *
 * Guarantees: O(steps + dependencies). The order of the input does not matter: steps of the same
 * depth come by name. Unknown and repeated dependencies do not change the order.
 */

export interface Node {
  readonly name: string;
  readonly dependencies: readonly string[];
}

export interface Order {
  /** Steps in or behind a cycle are missing. */
  readonly sorted: readonly string[];
  /** The steps of one cycle, from one step back to itself; null where there is none. */
  readonly cycle: readonly string[] | null;
}

export function orderSteps(nodes: readonly Node[]): Order {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const dependents = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const { name, dependencies } of byName.values()) {
    const known = new Set(dependencies.filter((each) => byName.has(each)));
    open.set(name, known.size);
    for (const each of known) {
      const list = dependents.get(each) ?? [];
      list.push(name);
      dependents.set(each, list);
    }
  }
  const sorted: string[] = [];
  let ready = [...open].filter(([, count]) => count === 0).map(([name]) => name);
  while (ready.length > 0) {
    ready.sort();
    sorted.push(...ready);
    const next: string[] = [];
    for (const name of ready) {
      for (const dependent of dependents.get(name) ?? []) {
        const left = (open.get(dependent) ?? 0) - 1;
        open.set(dependent, left);
        if (left === 0) next.push(dependent);
      }
    }
    ready = next;
  }
  return { sorted, cycle: sorted.length === byName.size ? null : findCycle(byName, new Set(sorted)) };
}

/** Follows open dependencies from the first step that is left; each of them has one. */
function findCycle(byName: ReadonlyMap<string, Node>, sorted: ReadonlySet<string>): readonly string[] {
  const path: string[] = [];
  let name = [...byName.keys()].filter((each) => !sorted.has(each)).sort()[0];
  while (name !== undefined && !path.includes(name)) {
    path.push(name);
    const open = (byName.get(name)?.dependencies ?? []).filter((each) => byName.has(each) && !sorted.has(each));
    name = open.sort()[0];
  }
  return name === undefined ? path : [...path.slice(path.indexOf(name)), name];
}

/** Every step that must have ended before each one, by name. `nodes` has no cycle. */
export function ancestorsOf(nodes: readonly Node[], name: string): ReadonlySet<string> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const found = new Set<string>();
  const open = [...(byName.get(name)?.dependencies ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const node = byName.get(next);
    if (node === undefined || found.has(next)) continue;
    found.add(next);
    open.push(...node.dependencies);
  }
  return found;
}
