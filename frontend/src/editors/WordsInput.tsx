/** A text in Chinese and in English. */
import { isObject, type Json, type JsonObject } from "../json";
import { isChinese, t } from "../texts";

export const LANGUAGES = ["en", "zh-hans"] as const;
export type Language = (typeof LANGUAGES)[number];
const NAMES: Record<Language, string> = { en: "English", "zh-hans": "中文" };
const MARKS: Record<Language, string> = { en: "EN", "zh-hans": "中" };

interface WordsProps {
  label: string;
  value: Json | undefined;
  disabled: boolean;
  isLong?: boolean;
  onChange(value: JsonObject): void;
  onFocus?(language: Language, input: HTMLInputElement | HTMLTextAreaElement): void;
}

export function wordsOf(value: Json | undefined): Record<Language, string> {
  if (isObject(value)) return { en: String(value["en"] ?? ""), "zh-hans": String(value["zh-hans"] ?? "") };
  return { en: String(value ?? ""), "zh-hans": String(value ?? "") };
}

export function WordsInput({ label, value, disabled, isLong = false, onChange, onFocus }: WordsProps) {
  const words = wordsOf(value);
  const order = isChinese() ? [...LANGUAGES].reverse() : LANGUAGES;
  return (
    <span class="e-words">
      {order.map((language) => (
        <OneLanguage
          key={language}
          {...{ label, language, disabled, isLong }}
          text={words[language]}
          onFocus={onFocus}
          onChange={(text) => onChange({ ...(isObject(value) ? value : words), [language]: text })}
        />
      ))}
    </span>
  );
}

interface OneProps {
  label: string;
  language: Language;
  text: string;
  disabled: boolean;
  isLong: boolean;
  onChange(text: string): void;
  onFocus: WordsProps["onFocus"];
}

function OneLanguage({ label, language, text, disabled, isLong, onChange, onFocus }: OneProps) {
  const shared = {
    class: "e-control",
    "aria-label": `${label} (${NAMES[language]})`,
    lang: language,
    value: text,
    disabled,
    placeholder: t("writeIn", { language: NAMES[language] }),
  };
  return (
    <span class="e-word">
      <small aria-hidden="true">{MARKS[language]}</small>
      {isLong ? (
        <textarea
          {...shared}
          rows={Math.min(8, Math.max(2, text.split("\n").length))}
          onInput={(event) => onChange(event.currentTarget.value)}
          onFocus={(event) => onFocus?.(language, event.currentTarget)}
        />
      ) : (
        <input
          {...shared}
          type="text"
          onInput={(event) => onChange(event.currentTarget.value)}
          onFocus={(event) => onFocus?.(language, event.currentTarget)}
        />
      )}
    </span>
  );
}
