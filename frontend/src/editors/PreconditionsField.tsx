/** What must still be true when the button is pressed, each with what is said when it is not. */
import { isObject, type Json, type JsonObject } from "../json";
import { IconButton, Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { pointerJoin } from "../pointer";
import { t } from "../texts";
import { AsItIs } from "./AsItIs";
import { LogicField } from "./LogicField";
import type { FieldProps } from "./ShapeForm";
import { WordsInput } from "./WordsInput";

export function PreconditionsField({ label, pointer }: FieldProps) {
  const { isReadOnly } = useView();
  const [value, setValue] = usePart(pointer);
  if (value !== undefined && !isDrawn(value)) {
    return (
      <Labelled label={label} pointer={pointer} deep>
        <AsItIs value={value} />
      </Labelled>
    );
  }
  const checks = value ?? [];
  return (
    <Labelled label={label} pointer={pointer}>
      {checks.map((each, at) => (
        <div class="e-box" key={at}>
          <div class="e-box-head">
            <strong>{t("stillTrue")}</strong>
            {!isReadOnly && (
              <IconButton
                icon="close"
                label={t("removeCondition")}
                onClick={() =>
                  setValue(checks.length === 1 ? undefined : checks.filter((_other, index) => index !== at))
                }
              />
            )}
          </div>
          <LogicField pointer={pointerJoin(pointer, at, "check")} withShown />
          <span class="e-label">{t("otherwiseSay")}</span>
          <WordsInput
            label={t("otherwiseSay")}
            value={each["text"]}
            disabled={isReadOnly}
            onChange={(text) => setValue(checks.map((other, index) => (index === at ? { ...other, text } : other)))}
          />
        </div>
      ))}
      {!isReadOnly && (
        <button
          type="button"
          class="e-add"
          onClick={() => setValue([...checks, { check: true, text: { en: "", "zh-hans": "" } }])}
        >
          + {t("addCondition")}
        </button>
      )}
    </Labelled>
  );
}

function isDrawn(value: Json): value is JsonObject[] {
  return Array.isArray(value) && value.every((each) => isObject(each) && "check" in each);
}
