/** The buttons of a question: what each says, asks for, and does. */
import type { JsonObject } from "../json";
import { Against, IconButton, Labelled } from "../page/parts";
import { useList, useView } from "../page/view";
import { pointerJoin } from "../pointer";
import { inLanguage, t } from "../texts";
import { ActionList } from "../story/ActionList";
import { InputsField } from "./InputsField";
import { listMoved } from "./lists";
import { ShapeForm, type FieldProps } from "./ShapeForm";
import { WordsInput } from "./WordsInput";

export function ButtonsField({ label, pointer, shape }: FieldProps) {
  const { isReadOnly } = useView();
  const [buttons, setButtons] = useList<JsonObject>(pointer);
  const replaced = (at: number, values: JsonObject) =>
    setButtons(buttons.map((each, index) => (index === at ? { ...each, ...values } : each)));
  return (
    <Labelled label={label} pointer={pointer}>
      {buttons.map((button, at) => {
        const place = pointerJoin(pointer, at);
        const name = inLanguage(button["label"]) || String(button["key"] ?? "");
        return (
          <div class="e-box" key={at} data-pointer={place}>
            <div class="e-box-head">
              <span class={`e-button-look e-look-${String(button["style"] ?? "secondary")}`}>
                {name || t("button")}
              </span>
              {!isReadOnly && (
                <span class="e-tools">
                  <IconButton
                    icon="arrow_upward"
                    label={t("moveUp")}
                    disabled={at === 0}
                    onClick={() => setButtons(listMoved(buttons, at, at - 1))}
                  />
                  <IconButton
                    icon="arrow_downward"
                    label={t("moveDown")}
                    disabled={at === buttons.length - 1}
                    onClick={() => setButtons(listMoved(buttons, at, at + 1))}
                  />
                  <IconButton
                    icon="close"
                    label={`${t("removeButton")}: ${name}`}
                    onClick={() => setButtons(buttons.filter((_each, index) => index !== at))}
                  />
                </span>
              )}
            </div>
            <WordsInput
              label={t("buttonText")}
              value={button["label"]}
              disabled={isReadOnly}
              onChange={(words) => replaced(at, { label: words })}
            />
            <Against pointer={place} />
            <InputsField pointer={pointerJoin(place, "inputs")} shape={shape.items?.properties?.["inputs"] ?? {}} />
            <div class="e-follows">
              <span class="e-label">{t("whatFollows", { button: name })}</span>
              <ActionList pointer={pointerJoin(place, "then")} role="follows" none={t("nothingFollows")} />
            </div>
            <details class="e-more">
              <summary>{t("more")}</summary>
              <ShapeForm shape={shape.items ?? {}} pointer={place} without={["key", "label", "inputs", "then"]} />
            </details>
          </div>
        );
      })}
      {!isReadOnly && (
        <button type="button" class="e-add" onClick={() => setButtons([...buttons, buttonNew(buttons)])}>
          + {t("addButton")}
        </button>
      )}
    </Labelled>
  );
}

function buttonNew(buttons: readonly JsonObject[]): JsonObject {
  const taken = buttons.map((each) => each["key"]);
  let number = buttons.length + 1;
  while (taken.includes(`button_${number}`)) number += 1;
  return { key: `button_${number}`, label: { en: "OK", "zh-hans": "好的" }, then: [] };
}
