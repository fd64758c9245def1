/** Everything that speaks against the draft, each leading to its place. */
import { errorsOf, type Problem } from "../api";
import { isWithin } from "../pointer";
import { t } from "../texts";
import { Icon } from "./parts";

export function Mending({ problems }: { problems: readonly Problem[] }) {
  const errors = errorsOf(problems);
  const isReady = errors.length === 0;
  return (
    <section class="b-card e-mending" aria-live="polite">
      <h2>
        <Icon name={isReady ? "check_circle" : "error"} />{" "}
        {isReady ? t("noProblems") : t("problemsCount", { count: errors.length })}
      </h2>
      {problems.length > 0 && (
        <ul>
          {problems.map((each) => (
            <li key={each.pointer + each.code} class={each.severity === "warning" ? "e-warning" : ""}>
              <button type="button" class="e-link" title={t("showPlace")} onClick={() => placeShow(each.pointer)}>
                {each.code === "null_literal" ? t("valueMissing") : each.message}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Brings the innermost part about `pointer` into sight, and the keyboard to it. */
export function placeShow(pointer: string): void {
  const places = [...document.querySelectorAll<HTMLElement>("[data-pointer]")].filter((each) =>
    isWithin(pointer, each.dataset["pointer"] ?? ""),
  );
  const place = places.sort(
    (one, other) => (other.dataset["pointer"] ?? "").length - (one.dataset["pointer"] ?? "").length,
  )[0];
  if (!place) return;
  for (let around = place.closest("details"); around; around = around.parentElement?.closest("details") ?? null)
    around.open = true;
  const wrong = place.querySelector<HTMLElement>("[aria-invalid=true], .e-wrong") ?? place;
  wrong.scrollIntoView({ block: "center", behavior: "smooth" });
  (wrong.matches("input, select, textarea, button")
    ? wrong
    : (wrong.querySelector<HTMLElement>("input, select, textarea, button") ?? wrong)
  ).focus({ preventScroll: true });
}
