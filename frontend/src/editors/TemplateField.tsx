/** A text of a message: words in both languages, and values of the record set in where they belong. */
import { useRef } from "preact/hooks";
import { sampleText } from "../catalogue";
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { Picker } from "../Picker";
import { t } from "../texts";
import type { FieldProps } from "./ShapeForm";
import { wordsOf, WordsInput, type Language } from "./WordsInput";

const PLACES = /\{\{\s*record\.(\w+)[^}]*\}\}/g;

export function TemplateField({ label, pointer }: FieldProps) {
  const { catalogue, isReadOnly } = useView();
  const [value, setValue] = usePart(pointer);
  const last = useRef<{ language: Language; input: HTMLInputElement | HTMLTextAreaElement } | null>(null);
  const words = wordsOf(value);
  const used = [...new Set([...`${words.en} ${words["zh-hans"]}`.matchAll(PLACES)].map((found) => found[1] ?? ""))];

  const insert = (name: string) => {
    const place = `{{ record.${name} }}`;
    const { language, input } = last.current ?? { language: null, input: null };
    if (language === null || input === null) {
      setValue({ en: `${words.en}${place}`, "zh-hans": `${words["zh-hans"]}${place}` });
      return;
    }
    const at = input.selectionStart ?? words[language].length;
    setValue({
      ...words,
      [language]: words[language].slice(0, at) + place + words[language].slice(input.selectionEnd ?? at),
    });
  };
  return (
    <Labelled label={label} pointer={pointer} deep>
      <WordsInput
        label={label}
        value={value}
        disabled={isReadOnly}
        isLong={pointer.endsWith("/body")}
        onChange={setValue}
        onFocus={(language, input) => {
          last.current = { language, input };
        }}
      />
      <span class="e-line">
        {!isReadOnly && (
          <Picker
            label={t("insertField")}
            className="e-insert"
            value=""
            shown={t("insertField")}
            onPick={insert}
            options={catalogue.fields.map((field) => ({
              value: field.name,
              label: field.label,
              group: catalogue.object.label,
              hint: sampleText(field.sample),
              words: field.synonyms,
              ...(field.reason && { refused: field.reason }),
            }))}
          />
        )}
        {used.map((name) => {
          const field = catalogue.fields.find((each) => each.name === name);
          return (
            <span class="b-chip" key={name}>
              <span>{field?.label ?? name}</span>
              {sampleText(field?.sample)}
            </span>
          );
        })}
      </span>
    </Labelled>
  );
}
