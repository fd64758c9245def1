/** A condition as a tree that is edited; what comes out is JsonLogic. */
import { useMemo, useRef } from "preact/hooks";
import type { Problem } from "../api";
import { itemsReadable, type Readable } from "../catalogue";
import { same, type Json } from "../json";
import { t } from "../texts";
import { conditionRead } from "./read";
import { fieldOptions, type Surroundings } from "./surroundings";
import { Tree } from "./Tree";
import type { Group } from "./tree";
import { conditionWrite, isAlways, nodeAt } from "./write";

export interface ConditionEditorProps {
  logic: Json;
  fields: readonly Readable[];
  /** With pointers into the condition. */
  problems: readonly Problem[];
  isReadOnly: boolean;
  onChange(logic: Json): void;
}

export function ConditionEditor({ logic, fields, problems, isReadOnly, onChange }: ConditionEditorProps) {
  const root = useTree(logic);
  const byPath = useMemo(() => new Map(fields.map((each) => [each.path, each])), [fields]);
  const options = useMemo(() => fieldOptions(fields), [fields]);
  const atNodes = new Map<string, Problem[]>();
  for (const problem of problems) {
    const id = nodeAt(root.current, problem.pointer);
    atNodes.set(id, [...(atNodes.get(id) ?? []), problem]);
  }
  const surroundings: Surroundings = {
    fields: byPath,
    options,
    problems: atNodes,
    itemsOf: (path) => itemsReadable(byPath.get(path), t),
    isReadOnly,
    change: () => undefined,
  };
  return (
    <div class="e-condition">
      {isAlways(root.current) && <p class="b-muted">{t("always")}</p>}
      <Tree
        root={root.current}
        surroundings={surroundings}
        onChange={(changed) => {
          root.current = changed;
          onChange(conditionWrite(changed));
        }}
      />
    </div>
  );
}

/** The tree of `logic`: the one being edited as long as it says the same, else read anew (opened, undone, replaced). */
function useTree(logic: Json): { current: Group } {
  const root = useRef<Group | null>(null);
  if (root.current === null || !same(conditionWrite(root.current), logic)) root.current = conditionRead(logic);
  return root as { current: Group };
}
