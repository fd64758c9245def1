/** What speaks against one part, under it. */
import type { Problem } from "../api";
import { t } from "../texts";

export function PartProblems({ problems }: { problems: readonly Problem[] | undefined }) {
  if (!problems || problems.length === 0) return null;
  return (
    <div role="alert">
      <ul class="e-problems">
        {problems.map((each) => (
          <li key={each.pointer + each.code} class={each.severity === "warning" ? "e-warning" : ""}>
            {each.code === "null_literal" ? t("valueMissing") : each.message}
          </li>
        ))}
      </ul>
    </div>
  );
}
