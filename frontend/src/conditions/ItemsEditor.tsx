/** What the items of a list are tested for: a tree of its own, over the item's fields. */
import { isGroup, type Group } from "./tree";
import { bareGroup } from "./read";
import { fieldOptions, type Surroundings } from "./surroundings";
import { Tree } from "./Tree";

export function ItemsEditor({
  list,
  tests,
  surroundings,
  onChange,
}: {
  list: string;
  tests: Group;
  surroundings: Surroundings;
  onChange(tests: Group): void;
}) {
  const items = surroundings.itemsOf(list);
  const inner: Surroundings = {
    ...surroundings,
    fields: new Map(items.map((each) => [each.path, each])),
    options: fieldOptions(items),
    itemsOf: () => [],
  };
  return (
    <div class="e-items">
      <Tree root={isGroup(tests) ? tests : bareGroup([])} surroundings={inner} onChange={onChange} />
    </div>
  );
}
