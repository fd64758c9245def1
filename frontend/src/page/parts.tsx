/** Small parts that the whole page is made of. */
import type { ComponentChildren } from "preact";
import { PartProblems } from "../conditions/PartProblems";
import { isWithin } from "../pointer";
import { useView } from "./view";

export function Icon({ name }: { name: string }) {
  return (
    <span class="material-symbols-outlined" aria-hidden="true">
      {name}
    </span>
  );
}

/** A control under its label, with what speaks against it. `deep`: also against what lies inside. */
export function Labelled({
  label,
  help,
  pointer,
  deep,
  children,
}: {
  label: string;
  help?: string | undefined;
  pointer: string;
  deep?: boolean;
  children: ComponentChildren;
}) {
  return (
    <div class="e-labelled" data-pointer={pointer} role="group" aria-label={label}>
      <span class="e-label">{label}</span>
      {help && <span class="e-help">{help}</span>}
      {children}
      <Against pointer={pointer} deep={deep} />
    </div>
  );
}

export function Against({ pointer, deep = false }: { pointer: string; deep?: boolean | undefined }) {
  const { problems } = useView();
  return (
    <PartProblems
      problems={problems.filter((each) => (deep ? isWithin(each.pointer, pointer) : each.pointer === pointer))}
    />
  );
}

export function IconButton({
  icon,
  label,
  onClick,
  disabled,
}: {
  icon: string;
  label: string;
  onClick(): void;
  disabled?: boolean;
}) {
  return (
    <button type="button" class="e-icon" aria-label={label} title={label} disabled={disabled} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

/** One chapter of the story. */
export function Chapter({
  name,
  title,
  help,
  icon,
  children,
}: {
  name: string;
  title: string;
  help: string;
  icon: string;
  children: ComponentChildren;
}) {
  return (
    <section class={`e-chapter e-chapter-${name}`} aria-labelledby={`chapter-${name}`}>
      <span class="e-chapter-mark">
        <Icon name={icon} />
      </span>
      <div class="b-card e-chapter-card">
        <h2 id={`chapter-${name}`}>
          {title} <small>{help}</small>
        </h2>
        {children}
      </div>
    </section>
  );
}
