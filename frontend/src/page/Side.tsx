/** Beside the story: what there is to mend, trying it, and what was published. */
import { useState } from "preact/hooks";
import { BackTest } from "../panels/BackTest";
import { Launch } from "../panels/Launch";
import { Manage } from "../panels/Manage";
import { TryOut } from "../panels/TryOut";
import { Versions } from "../panels/Versions";
import { t } from "../texts";
import { Mending } from "./Mending";
import type { RuleRow } from "./rule";
import { useView } from "./view";

const TABS = ["try", "backtest", "launch", "versions", "manage"] as const;

export function Side({ onRule }: { onRule(rule: RuleRow): void }) {
  const { problems } = useView();
  const [open, setOpen] = useState<(typeof TABS)[number]>("try");
  return (
    <aside class="e-side" aria-label={t("side")}>
      <Mending problems={problems} />
      <section class="b-card">
        <div class="b-tabs" role="tablist" aria-label={t("side")}>
          {TABS.map((each) => (
            <button
              key={each}
              type="button"
              role="tab"
              id={`tab-${each}`}
              aria-selected={each === open}
              aria-controls="side-panel"
              class="e-tab"
              onClick={() => setOpen(each)}
            >
              {t(`tab_${each}`)}
            </button>
          ))}
        </div>
        <div role="tabpanel" id="side-panel" aria-labelledby={`tab-${open}`} tabIndex={0}>
          {open === "try" && <TryOut />}
          {open === "backtest" && <BackTest />}
          {open === "launch" && <Launch />}
          {open === "manage" && <Manage onRule={onRule} />}
          {open === "versions" && <Versions onRule={onRule} />}
        </div>
      </section>
    </aside>
  );
}
