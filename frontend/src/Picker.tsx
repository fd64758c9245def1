/** A button that opens a searchable, grouped list. By keyboard: arrows, Enter, Escape, and typing searches. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { t } from "./texts";

export interface PickerOption {
  value: string;
  label: string;
  group: string;
  /** Shown faint beside the label. */
  hint?: string;
  /** Other words it is found by. */
  words?: readonly string[];
  /** Why it cannot be chosen. */
  refused?: string;
}

interface PickerProps {
  label: string;
  options: readonly PickerOption[];
  value: string;
  shown: ComponentChildren;
  disabled?: boolean;
  isWrong?: boolean;
  className?: string;
  onPick(value: string): void;
}

export function optionsFound(options: readonly PickerOption[], search: string): PickerOption[] {
  const wanted = search.trim().toLowerCase().split(/\s+/);
  return options.filter((option) => {
    const words = [option.label, option.value, option.hint ?? "", ...(option.words ?? [])].join(" ").toLowerCase();
    return wanted.every((each) => words.includes(each));
  });
}

export function Picker({ label, options, value, shown, disabled, isWrong, className = "", onPick }: PickerProps) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!isOpen) return;
    const leave = (event: Event) => !root.current?.contains(event.target as Node) && setOpen(false);
    document.addEventListener("pointerdown", leave);
    document.addEventListener("focusin", leave);
    return () => {
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("focusin", leave);
    };
  }, [isOpen]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div class={`e-picker ${className}`} ref={root}>
      <button
        ref={button}
        type="button"
        class={`e-control e-picker-button${isWrong ? " e-wrong" : ""}`}
        disabled={disabled}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-label={`${label}: ${textOf(shown) || value}`}
        onClick={() => setOpen(!isOpen)}
      >
        <span>{shown}</span>
      </button>
      {isOpen && (
        <PickerList
          label={label}
          options={options}
          value={value}
          onClose={close}
          onPick={(picked) => {
            onPick(picked);
            close();
          }}
        />
      )}
    </div>
  );
}

interface ListProps {
  label: string;
  options: readonly PickerOption[];
  value: string;
  onPick(value: string): void;
  onClose(): void;
}

function PickerList({ label, options, value, onPick, onClose }: ListProps) {
  const [search, setSearch] = useState("");
  const found = optionsFound(options, search);
  const [at, setAt] = useState(
    Math.max(
      0,
      found.findIndex((each) => each.value === value),
    ),
  );
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const current = found[Math.min(at, found.length - 1)];

  useEffect(() => input.current?.focus(), []);
  useEffect(
    () => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }),
    [at, search],
  );

  const pick = (option: PickerOption | undefined) => option && !option.refused && onPick(option.value);
  const pressed = (event: KeyboardEvent) => {
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: found.length - 1 };
    const next = moves[event.key];
    if (next !== undefined) setAt(Math.min(Math.max(next, 0), found.length - 1));
    else if (event.key === "Enter") pick(current);
    else if (event.key === "Escape") onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="e-popup" role="dialog" aria-label={label}>
      <input
        ref={input}
        class="e-control e-search"
        type="text"
        role="combobox"
        placeholder={t("searchField")}
        aria-label={t("searchField")}
        value={search}
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={current ? `${id}-${found.indexOf(current)}` : undefined}
        aria-autocomplete="list"
        onInput={(event) => {
          setSearch(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={pressed}
      />
      <ul class="e-options" role="listbox" id={id} aria-label={label} ref={list}>
        {found.map((option, index) => (
          <>
            {found[index - 1]?.group !== option.group && option.group && (
              <li class="e-options-group" role="presentation">
                {option.group}
              </li>
            )}
            <li
              key={option.value}
              id={`${id}-${index}`}
              role="option"
              aria-selected={option === current}
              aria-disabled={option.refused ? true : undefined}
              class={option.value === value ? "e-option e-chosen" : "e-option"}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => pick(option)}
            >
              <span>{option.label}</span>
              <small>{option.refused ?? option.hint}</small>
            </li>
          </>
        ))}
        {found.length === 0 && (
          <li class="e-options-none" role="presentation">
            {t("noSuchField")}
          </li>
        )}
      </ul>
    </div>
  );
}

function textOf(shown: ComponentChildren): string {
  return typeof shown === "string" ? shown : "";
}
