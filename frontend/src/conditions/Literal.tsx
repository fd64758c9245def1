/** Fixed values: numbers with their unit, codes by their names, dates, times, yes and no, text. */
import { useState } from "preact/hooks";
import { sampleText, type Readable } from "../catalogue";
import type { Json } from "../json";
import { t } from "../texts";
import { literalText, numberTyped, textTyped } from "./operands";

interface LiteralProps {
  field: Readable | undefined;
  value: Json;
  disabled: boolean;
  isWrong: boolean;
  onChange(value: Json): void;
}

const isNumber = (field: Readable | undefined) => field?.type === "integer" || field?.type === "decimal";

export function Literal({ field, value, disabled, isWrong, onChange }: LiteralProps) {
  const shared = {
    class: `e-control${isWrong ? " e-wrong" : ""}`,
    "aria-label": t("value"),
    "aria-invalid": isWrong,
    disabled,
  };
  if (field?.type === "boolean") {
    return (
      <select {...shared} value={String(value)} onChange={(event) => onChange(event.currentTarget.value === "true")}>
        {typeof value !== "boolean" && <option value="">{t("chooseValue")}</option>}
        <option value="true">{t("yes")}</option>
        <option value="false">{t("no")}</option>
      </select>
    );
  }
  if (field && field.codes.length > 0) {
    const isKnown = field.codes.some((each) => each.value === value);
    return (
      <select
        {...shared}
        value={literalText(value)}
        onChange={(event) => onChange(textTyped(event.currentTarget.value))}
      >
        {!isKnown && <option value={literalText(value)}>{literalText(value) || t("chooseValue")}</option>}
        {field.codes.map((each) => (
          <option key={each.value} value={each.value}>
            {each.label}
          </option>
        ))}
      </select>
    );
  }
  if (field?.type === "date") {
    return (
      <input
        {...shared}
        type="date"
        value={literalText(value)}
        onInput={(event) => onChange(textTyped(event.currentTarget.value))}
      />
    );
  }
  if (field?.type === "datetime") {
    return (
      <input
        {...shared}
        type="datetime-local"
        value={localTime(literalText(value))}
        onInput={(event) => onChange(withOffset(event.currentTarget.value))}
      />
    );
  }
  if (isNumber(field)) {
    return (
      <span class="e-with-unit">
        <input
          {...shared}
          inputMode="decimal"
          autocomplete="off"
          placeholder={sampleText(field?.sample)}
          value={literalText(value)}
          onInput={(event) => onChange(numberTyped(event.currentTarget.value))}
        />
        {field?.unitWords && <small>{field.unitWords}</small>}
      </span>
    );
  }
  return (
    <input
      {...shared}
      type="text"
      autocomplete="off"
      placeholder={sampleText(field?.sample)}
      value={literalText(value)}
      onInput={(event) => onChange(textTyped(event.currentTarget.value))}
    />
  );
}

interface ManyProps extends Omit<LiteralProps, "value" | "onChange"> {
  values: Json[];
  onChange(values: Json[]): void;
}

export function ManyLiterals({ field, values, disabled, isWrong, onChange }: ManyProps) {
  const [typed, setTyped] = useState<string | null>(null);
  if (field && field.codes.length > 0) {
    const toggle = (code: string) =>
      onChange(values.includes(code) ? values.filter((each) => each !== code) : [...values, code]);
    return (
      <span class={`e-ticks${isWrong ? " e-wrong" : ""}`} role="group" aria-label={t("value")}>
        {field.codes.map((each) => (
          <label key={each.value} class="e-tick">
            <input
              type="checkbox"
              checked={values.includes(each.value)}
              disabled={disabled}
              onChange={() => toggle(each.value)}
            />{" "}
            {each.label}
          </label>
        ))}
      </span>
    );
  }
  return (
    <input
      class={`e-control e-long${isWrong ? " e-wrong" : ""}`}
      type="text"
      aria-label={t("severalValues")}
      placeholder={t("severalValues")}
      disabled={disabled}
      value={typed ?? values.map(literalText).join(", ")}
      onInput={(event) => {
        setTyped(event.currentTarget.value);
        const parts = event.currentTarget.value
          .split(/[,，、;；]/)
          .map((each) => each.trim())
          .filter(Boolean);
        onChange(isNumber(field) ? parts.map(numberTyped) : parts);
      }}
      onBlur={() => setTyped(null)}
    />
  );
}

/** A stored moment as the browser's clock shows it, to the minute. */
function localTime(stored: string): string {
  const at = new Date(stored);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function withOffset(local: string): Json {
  const minutes = -new Date(local).getTimezoneOffset();
  const pad = (number: number) => String(Math.trunc(number)).padStart(2, "0");
  const offset = `${minutes < 0 ? "-" : "+"}${pad(Math.abs(minutes) / 60)}:${pad(Math.abs(minutes) % 60)}`;
  return local === "" ? null : `${local}:00${offset}`;
}
