/** Words in the page's language. Both languages are in the bundle; the page says which one it speaks. */
import { en } from "./en";
import { zh } from "./zh";

export type TextKey = keyof typeof en;

export const isChinese = (): boolean => document.documentElement.lang.toLowerCase().startsWith("zh");

export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  const text: string = (isChinese() ? zh : en)[key];
  return text.replace(/\{(\w+)\}/g, (_place, name: string) => String(values[name] ?? ""));
}

export function isTextKey(key: string): key is TextKey {
  return key in en;
}

/** A text stored in both languages, in the reader's. */
export function inLanguage(text: unknown): string {
  if (typeof text === "string") return text;
  const both = (text ?? {}) as Record<string, string>;
  return (isChinese() ? both["zh-hans"] || both["en"] : both["en"] || both["zh-hans"]) ?? "";
}
