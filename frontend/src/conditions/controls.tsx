/** The controls of the tree that react-querybuilder puts in place. */
import type {
  ActionProps,
  CombinatorSelectorProps,
  FieldSelectorProps,
  NotToggleProps,
  OperatorSelectorProps,
  ShiftActionsProps,
  ValueEditorProps,
} from "react-querybuilder";
import type { Json } from "../json";
import { Picker } from "../Picker";
import { isTextKey, t } from "../texts";
import type { Readable } from "../catalogue";
import { ItemsEditor } from "./ItemsEditor";
import { operatorsFor, valueShape } from "./operators";
import { fieldTitle, type Surroundings } from "./surroundings";
import type { Group, Leaf } from "./tree";
import { ManyValues, OneValue, TwoValues } from "./ValueEditor";

const around = (props: { context?: unknown }) => props.context as Surroundings;

export function FieldSelector(props: FieldSelectorProps) {
  const { fields, options, isReadOnly } = around(props);
  const path = props.value ?? "";
  const field = fields.get(path);
  return (
    <Picker
      label={t("field")}
      className="e-field"
      options={options}
      value={path}
      disabled={isReadOnly}
      isWrong={path !== "" && !field}
      shown={path === "" ? t("chooseField") : fieldTitle(field, path)}
      onPick={(picked) => props.handleOnChange(picked)}
    />
  );
}

export function OperatorSelector(props: OperatorSelectorProps) {
  const { fields, isReadOnly } = around(props);
  const field = fields.get(props.field);
  const operator = props.value ?? "";
  return (
    <select
      class="e-control e-operator"
      aria-label={t("operator")}
      value={operator}
      disabled={isReadOnly}
      onChange={(event) => props.handleOnChange(event.currentTarget.value)}
    >
      {operatorsFor(field?.type ?? "text", field?.place ?? "other", operator).map((each) => (
        <option key={each} value={each}>
          {operatorWords(each, field)}
        </option>
      ))}
    </select>
  );
}

export function operatorWords(operator: string, field: Readable | undefined): string {
  const dated = `date_${operator}`;
  if ((field?.type === "date" || field?.type === "datetime") && isTextKey(dated)) return t(dated);
  const key = `op_${operator}`;
  return isTextKey(key) ? t(key) : operator;
}

export function ValueEditor(props: ValueEditorProps) {
  const surroundings = around(props);
  const leaf = props.rule as Leaf;
  const shared = {
    field: surroundings.fields.get(props.field),
    operator: props.operator,
    value: leaf.value as Json,
    surroundings,
    isWrong: surroundings.problems.has(leaf.id ?? ""),
    onChange: (value: Json) => props.handleOnChange(value),
  };
  switch (valueShape(props.operator)) {
    case "none":
      return null;
    case "two":
      return <TwoValues {...shared} />;
    case "many":
      return <ManyValues {...shared} />;
    case "items":
      return (
        <ItemsEditor
          list={props.field}
          tests={leaf.value as Group}
          surroundings={surroundings}
          onChange={(tests) => surroundings.change(leaf, { value: tests })}
        />
      );
    case "one":
      return <OneValue {...shared} />;
  }
}

export function CombinatorSelector(props: CombinatorSelectorProps) {
  return (
    <select
      class="e-control e-combinator"
      aria-label={t("combinator")}
      value={props.value ?? "and"}
      disabled={around(props).isReadOnly}
      onChange={(event) => props.handleOnChange(event.currentTarget.value)}
    >
      <option value="and">{t("allOf")}</option>
      <option value="or">{t("anyOf")}</option>
    </select>
  );
}

export function NotToggle(props: NotToggleProps) {
  return (
    <label class="e-tick e-not" title={t("notHelp")}>
      <input
        type="checkbox"
        checked={props.checked ?? false}
        disabled={around(props).isReadOnly}
        onChange={(event) => props.handleOnChange(event.currentTarget.checked)}
      />{" "}
      {t("not")}
    </label>
  );
}

function action(label: "addCondition" | "addGroup" | "removeCondition" | "removeGroup") {
  const isRemoval = label.startsWith("remove");
  return function Action(props: ActionProps) {
    if (around(props).isReadOnly) return null;
    return (
      <button
        type="button"
        class={isRemoval ? "e-icon" : "e-add"}
        aria-label={isRemoval ? t(label) : undefined}
        title={isRemoval ? t(label) : undefined}
        onClick={(event) => props.handleOnClick(event as never)}
      >
        {isRemoval ? (
          <span class="material-symbols-outlined" aria-hidden="true">
            close
          </span>
        ) : (
          <>+ {t(label)}</>
        )}
      </button>
    );
  };
}

export const AddCondition = action("addCondition");
export const AddGroup = action("addGroup");
export const RemoveCondition = action("removeCondition");
export const RemoveGroup = action("removeGroup");

export function Shift(props: ShiftActionsProps) {
  if (around(props).isReadOnly) return null;
  const arrow = (label: "moveUp" | "moveDown", isOff: boolean | undefined, act: (() => void) | undefined) => (
    <button
      type="button"
      class="e-icon"
      aria-label={t(label)}
      title={t(label)}
      disabled={isOff}
      onClick={() => act?.()}
    >
      <span class="material-symbols-outlined" aria-hidden="true">
        {label === "moveUp" ? "arrow_upward" : "arrow_downward"}
      </span>
    </button>
  );
  return (
    <span class="e-shift">
      {arrow("moveUp", props.shiftUpDisabled, props.shiftUp)}
      {arrow("moveDown", props.shiftDownDisabled, props.shiftDown)}
    </span>
  );
}
