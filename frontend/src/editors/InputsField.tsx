/** What a person enters before pressing a button. */
import type { Shape } from "../catalogue";
import type { JsonObject } from "../json";
import { Against, IconButton } from "../page/parts";
import { useList, useView } from "../page/view";
import { pointerJoin } from "../pointer";
import { inLanguage, t } from "../texts";
import { ShapeForm } from "./ShapeForm";
import { ValueInput } from "./ValueInput";
import { WordsInput } from "./WordsInput";

export function InputsField({ pointer, shape }: { pointer: string; shape: Shape }) {
  const { isReadOnly } = useView();
  const [inputs, setInputs] = useList<JsonObject>(pointer);
  const replaced = (at: number, values: JsonObject) =>
    setInputs(inputs.map((each, index) => (index === at ? { ...each, ...values } : each)));
  return (
    <>
      {inputs.map((input, at) => {
        const place = pointerJoin(pointer, at);
        const name = inLanguage(input["label"]) || String(input["name"]);
        return (
          <div class="e-input" key={at} data-pointer={place}>
            <div class="e-box-head">
              <strong>
                {t("input")}: {name}
              </strong>
              {!isReadOnly && (
                <IconButton
                  icon="close"
                  label={`${t("removeInput")}: ${name}`}
                  onClick={() => setInputs(inputs.filter((_each, index) => index !== at))}
                />
              )}
            </div>
            <WordsInput
              label={t("inputLabel")}
              value={input["label"]}
              disabled={isReadOnly}
              onChange={(label) => replaced(at, { label })}
            />
            <div class="e-row">
              <ShapeForm shape={shape.items ?? {}} pointer={place} without={["name", "label", "value"]} />
            </div>
            <span class="e-label">{t("prefilled")}</span>
            <ValueInput label={t("prefilled")} pointer={pointerJoin(place, "value")} canBeNone />
            <Against pointer={place} deep />
          </div>
        );
      })}
      {!isReadOnly && (
        <button type="button" class="e-add" onClick={() => setInputs([...inputs, inputNew(inputs)])}>
          + {t("addInput")}
        </button>
      )}
    </>
  );
}

function inputNew(inputs: readonly JsonObject[]): JsonObject {
  const taken = inputs.map((each) => each["name"]);
  let number = inputs.length + 1;
  while (taken.includes(`input_${number}`)) number += 1;
  return { name: `input_${number}`, label: { en: "", "zh-hans": "" }, type: "decimal" };
}
