/** What was published, what is different, and going back. */
import { useEffect, useState } from "preact/hooks";
import type { ApiFailure } from "../api";
import { localised } from "../catalogue";
import { same, type Json } from "../json";
import { placeShow } from "../page/Mending";
import type { RuleRow } from "../page/rule";
import { useView } from "../page/view";
import { t } from "../texts";

interface VersionRow {
  number: number;
  published_at: string;
  published_by: string | null;
  note: string;
  in_force: boolean;
  sentence: string;
}

interface Difference {
  pointer: string;
  change: "added" | "removed" | "changed";
  message: string;
}

interface Differences {
  before: { sentence: string };
  after: { sentence: string };
  differences: Difference[];
}

export function Versions({ onRule }: { onRule(rule: RuleRow): void }) {
  const { api, rule, definition } = useView();
  const [versions, setVersions] = useState<VersionRow[]>([]);
  const [compared, setCompared] = useState<{ number: number; found: Differences } | null>(null);
  const [told, setTold] = useState({ text: "", isBad: false });
  const failed = (error: ApiFailure) => setTold({ text: error.message || t("noConnection"), isBad: true });

  useEffect(() => {
    api<Json>("GET", `rules/${rule.id}/versions/`).then(
      (data) => setVersions(localised<{ results: VersionRow[] }>(data).results),
      failed,
    );
  }, [rule.id, rule.version]);

  const compare = (number: number) => {
    if (compared?.number === number) setCompared(null);
    else
      api<Json>("GET", `rules/${rule.id}/differences/?from=${number}&to=draft`).then(
        (data) => setCompared({ number, found: localised<Differences>(data) }),
        failed,
      );
  };
  const back = async (number: number) => {
    if (!window.confirm(t("backConfirm", { number }))) return;
    try {
      const made = await api<{ number: number }>("POST", `rules/${rule.id}/rollback/`, { number });
      setTold({ text: t("published", { number: made.number }), isBad: false });
      onRule(await api<RuleRow>("GET", `rules/${rule.id}/`));
    } catch (error) {
      failed(error as ApiFailure);
    }
  };
  if (versions.length === 0) return <p class="b-muted">{told.text || t("noVersions")}</p>;
  return (
    <div class="e-versions">
      {told.text && (
        <p class={`b-note ${told.isBad ? "b-bad" : "b-good"}`} role="status">
          {told.text}
        </p>
      )}
      <ol>
        {versions.map((each) => (
          <li key={each.number}>
            <p>
              <strong>{t("versionShort", { number: each.number })}</strong>{" "}
              {each.in_force && <span class="b-badge b-good">{t("inForce")}</span>}{" "}
              <span class="b-muted">
                {each.published_by} · {momentWords(each.published_at)}
              </span>
            </p>
            {each.note && <p>{each.note}</p>}
            <p class="e-said">{each.sentence}</p>
            <p class="e-line">
              <button
                type="button"
                class="e-link"
                aria-expanded={compared?.number === each.number}
                onClick={() => compare(each.number)}
              >
                {t("compare")}
              </button>
              {!each.in_force && rule.may.includes("publish") && (
                <button type="button" class="e-link" onClick={() => void back(each.number)}>
                  {t("back")}
                </button>
              )}
            </p>
            {compared?.number === each.number && <Compared {...compared.found} isOld={!same(definition, rule.draft)} />}
          </li>
        ))}
      </ol>
    </div>
  );
}

const MARKS = { added: "+", removed: "−", changed: "→" };

function Compared({ before, after, differences, isOld }: Differences & { isOld: boolean }) {
  return (
    <div class="e-compared">
      {isOld && <p class="b-muted">{t("compareSaved")}</p>}
      {differences.length === 0 && <p>{t("noDifference")}</p>}
      <ul>
        {differences.map((each) => (
          <li key={each.pointer + each.message} class={`e-${each.change}`}>
            <span aria-hidden="true">{MARKS[each.change]}</span>{" "}
            <button type="button" class="e-link" onClick={() => placeShow(each.pointer)}>
              {each.message}
            </button>
          </li>
        ))}
      </ul>
      {differences.length > 0 && (
        <details class="e-more">
          <summary>{t("sideBySide")}</summary>
          <div class="e-sides">
            <p>{before.sentence}</p>
            <p>{after.sentence}</p>
          </div>
        </details>
      )}
    </div>
  );
}

function momentWords(moment: string): string {
  return new Date(moment).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
}
