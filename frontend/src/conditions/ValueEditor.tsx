/** The other side of a comparison, in the control its type asks for. */
import { numberDigits, type Json } from "../json";
import { Picker } from "../Picker";
import { t } from "../texts";
import type { Readable } from "../catalogue";
import { Literal, ManyLiterals } from "./Literal";
import { numberTyped, operandRead, operandWrite, type Operand } from "./operands";
import { CROSSINGS, TEXT_TESTS } from "./operators";
import { fieldTitle, type Surroundings } from "./surroundings";

interface ValueProps {
  field: Readable | undefined;
  operator: string;
  value: Json;
  surroundings: Surroundings;
  isWrong: boolean;
  onChange(value: Json): void;
}

const NUMBERS = ["integer", "decimal"];

function family(field: Readable): string {
  return NUMBERS.includes(field.type) ? "number" : field.type === "code" ? "text" : field.type;
}

/** Fields that can stand beside `field`. */
function fieldsAlike(field: Readable | undefined, all: ReadonlyMap<string, Readable>): Readable[] {
  return [...all.values()].filter((each) => !field || (family(each) === family(field) && each.path !== field.path));
}

function kindsFor(field: Readable | undefined, operator: string, alike: number): Operand["kind"][] {
  const name = operator.replace("!", "");
  if (!field || field.type === "boolean") return ["value"];
  const kinds: Operand["kind"][] = ["value"];
  if (field.type === "date") kinds.push("day");
  if (alike > 0 && !(TEXT_TESTS as readonly string[]).includes(name)) kinds.push("field");
  if (
    alike > 0 &&
    NUMBERS.includes(field.type) &&
    (["<", "<=", ">", ">="].includes(name) || (CROSSINGS as readonly string[]).includes(name))
  )
    kinds.push("share");
  return kinds;
}

const KIND_WORDS = { value: "fixedValue", field: "otherField", day: "dayFromToday", share: "shareOf" } as const;

export function OneValue({ field, operator, value, surroundings, isWrong, onChange }: ValueProps) {
  const operand: Operand = operandRead(value) ?? { kind: "value", value: null };
  const alike = fieldsAlike(field, surroundings.fields);
  const kinds = kindsFor(field, operator, alike.length);
  const offered = kinds.includes(operand.kind) ? kinds : [operand.kind, ...kinds];
  const disabled = surroundings.isReadOnly;
  const turn = (kind: Operand["kind"]) => {
    const path = alike[0]?.path ?? "";
    const start: Record<Operand["kind"], Operand> = {
      value: { kind: "value", value: null },
      field: { kind: "field", path },
      day: { kind: "day", days: 0 },
      share: { kind: "share", path, factor: 0.5 },
    };
    onChange(operandWrite(start[kind]));
  };
  const pickField = (path: string, change: (path: string) => Operand) => (
    <Picker
      label={t("field")}
      value={path}
      disabled={disabled}
      isWrong={isWrong}
      shown={fieldTitle(surroundings.fields.get(path), path)}
      options={surroundings.options.filter((each) => alike.some((other) => other.path === each.value))}
      onPick={(picked) => onChange(operandWrite(change(picked)))}
    />
  );
  return (
    <>
      {offered.length > 1 && (
        <select
          class="e-control e-kind"
          aria-label={t("valueFrom")}
          value={operand.kind}
          disabled={disabled}
          onChange={(event) => turn(event.currentTarget.value as Operand["kind"])}
        >
          {offered.map((kind) => (
            <option key={kind} value={kind}>
              {t(KIND_WORDS[kind])}
            </option>
          ))}
        </select>
      )}
      {operand.kind === "value" && (
        <Literal field={field} value={operand.value} disabled={disabled} isWrong={isWrong} onChange={onChange} />
      )}
      {operand.kind === "field" && pickField(operand.path, (path) => ({ kind: "field", path }))}
      {operand.kind === "day" && (
        <Day
          days={operand.days}
          disabled={disabled}
          onChange={(days) => onChange(operandWrite({ kind: "day", days }))}
        />
      )}
      {operand.kind === "share" && (
        <>
          <input
            class="e-control e-short"
            inputMode="decimal"
            aria-label={t("factor")}
            value={numberDigits(operand.factor)}
            disabled={disabled}
            onChange={(event) => {
              const factor = numberTyped(event.currentTarget.value);
              onChange(operandWrite({ ...operand, factor: typeof factor === "number" ? factor : 1 }));
            }}
          />
          <span aria-hidden="true">×</span>
          {pickField(operand.path, (path) => ({ ...operand, path }))}
        </>
      )}
    </>
  );
}

function Day({ days, disabled, onChange }: { days: number; disabled: boolean; onChange(days: number): void }) {
  return (
    <>
      <input
        class="e-control e-short"
        type="number"
        min="0"
        step="1"
        aria-label={t("days")}
        value={Math.abs(days)}
        disabled={disabled}
        onInput={(event) =>
          onChange((days < 0 ? -1 : 1) * Math.max(0, Math.trunc(event.currentTarget.valueAsNumber || 0)))
        }
      />
      <select
        class="e-control"
        aria-label={t("dayFromToday")}
        value={days < 0 ? "before" : "after"}
        disabled={disabled}
        onChange={(event) => onChange((event.currentTarget.value === "before" ? -1 : 1) * Math.abs(days || 1))}
      >
        <option value="before">{t("daysBefore")}</option>
        <option value="after">{t("daysAfter")}</option>
      </select>
    </>
  );
}

export function TwoValues(props: ValueProps) {
  const [low, high] = Array.isArray(props.value) ? props.value : [];
  return (
    <>
      <OneValue {...props} value={low ?? null} onChange={(value) => props.onChange([value, high ?? null])} />
      <span>{t("and")}</span>
      <OneValue {...props} value={high ?? null} onChange={(value) => props.onChange([low ?? null, value])} />
    </>
  );
}

export function ManyValues({ field, value, surroundings, isWrong, onChange }: ValueProps) {
  return (
    <ManyLiterals
      field={field}
      values={Array.isArray(value) ? value : []}
      disabled={surroundings.isReadOnly}
      isWrong={isWrong}
      onChange={onChange}
    />
  );
}
