/** The parameters of a trigger or action, drawn from the shape the server gives: what is new there needs no change here. */
import type { Shape } from "../catalogue";
import { isObject, type Json } from "../json";
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { pointerJoin } from "../pointer";
import { t } from "../texts";
import { AsItIs } from "./AsItIs";
import { EDITORS } from "./catalog";

export function ShapeForm({
  shape,
  pointer,
  without = [],
}: {
  shape: Shape;
  pointer: string;
  without?: readonly string[];
}) {
  const [stored] = usePart(pointer);
  const properties = shape.properties ?? {};
  const names = Object.keys(properties).filter((name) => !without.includes(name) && applies(properties, name, stored));
  return (
    <>
      {names.map((name) => (
        <ShapeField key={name} shape={shape.properties![name]!} name={name} pointer={pointerJoin(pointer, name)} />
      ))}
    </>
  );
}

/** Whether the parameter says anything beside what its neighbours say. */
function applies(properties: Record<string, Shape>, name: string, stored: Json | undefined): boolean {
  return Object.entries(properties[name]?.["x-when"] ?? {}).every(([other, values]) => {
    const value = (isObject(stored) ? stored[other] : undefined) ?? properties[other]?.default ?? "";
    return values.includes(String(value));
  });
}

export interface FieldProps {
  shape: Shape;
  label: string;
  pointer: string;
}

export function ShapeField({ shape, name, pointer }: { shape: Shape; name: string; pointer: string }) {
  const label = shape["x-label"] ?? name;
  const Known = EDITORS[shape["x-editor"] ?? ""];
  if (Known) return <Known shape={shape} label={label} pointer={pointer} />;
  return (
    <Labelled label={label} help={shape["x-help"]} pointer={pointer} deep>
      <Plain shape={shape} label={label} pointer={pointer} />
    </Labelled>
  );
}

function Plain({ shape, label, pointer }: FieldProps) {
  const { isReadOnly } = useView();
  const [value, setValue] = usePart(pointer);
  const shared = { class: "e-control", "aria-label": label, disabled: isReadOnly };
  const choiceWords = (choices: Shape, key: string) => choices["x-choices"]?.[key] ?? key;
  if (shape.enum) {
    const present = String(value ?? shape.default ?? "");
    return (
      <select {...shared} value={present} onChange={(event) => setValue(event.currentTarget.value)}>
        {!shape.enum.includes(present) && <option value={present}>{present || t("chooseValue")}</option>}
        {shape.enum.map((each) => (
          <option key={each} value={each}>
            {choiceWords(shape, each)}
          </option>
        ))}
      </select>
    );
  }
  const { items } = shape;
  if (shape.type === "array" && items?.enum) {
    const chosen = (Array.isArray(value) ? value : (shape.default ?? [])) as string[];
    const toggle = (each: string) =>
      setValue(items.enum!.filter((other) => (other === each ? !chosen.includes(each) : chosen.includes(other))));
    return (
      <span class="e-ticks">
        {items.enum.map((each) => (
          <label key={each} class="e-tick">
            <input
              type="checkbox"
              checked={chosen.includes(each)}
              disabled={isReadOnly}
              onChange={() => toggle(each)}
            />{" "}
            {choiceWords(items, each)}
          </label>
        ))}
      </span>
    );
  }
  if (shape.type === "boolean") {
    return (
      <label class="e-tick">
        <input
          type="checkbox"
          checked={value === true}
          disabled={isReadOnly}
          onChange={(event) => setValue(event.currentTarget.checked)}
        />{" "}
        {t("yes")}
      </label>
    );
  }
  if (shape.type === "integer" || shape.type === "number") {
    return (
      <input
        {...shared}
        type="number"
        min={shape.minimum}
        max={shape.maximum}
        step={shape.type === "integer" ? 1 : "any"}
        value={typeof value === "number" ? value : ""}
        placeholder={String(shape.default ?? "")}
        onInput={(event) => setValue(event.currentTarget.value === "" ? undefined : event.currentTarget.valueAsNumber)}
      />
    );
  }
  if (shape.type === "string") {
    return (
      <input
        {...shared}
        type="text"
        value={String(value ?? "")}
        onInput={(event) => setValue(event.currentTarget.value || undefined)}
      />
    );
  }
  return <AsItIs value={value ?? null} />;
}
