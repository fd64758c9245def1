/** The condition at a place of the rule. The tree is a file of its own, fetched when the first one is shown. */
import { lazy, Suspense } from "preact/compat";
import { useMemo } from "preact/hooks";
import { fieldsReadable } from "../catalogue";
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { isWithin } from "../pointer";
import { t } from "../texts";
import { besides } from "./around";
import type { FieldProps } from "./ShapeForm";

const ConditionEditor = lazy(() =>
  import("../conditions/ConditionEditor").then((found) => ({ default: found.ConditionEditor })),
);

export function LogicField({ pointer, withShown = false }: { pointer: string; withShown?: boolean }) {
  const { catalogue, definition, problems, isReadOnly } = useView();
  const [logic, setLogic] = usePart(pointer);
  const around = besides(definition, pointer, catalogue.actions);
  const fields = useMemo(
    () => fieldsReadable(catalogue, t, withShown, around),
    [catalogue, withShown, JSON.stringify(around)],
  );
  const inside = problems
    .filter((each) => isWithin(each.pointer, pointer))
    .map((each) => ({ ...each, pointer: each.pointer.slice(pointer.length) }));
  return (
    <div data-pointer={pointer}>
      <Suspense
        fallback={
          <p class="b-muted" role="status">
            {t("loading")}
          </p>
        }
      >
        <ConditionEditor
          logic={logic ?? true}
          fields={fields}
          problems={inside}
          isReadOnly={isReadOnly}
          onChange={setLogic}
        />
      </Suspense>
    </div>
  );
}

/** A condition that must be there. */
export function WholeLogic({ label, pointer }: FieldProps) {
  return (
    <Labelled label={label} pointer={pointer}>
      <LogicField pointer={pointer} />
    </Labelled>
  );
}

/** A condition that may be left out. */
export function LabelledLogic({ label, pointer }: FieldProps) {
  const { isReadOnly } = useView();
  const [logic, setLogic] = usePart(pointer);
  const isSet = logic !== undefined && logic !== null;
  return (
    <Labelled label={label} pointer={pointer}>
      <label class="e-tick">
        <input
          type="checkbox"
          checked={isSet}
          disabled={isReadOnly}
          onChange={(event) => setLogic(event.currentTarget.checked ? true : undefined)}
        />{" "}
        {t("ownCondition")}
      </label>
      {isSet && <LogicField pointer={pointer} />}
    </Labelled>
  );
}
