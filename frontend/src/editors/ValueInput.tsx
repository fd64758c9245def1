/** One value: a field of the record, what the person entered at the button, or a fixed one. Anything else stays as it is. */
import { sampleText } from "../catalogue";
import { literalText } from "../conditions/operands";
import { fieldOf } from "../conditions/tree";
import { isObject, type Json } from "../json";
import { usePart, useView } from "../page/view";
import { Picker } from "../Picker";
import { t } from "../texts";
import { besides } from "./around";
import { AsItIs } from "./AsItIs";

type Kind = "none" | "field" | "input" | "result" | "fixed" | "other";

export function ValueInput({
  label,
  pointer,
  canBeNone = false,
}: {
  label: string;
  pointer: string;
  canBeNone?: boolean;
}) {
  const { catalogue, definition, isReadOnly } = useView();
  const [value, setValue] = usePart(pointer);
  const { answer: inputs, result: results } = besides(definition, pointer, catalogue.actions);
  const kind = kindOf(value);
  const field = fieldOf(value)?.replace(/^record\./, "") ?? "";
  const turn = (next: Kind) => {
    const start: Record<Kind, Json | undefined> = {
      none: undefined,
      field: { var: `record.${catalogue.fields[0]?.name ?? ""}` },
      input: { input: inputs[0]?.name ?? "" },
      result: { var: `result.${results[0]?.name ?? ""}` },
      fixed: "",
      other: value,
    };
    setValue(start[next]);
  };
  return (
    <span class="e-line e-grow">
      <select
        class="e-control e-kind"
        aria-label={`${label}: ${t("valueFrom")}`}
        value={kind}
        disabled={isReadOnly}
        onChange={(event) => turn(event.currentTarget.value as Kind)}
      >
        {(canBeNone || kind === "none") && <option value="none">{t("fromNowhere")}</option>}
        <option value="field">{t("fromRecord")}</option>
        {(inputs.length > 0 || kind === "input") && <option value="input">{t("fromInput")}</option>}
        {(results.length > 0 || kind === "result") && <option value="result">{t("theResult")}</option>}
        <option value="fixed">{t("fixedValue")}</option>
        {kind === "other" && <option value="other">{t("keptAsWritten")}</option>}
      </select>
      {kind === "field" && (
        <Picker
          label={label}
          value={field}
          disabled={isReadOnly}
          shown={catalogue.fields.find((each) => each.name === field)?.label ?? field}
          onPick={(name) => setValue({ var: `record.${name}` })}
          options={catalogue.fields.map((each) => ({
            value: each.name,
            label: each.label,
            group: "",
            hint: sampleText(each.sample),
            words: each.synonyms,
          }))}
        />
      )}
      {kind === "input" && isObject(value) && (
        <select
          class="e-control"
          aria-label={label}
          value={String(value["input"])}
          disabled={isReadOnly}
          onChange={(event) => setValue({ input: event.currentTarget.value })}
        >
          {!inputs.some((each) => each.name === value["input"]) && (
            <option value={String(value["input"])}>{String(value["input"])}</option>
          )}
          {inputs.map((each) => (
            <option key={each.name} value={each.name}>
              {each.label}
            </option>
          ))}
        </select>
      )}
      {kind === "result" && (
        <select
          class="e-control"
          aria-label={label}
          value={fieldOf(value ?? null) ?? ""}
          disabled={isReadOnly}
          onChange={(event) => setValue({ var: event.currentTarget.value })}
        >
          {results.map((each) => (
            <option key={each.name} value={`result.${each.name}`}>
              {each.label}
            </option>
          ))}
        </select>
      )}
      {kind === "fixed" && (
        <input
          class="e-control"
          type="text"
          aria-label={label}
          value={literalText(value ?? "")}
          disabled={isReadOnly}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      )}
      {kind === "other" && <AsItIs value={value ?? null} />}
    </span>
  );
}

function kindOf(value: Json | undefined): Kind {
  if (value === undefined || value === null) return "none";
  if (fieldOf(value)?.startsWith("record.")) return "field";
  if (fieldOf(value)?.startsWith("result.")) return "result";
  if (isObject(value)) return Object.keys(value).length === 1 && typeof value["input"] === "string" ? "input" : "other";
  return Array.isArray(value) ? "other" : "fixed";
}
