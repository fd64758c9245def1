/** One tree of conditions: react-querybuilder with Baton's controls. */
import { useMemo, useRef } from "preact/hooks";
import { QueryBuilder, Rule, type RuleGroupType, type RuleProps } from "react-querybuilder";
import { valueShape } from "./operators";
import {
  AddCondition,
  AddGroup,
  CombinatorSelector,
  FieldSelector,
  NotToggle,
  OperatorSelector,
  RemoveCondition,
  RemoveGroup,
  Shift,
  ValueEditor,
} from "./controls";
import { bareGroup } from "./read";
import { RawBlock } from "./RawBlock";
import { PartProblems } from "./PartProblems";
import type { Surroundings } from "./surroundings";
import { freshId, isGroup, isRaw, type Group, type Leaf } from "./tree";

function Part(props: RuleProps) {
  const leaf = props.rule as Leaf;
  const surroundings = props.context as Surroundings;
  return (
    <div class="e-part" data-node={leaf.id}>
      {isRaw(leaf) ? <RawBlock {...props} /> : <Rule {...props} />}
      <PartProblems problems={surroundings.problems.get(leaf.id ?? "")} />
    </div>
  );
}

const CONTROLS = {
  addGroupAction: AddGroup,
  addRuleAction: AddCondition,
  combinatorSelector: CombinatorSelector,
  fieldSelector: FieldSelector,
  notToggle: NotToggle,
  operatorSelector: OperatorSelector,
  removeGroupAction: RemoveGroup,
  removeRuleAction: RemoveCondition,
  rule: Part,
  shiftActions: Shift,
  valueEditor: ValueEditor,
} as never;

interface TreeProps {
  root: Group;
  surroundings: Surroundings;
  onChange(root: Group): void;
}

export function Tree({ root, surroundings, onChange }: TreeProps) {
  const latest = useRef(root);
  latest.current = root;
  const fields = useMemo(
    () => surroundings.options.map(({ value, label }) => ({ name: value, value, label })),
    [surroundings.options],
  );
  const context: Surroundings = {
    ...surroundings,
    change: (leaf, values) => onChange(leafReplaced(latest.current, leaf.id ?? "", values)),
  };
  return (
    <QueryBuilder
      fields={fields}
      query={root as unknown as RuleGroupType}
      context={context}
      controlElements={CONTROLS}
      controlClassnames={{ queryBuilder: "e-tree" }}
      enableMountQueryChange={false}
      suppressStandardClassnames={false}
      showNotToggle
      showShiftActions
      addRuleToNewGroups
      disabled={surroundings.isReadOnly}
      idGenerator={freshId}
      getDefaultField={surroundings.options[0]?.value ?? ""}
      getOperators={() => []}
      getDefaultOperator={(name) => defaultOperator(surroundings, name)}
      getDefaultValue={() => null}
      onQueryChange={(query) => {
        const settled = groupSettled(query as unknown as Group);
        if (query !== (latest.current as unknown)) onChange(settled);
      }}
    />
  );
}

function defaultOperator(surroundings: Surroundings, path: string): string {
  const field = surroundings.fields.get(path);
  if (field?.type === "boolean") return "is_true";
  if (field?.type === "list") return "some";
  return field?.type === "integer" || field?.type === "decimal" || field?.type === "date" || field?.type === "datetime"
    ? "<"
    : "==";
}

/** Values in the shape their operators take. */
function groupSettled(group: Group): Group {
  return { ...group, rules: group.rules.map((each) => (isGroup(each) ? groupSettled(each) : leafSettled(each))) };
}

function leafSettled(leaf: Leaf): Leaf {
  if (isRaw(leaf)) return leaf;
  const { value } = leaf;
  switch (valueShape(leaf.operator)) {
    case "none":
      return value === null ? leaf : { ...leaf, value: null };
    case "items":
      return isGroup(value) ? leaf : { ...leaf, value: bareGroup([]) };
    case "two":
      return Array.isArray(value) && value.length === 2
        ? leaf
        : { ...leaf, value: [isGroup(value) || Array.isArray(value) ? null : value, null] };
    case "many":
      return Array.isArray(value) ? leaf : { ...leaf, value: typeof value === "string" && value !== "" ? [value] : [] };
    case "one":
      return isGroup(value)
        ? { ...leaf, value: null }
        : Array.isArray(value)
          ? { ...leaf, value: value[0] ?? null }
          : leaf;
  }
}

function leafReplaced(group: Group, id: string, values: Partial<Leaf>): Group {
  return {
    ...group,
    rules: group.rules.map((each) =>
      isGroup(each) ? leafReplaced(each, id, values) : each.id === id ? { ...each, ...values } : each,
    ),
  };
}
